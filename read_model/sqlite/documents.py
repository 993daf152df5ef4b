"""Pending documents and their builds: which documents wait, and the finished bulk lines of those taken.

Each document has two tables of pending ids, one a lane. `touch` is a counter: a document touched again while its build is
under way gets a new number, so that the end of the old build does not remove it (invariant 2).
"""

from read_model.catalog.catalog import TableName, quote_identifier
from read_model.plan.model import DocumentPlan
from read_model.sqlite import json_builder
from read_model.sqlite.fan_out import Lane, Reach, fan_out
from read_model.sqlite.json_builder import column_of, text_literal
from read_model.sqlite.rows import table_name
from read_model.types.value_forms import fill, form


def pending_name(document: DocumentPlan, lane: Lane) -> str:
    """The quoted name of a lane's pending table."""
    return quote_identifier(f"pending_{document.name}_{lane}")


def create_pending(document: DocumentPlan, lane: Lane) -> str:
    """The table of pending documents: touch, the id as k0, k1, …, and the lsn of the first change not yet taken."""
    keys = _keys(document)
    columns = ", ".join(f"{key} {form(column).declared}" for key, column in zip(keys, document.id, strict=True))
    name = pending_name(document, lane)
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (touch INTEGER PRIMARY KEY AUTOINCREMENT,"
        f" {columns}, first_lsn INTEGER NOT NULL, UNIQUE ({', '.join(keys)}))"
    )


def touch(document: DocumentPlan, lane: Lane, select: str) -> str:
    """Make the selected documents (k0, k1, …, first_lsn) pending. `:cursor` is the last touch taken for building.

    A document that waits untaken stays where it is; one that was taken gets a new touch and the new first lsn."""
    name, keys = pending_name(document, lane), ", ".join(_keys(document))
    same = " AND ".join(f"p.{key} = f.{key}" for key in _keys(document))
    return (
        f"INSERT OR REPLACE INTO {name} ({keys}, first_lsn) SELECT {keys}, first_lsn FROM ({select}) f"
        f" WHERE NOT EXISTS (SELECT 1 FROM {name} p WHERE {same} AND p.touch > :cursor)"
    )


def touch_changed(document: DocumentPlan, table: TableName) -> tuple[tuple[Lane, str], ...]:
    """The statements that make pending what the changed keys of a source table reach. Bind `:cursor` of the lane.

    Run all before and again after the rows are applied."""
    return tuple((reach.lane, touch(document, reach.lane, reach.select)) for reach in fan_out(document, table))


def touch_all(document: DocumentPlan, lane: Lane) -> str:
    """Make every root row's document pending; binds `:cursor` and `:lsn`."""
    ids = ", ".join(
        f"{column_of('r', column)} AS {key}" for key, column in zip(_keys(document), document.id, strict=True)
    )
    select = f"SELECT {ids}, :lsn AS first_lsn FROM {table_name(document.root.table)} r"
    return touch(document, lane, select)


def touch_ids(document: DocumentPlan, lane: Lane) -> str:
    """Make the documents with these ids pending; binds `:cursor`, `:lsn` and `:ids`, a JSON array of id texts."""
    ids = ", ".join(
        f"{column_of('r', column)} AS {key}" for key, column in zip(_keys(document), document.id, strict=True)
    )
    root = f"{table_name(document.root.table)} r"
    return touch(document, lane, f"SELECT {ids}, :lsn AS first_lsn FROM {root} WHERE {has_id(document, 'r')}")


def has_id(document: DocumentPlan, alias: str) -> str:
    """Whether an aliased root row's id text is in `:ids`, a JSON array. By the key's index where ids are numbers or texts."""
    column = document.id[0]
    if len(document.id) == 1 and form(column).kind in ("int", "text"):
        value = "CAST(value AS INTEGER)" if form(column).kind == "int" else "value"
        return f"{column_of(alias, column)} IN (SELECT {value} FROM json_each(:ids))"
    return f"{_id_text(document, alias)} IN (SELECT value FROM json_each(:ids))"


def roots_of(document: DocumentPlan) -> str:
    """The id texts, of those in `:ids`, that have a root row, whatever its filter says."""
    root = f"{table_name(document.root.table)} r"
    return f"SELECT {_id_text(document, 'r')} FROM {root} WHERE {has_id(document, 'r')}"


def all_ids(document: DocumentPlan) -> str:
    """The id texts of all documents that the rows make up, the root's filter applied."""
    where = json_builder.conditions(document.root.where, "r")
    return f"SELECT {_id_text(document, 'r')} FROM {table_name(document.root.table)} r WHERE true{where}"


def waiting(document: DocumentPlan, lane: Lane) -> str:
    """A pending document by its touch, `?`: the id's text, the keys as a JSON array, the first lsn."""
    keys = ", ".join(f"p.{key}" for key in _keys(document))
    return f"SELECT {_id_of_keys(document)}, json_array({keys}), first_lsn FROM {pending_name(document, lane)} p WHERE touch = ?"


def touch_set_aside(document: DocumentPlan, lane: Lane) -> str:
    """Make pending what the table `set_aside` names, by the keys that `waiting` gave; binds `:cursor`, `:lsn` and `:id` (or NULL for all)."""
    name = text_literal(document.name)
    keys = ", ".join(f"json_extract(keys, '$[{n}]') AS {key}" for n, key in enumerate(_keys(document)))
    select = f"SELECT {keys}, :lsn AS first_lsn FROM set_aside WHERE document = {name} AND (:id IS NULL OR id = :id)"
    return touch(document, lane, select)


def build(document: DocumentPlan, lane: Lane) -> str:
    """The next documents of a lane as finished bulk lines.

    Binds `:after` (a touch), `:limit` and `:version`. Yields touch, the UTF-8 body (two lines, or one for a delete), and
    1 for a delete (no root row, or the root's filter excludes it) or 0, in the order of touch."""
    keys = ", ".join(_keys(document))
    taken = f"SELECT touch, {keys} FROM {pending_name(document, lane)} WHERE touch > :after ORDER BY touch LIMIT :limit"
    return _build(document, f"({taken})", "p.touch")


def keys_of(document: DocumentPlan) -> str:
    """The keys (k0, k1, …) of the root rows whose document has the id text `:id`. Reads the whole table."""
    keys = ", ".join(
        f"{column_of('r', column)} AS {key}" for key, column in zip(_keys(document), document.id, strict=True)
    )
    return f"SELECT {keys} FROM {table_name(document.root.table)} r WHERE {_id_text(document, 'r')} = :id"


def pending_of(document: DocumentPlan, lane: Lane) -> str:
    """The first lsn of the pending document with the id text `:id`, if it waits in this lane."""
    return f"SELECT first_lsn FROM {pending_name(document, lane)} p WHERE {_id_of_keys(document)} = :id"


def build_selected(document: DocumentPlan, select: str) -> str:
    """Like `build`, for ids that a statement yields as k0, k1, …; the first column is then the id's text."""
    return _build(document, f"({select})", _id_of_keys(document))


def _build(document: DocumentPlan, ids: str, first: str) -> str:
    root = document.root
    found = " AND ".join(
        f"{column_of('r', column)} = p.{key}" for key, column in zip(_keys(document), document.id, strict=True)
    )
    where = json_builder.conditions(root.where, "r")
    missing = f"{column_of('r', root.primary_key[0])} IS NULL"
    version = text_literal(',"version":') + " || :version || " + text_literal(',"version_type":"external_gte"}}')
    meta = f"json_quote({_id_of_keys(document)}) || {version} || char(10)"
    delete, index = text_literal('{"delete":{"_id":'), text_literal('{"index":{"_id":')
    body = f"iif({missing}, {delete} || {meta}, {index} || {meta} || {json_builder.document(root, 'r')} || char(10))"
    return (
        f"SELECT {first}, CAST({body} AS BLOB), {missing} FROM {ids} p"
        f" LEFT JOIN {table_name(root.table)} r ON {found}{where}"
    )


def _keys(document: DocumentPlan) -> list[str]:
    return [f"k{n}" for n in range(len(document.id))]


def _id_of_keys(document: DocumentPlan) -> str:
    return _id([f"p.{key}" for key in _keys(document)], document)


def _id_text(document: DocumentPlan, alias: str) -> str:
    return _id([column_of(alias, column) for column in document.id], document)


def _id(expressions: list[str], document: DocumentPlan) -> str:
    """The id's text: the value without quotes, or a compact JSON array of several."""
    forms = [form(column) for column in document.id]
    if len(forms) == 1:
        return f"concat({fill(forms[0].plain or forms[0].show, expressions[0])})"
    shown = [fill(how.show, each) for how, each in zip(forms, expressions, strict=True)]
    return "concat('[', " + ", ',', ".join(shown) + ", ']')"


__all__ = [
    "Lane",
    "Reach",
    "all_ids",
    "build",
    "build_selected",
    "create_pending",
    "fan_out",
    "has_id",
    "keys_of",
    "pending_name",
    "pending_of",
    "roots_of",
    "touch",
    "touch_all",
    "touch_changed",
    "touch_ids",
    "touch_set_aside",
    "waiting",
]
