"""Digests of documents, computed in PostgreSQL: `verify` compares these first and transfers few documents.

The digest is that of the JSON text which the row store builds, with one space after each comma and colon. Equal
digests mean equal documents. Different digests can still mean equal documents (the digits of a float, the order of
keys in a `json` column): then the documents themselves are compared.
"""

from read_model.catalog.catalog import Column
from read_model.plan.model import Compute, Constant, DocumentPlan, Field, Include, Node
from read_model.postgres.documents import (
    Builder,
    aggregate_of,
    column_of,
    conditions,
    constant_text,
    cut_of,
    escaped,
    field_of,
    first_of,
    id_text,
    order_of,
    restriction,
    source_of,
)
from read_model.types.canonical_json import DIGEST_BYTES, spaced
from read_model.types.value_forms import form

PIECES_A_CALL = 90
"""PostgreSQL functions take at most 100 arguments."""


def bucket_query(document: DocumentPlan, first: bool, limit: int) -> str:
    """The next `limit` documents in the order of their keys, as (id text, digest, key…), the keys as text.

    Unless it is for the `first` bucket, it takes the keys of the last row seen, one parameter each."""
    columns = [column_of("r", column) for column in document.id]
    keys, shown = ", ".join(columns), ", ".join(f"{column}::text" for column in columns)
    select, order = _select(document, f", {shown}"), f" ORDER BY {keys} LIMIT {limit}"
    if first:
        return select + order
    return f"{escaped(select)} AND ({escaped(keys)}) > ({', '.join(['%s'] * len(columns))}){escaped(order)}"


def digest_query(document: DocumentPlan, indexed: bool = True) -> str:
    """(id text, digest) of the documents in `%s`, a list of id texts. For `indexed` see `restriction`."""
    return f"{escaped(_select(document, ''))} AND {restriction(document, indexed)}"


def present_query(document: DocumentPlan, indexed: bool = True) -> str:
    """The ids in `%s`, a list of id texts, that have a document."""
    return f"{escaped(_select_ids(document))} AND {restriction(document, indexed)}"


def range_query(document: DocumentPlan) -> str:
    """Ids of the documents whose key is between two parameters.

    For a key of several columns, the first column decides."""
    key = escaped(column_of("r", document.id[0]))
    return f"{escaped(_select_ids(document))} AND {key} BETWEEN %s AND %s ORDER BY {key}"


def sample_query(document: DocumentPlan, method: str) -> str:
    """Ids of a random sample of the root's rows, in random order.

    Three parameters: the percentage, a seed, and the same seed as text."""
    text, table = escaped(id_text(document, "r")), escaped(document.root.table.rows)
    where = escaped(conditions(document.root.where, "r"))
    sample = f"{table} r TABLESAMPLE {method} (%s) REPEATABLE (%s)"
    return f"SELECT {text} FROM {sample} WHERE true{where} ORDER BY sha256(convert_to({text} || %s, 'UTF8'))"


def _select_ids(document: DocumentPlan) -> str:
    where = conditions(document.root.where, "r")
    return f"SELECT {id_text(document, 'r')} FROM {document.root.table.rows} r WHERE true{where}"


def _select(document: DocumentPlan, more: str) -> str:
    text = _TextBuilder().object(document.root, "r")
    digest = f"substr(sha256(convert_to({text}, 'UTF8')), 1, {DIGEST_BYTES})"
    where = conditions(document.root.where, "r")
    return (
        f"SELECT {id_text(document, 'r')}, encode({digest}, 'hex'){more}"
        f" FROM {document.root.table.rows} r WHERE true{where}"
    )


class _TextBuilder(Builder):
    """Concatenates JSON texts instead of building JSON values: PostgreSQL's own output differs in white space."""

    def object(self, node: Node, alias: str) -> str:
        pieces: list[str] = []
        text = "{"
        for name, value in self.members(node, alias):
            key = text + spaced(name).decode() + ": "
            pieces += [constant_text(key), value]
            text = ", "
        return concat([*pieces, constant_text("}" if pieces else "{}")])

    def field(self, field: Field, alias: str) -> str:
        value = field_of(field, alias)
        if field.wrapped:
            return f"coalesce(({value})::text, 'null')"
        return printed(value, None if field.path else field.column)

    def constant(self, constant: Constant) -> str:
        return constant_text(spaced(constant.value).decode())

    def include(self, include: Include, parent: str) -> str:
        child = self.alias()
        source = source_of(include, parent, child)
        value = next(self.members(include.node, child))[1] if include.value else self.object(include.node, child)
        if not include.many:
            return f"coalesce((SELECT {value} {source}{first_of(include, child)}), 'null')"
        order = order_of(include, child)
        elements = f"SELECT string_agg({value}, ', ' ORDER BY {order}) {source}"
        if include.limit is not None:
            cut = cut_of(include, value, source, order)
            elements = f"SELECT string_agg(value, ', ' ORDER BY place) FROM ({cut}) cut"
        return f"concat('[', ({elements}), ']')"

    def compute(self, compute: Compute, parent: str) -> str:
        child = self.alias()
        column = compute.column if compute.function in ("min", "max") else None
        value = printed(aggregate_of(compute, child), column)
        return f"(SELECT {value} {source_of(compute.include, parent, child)})"


def printed(value: str, column: Column | None) -> str:
    """A value's JSON text. `column` is the column it is taken from unchanged, or None."""
    kind = form(column).kind if column else ""
    if kind == "int":
        text = f"({value})::text"
    elif kind in ("json", "array"):
        text = f"to_jsonb({value})::text"
    elif kind == "float":
        # Debezium sends a whole float with a decimal point.
        text = f"(to_json({value})::text || CASE WHEN ({value})::text ~ '^-?[0-9]+$' THEN '.0' ELSE '' END)"
    else:
        text = f"to_json({value})::text"
    return f"coalesce({text}, 'null')"


def concat(pieces: list[str]) -> str:
    """The pieces as one text, in several calls if there are too many for one."""
    groups = [pieces[n : n + PIECES_A_CALL] for n in range(0, len(pieces), PIECES_A_CALL)]
    return "(" + " || ".join(f"concat({', '.join(group)})" for group in groups) + ")"
