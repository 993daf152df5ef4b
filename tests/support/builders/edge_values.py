"""Every supported type with values at its edges: as SQL text, and as the JSON that Debezium sends for it.

The JSON was compared once, by hand, with what Debezium 3.7.0 sent in a snapshot and in the stream; where infinite dates differ, both
are here. Written otherwise than sent: characters that it escapes (\\uD834\\uDD1E), and the many zeros after a negative scale.
Left out: a date before our era in a snapshot, which arrives without its sign."""

from base64 import b64encode

from read_model.catalog.catalog import Column

# ruff: noqa: E501
MEMBERS = tuple(
    Column(name, type_, kind="e" if type_ == "edge_mood" else "b")
    for name, type_ in (
        ("n", "int8"), ("d", "numeric"), ("f", "float8"), ("ok", "bool"), ("a \"b\" ','", "text"), ("padded", "bpchar"), ("mood", "edge_mood"),
        ("day", "date"), ("at", "timestamp"), ("since", "timestamptz"), ("clock", "time"), ("ip", "inet"), ("j", "jsonb"),
    )
)  # fmt: skip
COMPOSITES = [
    (
        "9223372036854775807, 12.50, 1e22, true, 'it''s (a) \"b\" \\\\ c, d', 'ab', 'ok', '2017-09-15', '2019-07-09 02:28:57.10', '2019-07-09 02:28:57Z', '24:00', '10.0.0.1', '{\"k\": [1, null]}'",
        '(9223372036854775807,12.50,1e+22,t,"it\'s (a) ""b"" \\\\\\\\ c, d","ab   ",ok,2017-09-15,"2019-07-09 02:28:57.1","2019-07-09 04:28:57+02",24:00:00,10.0.0.1,"{""k"": [1, null]}")',
    ),
    ("NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL", "(" + "," * 12 + ")"),
    (
        "-1, 'NaN', '-Infinity', false, '', '', 'very sad', 'infinity', '-infinity', 'infinity', '00:00', '10.0.0.0/8', 'null'",
        '(-1,NaN,-Infinity,f,"","     ","very sad",infinity,-infinity,infinity,00:00:00,10.0.0.0/8,null)',
    ),
    (
        "0, 1e-20, 1e-7, NULL, E'\\n\\t', 'é', 'ok', '0044-03-15 BC', '0001-01-01 00:00 BC', '12345-01-01 00:00Z', '04:05:11.789', '::1', '[]'",
        '(0,0.00000000000000000001,1e-07,,"\n\t","é    ",ok,"0044-03-15 BC","0001-01-01 00:00:00 BC","12345-01-01 00:00:00+00",04:05:11.789,::1,[])',
    ),
]
"""A composite's values, as SQL and as PostgreSQL prints them."""
EDGES: dict[str, tuple[Column, str, list[tuple[str, str]]]] = {
    # name: (column, SQL type, [(SQL literal, Debezium's JSON)])
    "int2": (Column("v", "int2"), "int2", [("-32768", "-32768"), ("0", "0")]),
    "int4": (Column("v", "int4"), "int4", [("2147483647", "2147483647"), ("-1", "-1")]),
    "int8": (Column("v", "int8"), "int8", [("9223372036854775807", "9223372036854775807"), ("-9223372036854775807", "-9223372036854775807")]),
    "oid": (Column("v", "oid"), "oid", [("4294967295", "4294967295")]),
    "bool": (Column("v", "bool"), "bool", [("true", "true"), ("false", "false")]),
    "numeric_10_2": (
        Column("v", "numeric", precision=10, scale=2),
        "numeric(10,2)",
        [("12.5", '"12.50"'), ("-0.05", '"-0.05"'), ("0", '"0.00"'), ("99999999.99", '"99999999.99"'), ("'NaN'", '"NAN"')],
    ),
    "numeric_18_0": (Column("v", "numeric", precision=18, scale=0), "numeric(18,0)", [("-999999999999999999", '"-999999999999999999"')]),
    "numeric_18_18": (
        Column("v", "numeric", precision=18, scale=18),
        "numeric(18,18)",
        [("0.000000000000000001", '"0.000000000000000001"'), ("-0.999999999999999999", '"-0.999999999999999999"')],
    ),
    "numeric": (
        Column("v", "numeric"),
        "numeric",
        [
            ("0.1", '"0.1"'), ("0.2", '"0.2"'), ("9.60", '"9.60"'), ("10.00", '"10.00"'),
            ("12345678901234567890123456789012345678.90", '"12345678901234567890123456789012345678.90"'),
            ("1e-20", '"0.00000000000000000001"'), ("'NaN'", '"NAN"'),
        ],
    ),
    "numeric_infinite": (
        Column("v", "numeric"), "numeric", [("'Infinity'", '"POSITIVE_INFINITY"'), ("'-Infinity'", '"NEGATIVE_INFINITY"'), ("1", '"1"')]
    ),
    "numeric_negative_scale": (Column("v", "numeric", precision=5, scale=-2), "numeric(5,-2)", [("12345", '"12300.00000"')]),
    "float8": (
        Column("v", "float8"),
        "float8",
        [
            ("0.1", "0.1"), ("0.2", "0.2"), ("14", "14.0"), ("1e22", "1.0E22"), ("-2.5e-7", "-2.5E-7"), ("5e-324", "4.9E-324"), ("5.684341886080802e-14", "5.684341886080802E-14"),
            ("1.7976931348623157e308", "1.7976931348623157E308"), ("-0.0", "-0.0"), ("0.30000000000000004", "0.30000000000000004"),
        ],
    ),
    "float8_odd": (Column("v", "float8"), "float8", [("'NaN'", '"NaN"'), ("'Infinity'", '"Infinity"'), ("'-Infinity'", '"-Infinity"'), ("2", "2.0")]),
    "float4": (Column("v", "float4"), "float4", [("0.1", "0.1"), ("3.4028235e38", "3.4028235E38"), ("1e-45", "1.4E-45"), ("16777216", "1.6777216E7")]),
    "money": (Column("v", "money"), "money", [("'12.5'", '"12.50"'), ("'-1234.56'", '"-1234.56"')]),
    "text": (
        Column("v", "text"), "text",
        [("'é 𝄞 \"q\" \\ / '", '"é 𝄞 \\"q\\" \\\\ / "'), ("E'\\x01\\t\\n\\x7f'", '"\\u0001\\t\\n\x7f"'), ("''", '""'), ("'B'", '"B"'), ("'a'", '"a"'), ("'{\"a\":1}'", '"{\\"a\\":1}"')],
    ),
    "bpchar": (Column("v", "bpchar", length=5), "char(5)", [("'ab'", '"ab   "'), ("'abcde'", '"abcde"')]),
    "uuid": (Column("v", "uuid"), "uuid", [("'123E4567-E89B-12D3-A456-426614174000'", '"123e4567-e89b-12d3-a456-426614174000"')]),
    "inet": (Column("v", "inet"), "inet", [("'10.0.0.1'", '"10.0.0.1"'), ("'10.0.0.0/8'", '"10.0.0.0/8"'), ("'::1'", '"::1"')]),
    "date": (
        Column("v", "date"), "date",
        [("'2017-09-15'", '"2017-09-15Z"'), ("'0001-01-01'", '"0001-01-01Z"'), ("'9999-12-31'", '"9999-12-31Z"')],
    ),
    "date_far": (Column("v", "date"), "date", [("'12345-01-01'", '"+12345-01-01Z"')]),
    "date_last": (Column("v", "date"), "date", [("'5874897-12-31'", '"+5874897-12-31Z"')]),
    "date_first": (Column("v", "date"), "date", [("'4713-01-01 BC'", '"-4712-01-01Z"')]),
    "date_bc": (Column("v", "date"), "date", [("'0044-03-15 BC'", '"-0043-03-15Z"')]),
    "date_infinite": (Column("v", "date"), "date", [
            ("'infinity'", '"+292278994-08-16Z"'), ("'infinity'", '"+5877611-06-21Z"'),
            ("'-infinity'", '"+292269055-12-02Z"'), ("'-infinity'", '"-5877611-06-22Z"'),
        ]),
    "timestamp": (
        Column("v", "timestamp"), "timestamp",
        [
            ("'2019-07-09 02:28:57.123456'", '"2019-07-09T02:28:57.123456Z"'), ("'2019-07-09 02:28:57'", '"2019-07-09T02:28:57Z"'),
            ("'2019-07-09 02:28:57.1'", '"2019-07-09T02:28:57.1Z"'), ("'2019-07-09 00:00'", '"2019-07-09T00:00:00Z"'),
        ],
    ),
    "timestamp_infinite": (
        Column("v", "timestamp"), "timestamp",
        [("'infinity'", '"+292278994-08-16T23:00:00Z"'), ("'-infinity'", '"-292275055-05-16T23:00:00Z"')],
    ),
    "timestamp_bc": (Column("v", "timestamp"), "timestamp", [("'0044-03-15 01:00 BC'", '"-0043-03-15T01:00:00Z"')]),
    "timestamptz_bc": (Column("v", "timestamptz"), "timestamptz", [("'0044-03-15 01:00Z BC'", '"-0043-03-15T01:00:00.000000Z"')]),
    "timestamptz_far": (Column("v", "timestamptz"), "timestamptz", [("'12345-01-01 00:00Z'", '"+12345-01-01T00:00:00.000000Z"')]),
    "timestamptz_3": (Column("v", "timestamptz"), "timestamptz(3)", [("'2020-01-01 00:00:00.5Z'", '"2020-01-01T00:00:00.500Z"')]),
    "timestamptz": (
        Column("v", "timestamptz"), "timestamptz",
        [
            ("'2019-07-09 02:28:57.10+02'", '"2019-07-09T00:28:57.100000Z"'), ("'2019-07-09 00:28:57Z'", '"2019-07-09T00:28:57.000000Z"'),
            ("'infinity'", '"infinity"'), ("'-infinity'", '"-infinity"'),
        ],
    ),
    "time": (Column("v", "time"), "time", [("'04:05:11.789'", '"04:05:11.789Z"'), ("'04:05'", '"04:05:00Z"')]),
    "time_24": (Column("v", "time"), "time", [("'24:00'", '"00:00:00Z"'), ("'00:30'", '"00:30:00Z"')]),
    "timetz_24": (Column("v", "timetz"), "timetz", [("'24:00+00'", '"24:00:00Z"')]),
    "timetz_24_east": (Column("v", "timetz"), "timetz", [("'24:00+02'", '"22:00:00Z"')]),
    "timetz": (Column("v", "timetz"), "timetz", [("'04:05:11.789+02'", '"02:05:11.789Z"')]),
    "interval": (
        Column("v", "interval"), "interval",
        [
            ("'1 year 2 mons 3 days 04:05:06.78'", '"P1Y2M3DT4H5M6.78S"'), ("'0'", '"P0Y0M0DT0H0M0S"'),
            ("'-1 year -2 mons +3 days -04:05:06.5'", '"P-1Y-2M3DT-4H-5M-6.5S"'), ("'100 hours'", '"P0Y0M0DT100H0M0S"'),
        ],
    ),
    "json": (
        Column("v", "json"), "json",
        [
            ('\'{"a": 1, "b": [1.50, null], "a": 12345678901234567890.10}\'', '"{\\"a\\": 1, \\"b\\": [1.50, null], \\"a\\": 12345678901234567890.10}"'),
            ("'[1]'", '"[1]"'), ("'null'", '"null"'), ("'\"x\"'", '"\\"x\\""'), ("'{}'", '"{}"'),
        ],
    ),
    "jsonb": (
        Column("v", "jsonb"), "jsonb",
        [('\'{"a": {"b": 1e2}, "é": "\\u00e9"}\'', '"{\\"a\\": {\\"b\\": 100}, \\"é\\": \\"é\\"}"'), ("'true'", '"true"')],
    ),
    "bytea": (Column("v", "bytea"), "bytea", [("decode(repeat('00ff10', 40), 'hex')", '"' + "AP8Q" * 40 + '"'), ("''", '""')]),
    "int_array": (Column("v", "_int4", element="int4"), "int4[]", [("'{1,2,NULL}'", "[1,2,null]"), ("'{}'", "[]")]),
    "bool_array": (Column("v", "_bool", element="bool"), "bool[]", [("'{t,f,NULL}'", "[true,false,null]")]),
    "float_array": (Column("v", "_float8", element="float8"), "float8[]", [("'{1,2.5,NaN}'", '[1.0,2.5,"NaN"]')]),
    "text_array": (Column("v", "_text", element="text"), "text[]", [("'{a,\"b,c\",NULL}'", '["a","b,c",null]')]),
    "float_array_odd": (Column("v", "_float8", element="float8"), "float8[]", [("'{5e-324,1e22,NULL}'", '[4.9E-324,1.0E22,null]'), ("'{}'", "[]")]),
    "real_array": (Column("v", "_float4", element="float4"), "float4[]", [("'{0.1,1e-45}'", "[0.1,1.4E-45]"), ("'{-Infinity}'", '["-Infinity"]')]),
    "date_array": (
        Column("v", "_date", element="date"), "date[]",
        [("'{2017-09-15,NULL}'", '["2017-09-15Z",null]'), ("'{infinity,20000-01-01}'", '["+292278994-08-16Z","+20000-01-01Z"]'), ("'{}'", "[]")],
    ),
    "timestamp_array": (
        Column("v", "_timestamp", element="timestamp"), "timestamp[]",
        [("'{2019-07-09 02:28:57.1,infinity}'", '["2019-07-09T02:28:57.1Z","+292278994-08-16T23:00:00Z"]')],
    ),
    "timestamptz_array": (
        Column("v", "_timestamptz", element="timestamptz"), "timestamptz[]",
        [
            ("'{2019-07-09 02:28:57.1+00,NULL}'", '["2019-07-09T02:28:57.100000Z",null]'),
            ("'{infinity,-infinity}'", '["infinity","+292269055-12-02T23:00:00.000000Z"]'),
        ],
    ),
    "bit_1": (Column("v", "bit", length=1), "bit(1)", [("B'1'", "true"), ("B'0'", "false")]),
    "bit_10": (Column("v", "bit", length=10), "bit(10)", [("B'1010101011'", '"qwI="'), ("B'0000000001'", '"AQ=="'), ("B'0000000000'", '""')]),
    "point": (
        Column("v", "point"), "point",
        [
            ("'(1.5,-2e+20)'", '{"x":1.5,"y":-2.0E20,"wkb":"AQ==","srid":null}'), ("'(1e15,1e14)'", '{"x":1.0E15,"y":1.0E14}'),
            ("'(0.0001,0.00001)'", '{"x":1.0E-4,"y":1.0E-5}'), ("'(NaN,-Infinity)'", '{"x":"NaN","y":"-Infinity"}'),
            ("'(-0.0,12345678901234567)'", '{"x":-0.0,"y":1.2345678901234568E16}'), ("'(5e-324,120)'", '{"x":4.9E-324,"y":120.0}'),
        ],
    ),
    "multirange": (Column("v", "int4multirange", kind="m"), "int4multirange", [("'{[1,3),[5,8)}'", '"e1sxLDMpLFs1LDgpfQ=="'), ("'{}'", '"e30="')]),
    "tstzrange": (
        Column("v", "tstzrange", kind="r"), "tstzrange",
        [
            ("'[2019-07-09 02:28:57.12Z,2019-07-10Z)'", '"[\\"2019-07-09 04:28:57.12+02\\",\\"2019-07-10 02:00:00+02\\")"'),
            ("'[2019-07-09 02:28:57Z,infinity)'", '"[\\"2019-07-08 17:58:57-08:30\\",infinity)"'), ("'empty'", '"empty"'), ("'(,)'", '"(,)"'),
            ("'[0001-12-31 23:50Z BC,0001-01-01 00:10Z]'", '"[\\"0001-01-01 00:09:32+00:19:32\\",\\"0001-01-01 00:29:32+00:19:32\\"]"'),
            ("'[-infinity,12345-01-01Z]'", '"[-infinity,\\"12345-01-01 00:00:00+00\\"]"'), ("'[4714-11-24 00:00Z BC,)'", '"[\\"4714-11-24 02:00:00+02 BC\\",)"'),
            ("'[294276-12-31 23:00Z,)'", '"[\\"294277-01-01 01:00:00+02\\",)"'),
        ],
    ),
    "tstzmultirange": (
        Column("v", "tstzmultirange", kind="m"), "tstzmultirange",
        [
            ("'{[2019-07-09 02:28:57Z,2019-07-10Z),[2020-02-29 23:00Z,)}'", '"e1siMjAxOS0wNy0wOSAwNDoyODo1NyswMiIsIjIwMTktMDctMTAgMDI6MDA6MDArMDIiKSxbIjIwMjAtMDMtMDEgMDA6MDA6MDArMDEiLCl9"'),
            ("'{}'", '"e30="'),
        ],
    ),
    "range_of_floats": (Column("v", "edge_floats", kind="r", subtype="float8"), "edge_floats", [("'[0.1,1e22)'", '"WzAuMSwxZSsyMik="'), ("'empty'", '"ZW1wdHk="')]),
    "range_of_instants": (
        Column("v", "edge_instants", kind="r", subtype="timestamptz"), "edge_instants",
        [("'[2019-07-09 02:28:57Z,]'", '"WyIyMDE5LTA3LTA5IDA0OjI4OjU3KzAyIiwp"')],
    ),
    "composite": (
        Column("v", "edge_composite", kind="c", members=MEMBERS), "edge_composite",
        [
            (f"ROW({literals})", '"' + b64encode(printed.encode()).decode() + '"') for literals, printed in COMPOSITES
        ],
    ),
    "bit_200": (Column("v", "bit", length=200), "bit(200)", [("B'1'::bit(200)", '"' + "A" * 32 + 'gA=="'), ("0::bit(200)", '""')]),
    "tsquery": (Column("v", "tsquery"), "tsquery", [("'fat & rat'", '"J2ZhdCcgJiAncmF0Jw=="')]),
    "jsonpath": (Column("v", "jsonpath"), "jsonpath", [("'$.a[*]'", '"JC4iYSJbKl0="')]),
    "pg_lsn": (Column("v", "pg_lsn"), "pg_lsn", [("'16/B374D848'", '"MTYvQjM3NEQ4NDg="'), ("'0/0'", '"MC8w"')]),
    "numeric_array": (Column("v", "_numeric", element="numeric"), "numeric[]", [("'{12.50,NULL}'", '["12.50",null]')]),
}  # fmt: skip
