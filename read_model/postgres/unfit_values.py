"""Counts the values in PostgreSQL that do not fit the type that the spec chooses for their field in the index."""

from dataclasses import dataclass

from read_model.catalog.catalog import TableName
from read_model.plan.chosen_types import chosen_type
from read_model.plan.model import DocumentPlan, Field, Node, nodes
from read_model.postgres.documents import conditions, constant_text, field_of

_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
_DATE = (
    r"^[-+]?[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?)?"
    r"(Z|[-+][0-9]{2}(:?[0-9]{2})?)?)?)?)?$"
)
_ADDRESS = r"^(([0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)$"
_LARGEST = {"long": "9223372036854775807", "integer": "2147483647", "double": "1.7976931348623157e308"}


@dataclass(frozen=True, slots=True)
class ChosenField:
    """A field of a table's rows, and the type that the spec chooses for it."""

    document: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class UnfitQuery:
    """A query of one row: for each of the fields, how many rows have a value, and how many one that does not fit."""

    table: TableName
    fields: tuple[ChosenField, ...]
    sql: str


def unfit_queries(document: DocumentPlan) -> list[UnfitQuery]:
    """One query for each table with such fields; each reads the table once."""
    return [query for node in nodes(document.root) if (query := _query(document, node))]


def _query(document: DocumentPlan, node: Node) -> UnfitQuery | None:
    chosen = [field for field in node.fields if chosen_type(field)]
    if not chosen:
        return None
    counts = ", ".join(_counts(field) for field in chosen)
    sql = f"SELECT {counts} FROM {node.table.rows} r WHERE true{conditions(node.where, 'r')}"
    fields = tuple(ChosenField(document.name, field.name, chosen_type(field)) for field in chosen)
    return UnfitQuery(node.table, fields, sql)


def _counts(field: Field) -> str:
    value = f"nullif(to_jsonb({field_of(field, 'r')}), 'null')"
    elements = f"jsonb_array_elements(CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END)"
    unfit = f"SELECT FROM {elements} e(v) WHERE {_unfit(chosen_type(field))}"
    return f"count({value}), count(*) FILTER (WHERE {value} IS NOT NULL AND EXISTS ({unfit}))"


def _unfit(kind: str) -> str:
    """Whether the element `e.v` does not fit. Elasticsearch also takes numbers and truth values as text."""
    text = "(e.v #>> '{}')"
    if kind == "boolean":
        fits = f"{text} IN ('true', 'false', '')"
    elif kind == "date":
        fits = f"{text} ~ {constant_text(_DATE)}"
    elif kind == "ip":
        fits = f"{text} ~ {constant_text(_ADDRESS)}"
    else:
        number = f"abs({text}::numeric) <= {_LARGEST[kind]} AND jsonb_typeof(e.v) <> 'boolean'"
        fits = f"CASE WHEN {text} ~ {constant_text(_NUMBER)} THEN {number} ELSE {text} = '' END"
    return f"jsonb_typeof(e.v) <> 'null' AND NOT (jsonb_typeof(e.v) NOT IN ('object', 'array') AND {fits})"
