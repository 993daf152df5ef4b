"""Builds of documents in SQLite: from document keys to finished bulk lines.

A document's keys are the values of `DocumentPlan.id` as the row store keeps them, in columns called k0, k1, …
"""

from read_model.plan.model import DocumentPlan
from read_model.sqlite import json_builder
from read_model.sqlite.json_builder import column_of, text_literal
from read_model.sqlite.rows import same_spelling, table_name
from read_model.types.value_form import fill
from read_model.types.value_forms import form


def key_names(document: DocumentPlan) -> list[str]:
    """The names of a document's key columns."""
    return [f"k{n}" for n in range(len(document.id))]


def root_keys(document: DocumentPlan, alias: str) -> str:
    """The select list that reads the key columns of an aliased root row."""
    pairs = zip(key_names(document), document.id, strict=True)
    return ", ".join(f"{column_of(alias, column)} AS {key}" for key, column in pairs)


def id_of_keys(document: DocumentPlan, alias: str) -> str:
    """The id text, from the key columns of an aliased row."""
    return _id_text(document, [f"{alias}.{key}" for key in key_names(document)])


def id_of_root(document: DocumentPlan, alias: str) -> str:
    """The id text of an aliased root row."""
    return _id_text(document, [column_of(alias, column) for column in document.id])


def has_id(document: DocumentPlan, alias: str) -> str:
    """Whether the id text of an aliased root row is in `:ids`, a JSON array.

    Served by an index for integer and text ids."""
    column = document.id[0]
    if len(document.id) == 1 and form(column).kind in ("int", "text"):
        value = "CAST(value AS INTEGER)" if form(column).kind == "int" else "value"
        return f"{column_of(alias, column)} IN (SELECT {value} FROM json_each(:ids))"
    return f"{id_of_root(document, alias)} IN (SELECT value FROM json_each(:ids))"


def existing_ids(document: DocumentPlan) -> str:
    """Those of `:ids`, a JSON array of id texts, that have a root row; the root's filter does not count."""
    root = f"{table_name(document.root.table)} r"
    return f"SELECT {id_of_root(document, 'r')} FROM {root} WHERE {has_id(document, 'r')}"


def keys_of_id(document: DocumentPlan) -> str:
    """The keys of the root rows whose document has the id text `:id`. Scans the whole table."""
    root = f"{table_name(document.root.table)} r"
    return f"SELECT {root_keys(document, 'r')} FROM {root} WHERE {id_of_root(document, 'r')} = :id"


def build(document: DocumentPlan, keys: str, first: str = "") -> str:
    """The documents of the keys that the query `keys` yields, as finished bulk lines.

    Binds `:version`. Yields the id text (or the expression `first` over `keys`, aliased p), the UTF-8 body (two
    lines, or one for a delete), and 1 for a delete (no root row, or the root's filter excludes it) or 0."""
    root = document.root
    pairs = zip(key_names(document), document.id, strict=True)
    same_key = " AND ".join(same_spelling(column, column_of("r", column), f"p.{key}") for key, column in pairs)
    where = json_builder.conditions(root.where, "r")
    missing = f"{column_of('r', root.primary_key[0])} IS NULL"
    id_text = id_of_keys(document, "p")
    version = text_literal(',"version":') + " || :version || " + text_literal(',"version_type":"external_gte"}}')
    meta = f"json_quote({id_text}) || {version} || char(10)"
    delete, index = text_literal('{"delete":{"_id":'), text_literal('{"index":{"_id":')
    body = f"iif({missing}, {delete} || {meta}, {index} || {meta} || {json_builder.document(root, 'r')} || char(10))"
    return (
        f"SELECT {first or id_text}, CAST({body} AS BLOB), {missing} FROM ({keys}) p"
        f" LEFT JOIN {table_name(root.table)} r ON {same_key}{where}"
    )


def _id_text(document: DocumentPlan, expressions: list[str]) -> str:
    """The value without quotes for one key column, a compact JSON array for several."""
    forms = [form(column) for column in document.id]
    if len(forms) == 1:
        return f"concat({fill(forms[0].plain or forms[0].render, expressions[0])})"
    values = [fill(key_form.render, expression) for key_form, expression in zip(forms, expressions, strict=True)]
    return "concat('[', " + ", ',', ".join(values) + ", ']')"
