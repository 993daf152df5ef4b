"""How values of each PostgreSQL type travel: from Debezium's JSON into the row store, and from there and from
PostgreSQL into documents.

One `ValueForm` for each type. In its SQL templates `{0}` stands for the value's expression. What `store` and
`render` make of a value in SQLite is the same JSON as `oracle` makes of it in PostgreSQL, and both sides order and
compare values alike. The forms assume Debezium's decimal.handling.mode=string, time.precision.mode=isostring,
interval.handling.mode=string, hstore.handling.mode=json and binary.handling.mode=base64.
"""

from dataclasses import replace
from functools import cache

import msgspec

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import PRINTED, SUBTYPES
from read_model.types import datetime_sql
from read_model.types.composites import composite
from read_model.types.value_form import LONGEST_NUMBER, ValueForm, fill


class UnsupportedType(ValueError):
    """Documents cannot hold values of a column's type."""


@cache
def form(column: Column) -> ValueForm:
    """The form of a column's values. Raises `UnsupportedType`."""
    if (value_form := _form(column)) is None:
        raise UnsupportedType(f"Documents cannot hold values of type {column.type} (column {column.name}).")
    return value_form


def _form(column: Column) -> ValueForm | None:
    if column.type == "numeric":
        return _numeric(column)
    if column.element is not None:
        return _array(column)
    if column.kind == "b":
        return _bits(column.length or 1) if column.type == "bit" else _FORMS.get(column.type)
    return _form_of_the_users_own(column)


def _form_of_the_users_own(column: Column) -> ValueForm | None:
    if column.kind == "e":
        return _OTHER_TEXT
    if column.members:
        return composite(column)
    if column.subtype in SUBTYPES:
        return _ZONED_PRINTED_TEXT if column.subtype == "timestamptz" else _PRINTED_TEXT
    return _FORMS.get(column.type)


def _numeric(column: Column) -> ValueForm:
    precision, scale = column.precision, column.scale or 0
    if scale < 0:
        return _ROUNDED_DECIMAL
    if precision is None or precision > 18 or scale > 18:
        return _DECIMAL
    return scaled(precision, scale)


def scaled(precision: int, scale: int) -> ValueForm:
    """numeric(precision ≤ 18, scale): stored as an integer of 10**-scale.

    NaN is stored as text, which SQLite sorts after numbers."""
    unit = 10**scale
    as_sent = f"substr({{0}}, -{scale + 1}, 1) = '.'" if scale else "{0} NOT GLOB '*[^-0-9]*'"
    # Most values are positive and at least one whole unit: those need no printf, which is slower.
    whole = f"concat({{0}} / {unit}, '.', substr({{0}} % {unit} + {unit}, 2))"
    any_sign = f"printf('%s%d.%0{scale}d', iif({{0}} < 0, '-', ''), abs({{0}} / {unit}), abs({{0}} % {unit}))"
    render = "iif({0} = 'NaN', '\"NaN\"', {0})"
    if scale:
        number = f"CASE WHEN {{0}} BETWEEN {unit} AND {_LARGEST} THEN {whole}"
        number += f" WHEN {{0}} = 'NaN' THEN '\"NaN\"' ELSE {any_sign} END"
        render = f"iif({{0}} IS NULL, NULL, {number})"
    # SQLite's sum() of 64-bit integers is exact, and in range for up to 9 million values of 12 digits.
    plain = fill(render, "iif(typeof(max({0})) = 'text', 'NaN', sum({0}))")
    return ValueForm(
        kind="scaled",
        declared="INT",
        decode=str,
        store=f"CASE WHEN {{0}} IS NULL THEN NULL WHEN {as_sent} THEN CAST(replace({{0}}, '.', '') AS INTEGER)"
        f" ELSE rowtide_scaled({{0}}, {scale}) END",
        render=render,
        source="({0})::text",
        total=plain if precision <= 12 else f"rowtide_sum({{0}}, {scale})",
        oracle_total="sum({0})",
        scale=scale,
    )


def _bits(length: int) -> ValueForm:
    """bit(length): Debezium sends a boolean for a single bit, bytes for more."""
    if length == 1:
        digit = "CASE {0} WHEN 1 THEN '1' WHEN 0 THEN '0' END"
        return replace(_OTHER_TEXT, decode=bool, store=digit, source="(({0}) = B'1')")
    return replace(_OTHER_TEXT, store=f"rowtide_bits({{0}}, {length})", source="({0})::text")


def _array(column: Column) -> ValueForm | None:
    if known := _ARRAYS.get(column.element or ""):
        return known
    element = _FORMS.get(column.element or "")
    if column.element_kind == "e" or (element and element.kind == "text"):
        return _TEXT_ARRAY
    return _RAW_ARRAY if element and element.kind in ("int", "bool") else None


_WORD = "CASE WHEN {0} GLOB '*[A-Za-z]*' THEN rowtide_decimal({0}) ELSE {0} END"
_QUOTED = "json_quote({0})"
_LARGEST = 2**63 - 1
_RAW = "nullif(CAST({0} AS TEXT), 'null')"
_PRINTED = "(to_json({0}) #>> '{}')"

_DECIMAL = ValueForm(
    kind="decimal",
    declared="TEXT COLLATE decimal",
    decode=str,
    store=_WORD,
    render=f"iif({{0}} GLOB '*[NI]*' OR length({{0}}) > {LONGEST_NUMBER}, concat('\"', {{0}}, '\"'), {{0}})",
    oracle=f"CASE WHEN length(({{0}})::text) > {LONGEST_NUMBER} THEN to_json(({{0}})::text) ELSE to_json({{0}}) END",
    source="({0})::text",
    total="rowtide_sum({0}, 0)",
    oracle_total="sum({0})",
)
# Debezium reads a negative scale as a large positive one and sends thousands of zeros after the decimal point.
_ROUNDED_DECIMAL = replace(_DECIMAL, store=f"iif(instr({{0}}, '.'), rtrim(rtrim({{0}}, '0'), '.'), {_WORD})")


def _float(size: int, subnormal: str) -> ValueForm:
    # Java prints at least two digits, PostgreSQL one: only subnormal numbers show the difference.
    return ValueForm(
        kind="float",
        declared="TEXT COLLATE decimal",
        decode=msgspec.Raw,
        store=f"CASE WHEN CAST({{0}} AS TEXT) GLOB '{subnormal}' THEN rowtide_float({{0}}, {size}) ELSE {_RAW} END",
        total="rowtide_sum({0}, 0)",
        oracle_total="sum({0}::text::numeric)",
    )


_BIG_INT = ValueForm(
    "int", "INTEGER", int, oracle="({0})::int8", total="rowtide_sum({0}, 0)", oracle_total="sum({0}::int8)"
)
_INT = ValueForm("int", "INTEGER", int, total="sum({0})", oracle_total="sum({0})")
_BOOL = ValueForm(
    kind="bool",
    declared="INTEGER",
    decode=bool,
    render="CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END",
    oracle="({0})::int::bool",
    oracle_minimum="({0})::int",
)
_TEXT = ValueForm(
    "text", "TEXT", str, render=_QUOTED, plain="{0}", oracle_order='{0} COLLATE "C"', oracle_minimum='({0} COLLATE "C")'
)
_BPCHAR = replace(_TEXT, declared="TEXT COLLATE RTRIM")
_CITEXT = ValueForm(
    kind="text",
    declared="TEXT COLLATE NOCASE",
    decode=str,
    render=_QUOTED,
    plain="{0}",
    oracle_order='lower({0}::text COLLATE "C")',
    minimum="{0} COLLATE BINARY",
    oracle_minimum='({0}::text COLLATE "C")',
)
_OTHER_TEXT = ValueForm(
    kind="text",
    declared="TEXT",
    decode=str,
    render=_QUOTED,
    plain="{0}",
    oracle_order=f'{_PRINTED} COLLATE "C"',
    oracle_minimum=f'({_PRINTED} COLLATE "C")',
)
_JSON = ValueForm("json", "TEXT", str, store="rowtide_json({0})", oracle="({0})::jsonb", source="({0})::jsonb::text")
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F][0-9a-fA-F]\\u[dD][c-fC-F][0-9a-fA-F][0-9a-fA-F]"
# An unpaired surrogate or U+0000, which jsonb rejects, would make the whole query fail.
_WRITTEN_JSON = replace(
    _JSON,
    source="({0})::text",
    oracle=rf"CASE WHEN regexp_replace(replace(({{0}})::text, '\\', ''), '{_PAIR}', '', 'g')"
    r" ~ '\\u(0000|[dD][89a-fA-F])'"
    " THEN to_jsonb(({0})::text) ELSE ({0})::jsonb END",
)
_BYTES = ValueForm(
    "bytes", "TEXT", str, render=_QUOTED, plain="{0}", oracle="translate(encode({0}, 'base64'), E'\\n', '')"
)
_RAW_ARRAY = ValueForm("array", "TEXT", msgspec.Raw, store=_RAW, oracle="to_json({0})")
# Debezium sends the name of a Java object for an inner array of texts, and null for one of numbers.
_TEXT_ARRAY = replace(_RAW_ARRAY, store=f"iif(CAST({{0}} AS TEXT) GLOB '*\"[[]L*;@*', rowtide_texts({{0}}), {_RAW})")
_NUMERIC_ARRAY = ValueForm(
    "array", "TEXT", msgspec.Raw, store="rowtide_numbers({0})", oracle="to_json({0})", source="to_json(({0})::text[])"
)


def _moment_array(zone: str, oracle: str) -> ValueForm:
    elements = f"json_agg({fill(oracle, 'e.v')} ORDER BY e.n)"
    array = f"SELECT coalesce({elements}, '[]') FROM unnest({{0}}) WITH ORDINALITY e(v, n)"
    oracle = f"CASE WHEN {{0}} IS NOT NULL THEN ({array}) END"
    return ValueForm("array", "TEXT", msgspec.Raw, store=f"rowtide_moments({{0}}, '{zone}')", oracle=oracle)


_ARRAYS: dict[str, ValueForm] = {
    "numeric": _NUMERIC_ARRAY,
    "float4": replace(_RAW_ARRAY, store="rowtide_floats({0}, 4)"),
    "float8": replace(_RAW_ARRAY, store="rowtide_floats({0}, 8)"),
    "date": _moment_array("", datetime_sql.ORACLE_DATE),
    "timestamp": _moment_array("", datetime_sql.ORACLE_TIMESTAMP),
    "timestamptz": _moment_array("Z", datetime_sql.ORACLE_INSTANT),
}
_PRINTED_TEXT = replace(
    _OTHER_TEXT,
    store="rowtide_printed({0})",
    resend="rowtide_base64({0})",
    oracle="({0})::text",
    source="translate(encode(convert_to(({0})::text, 'UTF8'), 'base64'), E'\\n', '')",
)
"""Types of which Debezium sends the base64 of PostgreSQL's text output."""
_ZONED_PRINTED_TEXT = replace(_PRINTED_TEXT, store="rowtide_in_utc(rowtide_printed({0}))")
_POINT = replace(
    _OTHER_TEXT,
    decode=msgspec.Raw,
    store="rowtide_point({0})",
    oracle="({0})::text",
    source="CASE WHEN {0} IS NOT NULL THEN json_build_object('x', ({0})[0], 'y', ({0})[1]) END",
)


def _moment(store: str, render: str, oracle: str, sort: str = "{0}") -> ValueForm:
    """`render` gives the text without quotes: no date or time holds a character that JSON would escape."""
    quoted = f"'\"' || {render} || '\"'"
    value_form = ValueForm("moment", "TEXT", str, store, quoted, render, oracle)
    return replace(value_form, oracle_order=sort, oracle_minimum=sort)


_MONEY = replace(
    scaled(18, 2),
    source="round(({0})::numeric, 2)::text",
    oracle="round(({0})::numeric, 2)",
    oracle_total="round(sum(({0})::numeric), 2)",
)

_FORMS: dict[str, ValueForm] = {
    "int2": _INT,
    "int4": _INT,
    "int8": _BIG_INT,
    "oid": _BIG_INT,
    "bool": _BOOL,
    "float4": _float(4, "*E-[34][0-9]"),
    "float8": _float(8, "*E-3[0-9][0-9]"),
    "numeric": _DECIMAL,
    "money": _MONEY,
    **dict.fromkeys(("text", "varchar", "name"), _TEXT),
    "bpchar": _BPCHAR,
    "citext": _CITEXT,
    **dict.fromkeys(("char", "uuid", "inet", "cidr", "macaddr", "macaddr8", "xml", "ltree", "tsvector"), _OTHER_TEXT),
    **dict.fromkeys(("int4range", "int8range", "numrange", "tsrange", "daterange"), _OTHER_TEXT),
    **dict.fromkeys(PRINTED, _PRINTED_TEXT),
    "tstzmultirange": _ZONED_PRINTED_TEXT,
    "tstzrange": replace(_OTHER_TEXT, store="rowtide_in_utc({0})", oracle="({0})::text"),
    "point": _POINT,
    "date": _moment(datetime_sql.STORE_DATE, "{0}", datetime_sql.ORACLE_DATE),
    "timestamp": _moment(datetime_sql.STORE_TIMESTAMP, "{0}", datetime_sql.ORACLE_TIMESTAMP),
    "timestamptz": _moment(datetime_sql.STORE_TIMESTAMP, datetime_sql.RENDER_INSTANT, datetime_sql.ORACLE_INSTANT),
    "time": _moment(datetime_sql.STORE_TIME, "{0}", datetime_sql.ORACLE_TIME, datetime_sql.ORACLE_CLOCK),
    "timetz": _moment(datetime_sql.STORE_ZONED_TIME, "{0} || 'Z'", datetime_sql.ORACLE_ZONED_TIME),
    "interval": _moment("{0}", "{0}", datetime_sql.ORACLE_INTERVAL),
    "json": _WRITTEN_JSON,
    "jsonb": _JSON,
    "hstore": _JSON,
    "bytea": _BYTES,
}
