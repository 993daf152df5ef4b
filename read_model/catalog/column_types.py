"""Which column types documents can hold, join on, filter and order by. What is not listed here is refused by name."""

from read_model.catalog.catalog import Column

INTEGERS = {"int2": 15, "int4": 31, "int8": 63}
"""Integer types with their bits beside the sign."""
TEXTS = frozenset({"text", "varchar", "name"})
FLOATS = frozenset({"float4", "float8"})
NUMBERS = frozenset({*INTEGERS, *FLOATS, "numeric", "money"})
INSTANTS = frozenset({"date", "timestamp", "timestamptz"})
JSON = frozenset({"json", "jsonb"})
RANGES = frozenset({"int4range", "int8range", "numrange", "tsrange", "daterange"})
PRINTED = frozenset(
    {"int4multirange", "int8multirange", "nummultirange", "tsmultirange", "datemultirange"}
    | {"tsquery", "jsonpath", "pg_lsn", "cube"}
)
"""Types that Debezium does not know, whose text depends on nothing but the value."""
LONGEST_BITS = 128
"""Bits of a `bit(n)` that is never moved out of its row."""
MISREAD = {
    "name": "the log has null for it whenever a row changes",
    "varbit": "the log has its bits without their number",
    "tstzrange": "its text depends on the time zone of who reads it",
}
"""Types that Debezium or PostgreSQL does not pass on as they are, with the reason."""
SUPPORTED = frozenset(
    {*NUMBERS, *TEXTS, *INSTANTS, *JSON, "bpchar", "citext", "bool", "time", "timetz", "interval", "uuid", "bytea"}
    | {"inet", "cidr", "macaddr", "macaddr8", "oid", "xml", "hstore", "ltree", "tsvector", *RANGES}
    | {"bit", "point", *PRINTED}
) - {"name"}
WITHOUT_STAND_IN = frozenset({*FLOATS, *INSTANTS, "numeric"})
"""Elements of arrays that come rightly, but for a long array that an UPDATE leaves as it is."""
ELEMENTS = frozenset({*INTEGERS, "bool", "text", "varchar", "uuid"})
SUMMABLE = NUMBERS
COMPARABLE = frozenset({*NUMBERS, *INSTANTS, "time"}) - {"money"}
"""Types whose order is the same everywhere, so that filters, minima and maxima may use it."""
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


def shown_type(column: Column) -> str:
    """The type as people write it."""
    return f"{column.element}[]" if column.element else column.type


def unsupported(column: Column) -> str | None:
    """Why a column cannot be used at all; None when it can."""
    if column.generated == "v":
        return "it is a virtual generated column, which is not in the WAL"
    if is_array(column):
        return _unsupported_array(column)
    if column.type == "bit" and not 0 < (column.length or 0) <= LONGEST_BITS:
        return f"the log is right for 1 to {LONGEST_BITS} bits, and it may have {column.length or 'any number'}"
    if column.type in SUPPORTED or is_enum(column):
        return None
    if column.type in MISREAD:
        return f"the type is {column.type}, and {MISREAD[column.type]}"
    return f"the type {column.type} is not supported"


def _unsupported_array(column: Column) -> str | None:
    if column.dimensions > 1:
        return f"it has {column.dimensions} dimensions, and the log has nulls for the inner arrays"
    if column.element in ELEMENTS or column.element_kind == "e":
        return None
    if column.element in WITHOUT_STAND_IN:
        if not column.toastable or column.whole:
            return None
        return (
            f"Debezium has no stand-in for a long {column.element}[] that an UPDATE leaves as it is;"
            " with REPLICA IDENTITY FULL the log has it whole"
        )
    return f"arrays of {column.element} are not supported"


def not_a_key(column: Column) -> str | None:
    """Why a column cannot be part of a primary key or a document's id; None when it can."""
    if is_array(column) or column.type in NO_KEY:
        return f"{shown_type(column)} has no single text form to tell rows apart by"
    if not column.deterministic:
        return "its collation calls different texts equal"
    return None


def not_joinable(left: Column, right: Column) -> str | None:
    """Why two columns cannot be joined by equality of their stored values; None when they can."""
    for column in (left, right):
        if reason := unsupported(column) or not_a_key(column):
            return f"'{column.name}': {reason}"
        if column.type == "citext":
            return f"'{column.name}': citext calls different texts equal"
        if column.type == "numeric" and not _scaled(column):
            return f"'{column.name}': numeric needs a declared precision of {MAX_SCALED_PRECISION} at most to be a join key"
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
    if is_array(column) or column.type in UNORDERED:
        return f"{shown_type(column)} has no order that documents can keep"
    return None
