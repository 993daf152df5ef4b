"""The column types that documents can hold, join on, filter by and order by. Other types are rejected."""

from read_model.catalog.catalog import Column

INTEGERS = {"int2": 15, "int4": 31, "int8": 63}
"""Integer types with their number of bits, the sign not counted."""
TEXTS = frozenset({"text", "varchar", "name"})
FLOATS = frozenset({"float4", "float8"})
NUMBERS = frozenset({*INTEGERS, *FLOATS, "numeric", "money"})
INSTANTS = frozenset({"date", "timestamp", "timestamptz"})
JSON = frozenset({"json", "jsonb"})
RANGES = frozenset({"int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"})
PRINTED = frozenset(
    {"int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange"}
    | {"datemultirange", "tsquery", "jsonpath", "pg_lsn", "cube"}
)
"""Types that Debezium does not know, whose text output depends only on the value."""
SUBTYPES = frozenset({*INTEGERS, *FLOATS, *INSTANTS, "numeric", "text", "varchar", "time", "uuid", "inet", "interval"})
"""What ranges and multiranges of the user's own may be made of."""
MEMBERS = frozenset(
    {*INTEGERS, *FLOATS, *INSTANTS, *TEXTS, "oid", "numeric", "bool", "bpchar", "citext", "time", "uuid"}
    | {"inet", "cidr", "macaddr", "jsonb"}
)
"""What the members of a composite type may be, apart from enums."""
LONGEST_BITS = 128
"""Bits: a `bit(n)` up to this length is never stored outside its row, so the log always has its value."""
MISREAD = {
    "name": "Debezium sends null for it whenever a row changes",
    "varbit": "Debezium does not send the number of its bits",
}
"""Types that Debezium or PostgreSQL does not transmit faithfully, with the reason."""
SUPPORTED = frozenset(
    {*NUMBERS, *TEXTS, *INSTANTS, *JSON, "bpchar", "citext", "bool", "time", "timetz", "interval", "uuid", "bytea"}
    | {"inet", "cidr", "macaddr", "macaddr8", "oid", "xml", "hstore", "ltree", "tsvector", *RANGES}
    | {"bit", "point", *PRINTED}
) - {"name"}
WITHOUT_PLACEHOLDER = frozenset({*FLOATS, *INSTANTS, "numeric"})
"""Element types of arrays that are transmitted correctly, except a long array that an UPDATE does not change."""
ELEMENTS = frozenset({*INTEGERS, "bool", "text", "varchar", "bpchar", "uuid"})
SUMMABLE = NUMBERS
COMPARABLE = frozenset({*NUMBERS, *INSTANTS, "time"}) - {"money"}
"""Types whose order is the same in PostgreSQL and the row store, so that filters, minimums and maximums can use it."""
UNORDERED = frozenset(
    {
        *JSON,
        *RANGES,
        *PRINTED,
        "bit",
        "point",
        "bytea",
        "interval",
        "timetz",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "xml",
        "hstore",
        "ltree",
        "tsvector",
    }
)
NO_KEY = frozenset(
    {*JSON, *FLOATS, *RANGES, "money", "bytea", "interval", "timetz", "xml", "hstore", "ltree", "tsvector"}
    | {"bit", "point", *PRINTED}
)
MAX_SCALED_PRECISION = 18


def is_array(column: Column) -> bool:
    """Whether the column holds an array."""
    return column.element is not None


def is_enum(column: Column) -> bool:
    """Whether the column holds an enum's label."""
    return column.kind == "e" and not is_array(column)


def is_printed(column: Column) -> bool:
    """Whether Debezium does not know the type, and sends PostgreSQL's text of a value, which depends only on the value."""
    return column.type in PRINTED or (column.kind in "rm" and column.subtype in SUBTYPES)


def shown_type(column: Column) -> str:
    """The type as SQL writes it."""
    return f"{column.element}[]" if column.element else column.type


def unsupported(column: Column) -> str | None:
    """Why a column cannot be used at all; None when it can."""
    return _not_captured(column) or _unsupported_type(column)


def _unsupported_type(column: Column) -> str | None:
    if is_array(column):
        return _unsupported_array(column)
    if column.type == "bit":
        return _unsupported_bits(column)
    if column.kind == "c":
        return _unsupported_composite(column)
    if column.type in SUPPORTED or is_enum(column) or is_printed(column):
        return None
    if column.type in MISREAD:
        return f"the type {column.type} is not supported, because {MISREAD[column.type]}"
    return f"the type {column.type} is not supported"


def _not_captured(column: Column) -> str | None:
    if column.generated == "v":
        return "virtual generated columns are not in the WAL"
    if column.generated == "u":
        return "PostgreSQL publishes stored generated columns from version 18 on; before, use a column that a trigger fills"
    if column.mistaken_for:
        named = f"there is also {column.mistaken_for}, and Debezium takes the column's type for it"
        return f"{named}; give one of the two another name"
    return None


def _unsupported_bits(column: Column) -> str | None:
    if not column.length:
        return "a bit without a length has no fixed number of bits"
    if column.length > LONGEST_BITS and column.toastable and not column.whole:
        return _no_placeholder(f"bit of more than {LONGEST_BITS} bits")
    return None


def _unsupported_composite(column: Column) -> str | None:
    for member in column.members:
        if member.type not in MEMBERS and member.kind != "e":
            return f"the member '{member.name}' of its type {column.type} is of type {member.type}"
        if "{0}" in member.name:
            return f"the member '{member.name}' of its type {column.type} has braces in its name"
    return None if column.members else f"its type {column.type} has no members"


def _no_placeholder(what: str) -> str:
    return (
        f"Debezium has no placeholder for a long {what} that an UPDATE does not change; with REPLICA IDENTITY FULL it"
        " sends the value"
    )


def _unsupported_array(column: Column) -> str | None:
    if column.dimensions > 1:
        dimensions = f"arrays with {column.dimensions} dimensions"
        return f"{dimensions} are not supported, because Debezium sends null for inner arrays"
    if column.element in ELEMENTS or column.element_kind == "e":
        return None
    if column.element in WITHOUT_PLACEHOLDER:
        if not column.toastable or column.whole:
            return None
        return _no_placeholder(f"{column.element}[]")
    return f"arrays of {column.element} are not supported"


def not_a_key(column: Column) -> str | None:
    """Why a column cannot be part of a primary key or a document's id; None when it can."""
    if is_array(column) or column.type in NO_KEY or is_printed(column) or column.kind == "c":
        return f"values of type {shown_type(column)} have no unique text form"
    if not column.deterministic:
        return "its collation treats different texts as equal"
    return None


def not_joinable(left: Column, right: Column) -> str | None:
    """Why two columns cannot be joined by equality of their stored values; None when they can."""
    for column in (left, right):
        if reason := unsupported(column) or not_a_key(column):
            return f"'{column.name}': {reason}"
        if column.type == "citext":
            return f"'{column.name}': citext treats different texts as equal"
        if column.type == "numeric" and not _scaled(column):
            return f"'{column.name}': a numeric join key needs a declared precision of at most {MAX_SCALED_PRECISION}"
    if _family(left) != _family(right):
        return f"the types {shown_type(left)} and {shown_type(right)} differ"
    return None


def _scaled(column: Column) -> bool:
    return column.precision is not None and column.precision <= MAX_SCALED_PRECISION


def _family(column: Column) -> str:
    if column.type in INTEGERS:
        return "integer"
    if column.type in TEXTS:
        return "text"
    return f"numeric scale {column.scale}" if column.type == "numeric" else column.type


def not_ordered(column: Column) -> str | None:
    """Why an array cannot be ordered by a column; None when it can."""
    if is_array(column) or column.type in UNORDERED or is_printed(column) or column.kind == "c":
        return f"values of type {shown_type(column)} have no order that documents can reproduce"
    return None
