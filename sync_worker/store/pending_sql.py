"""The SQL of the pending documents: one table for each kind of document and lane.

`touch` is a counter: a document touched again while its build is under way gets a new number, so that acknowledging the
old build does not remove it (invariant 2). The key columns k0, k1, … are those of `read_model.sqlite.documents`.
"""

from dataclasses import dataclass, field

from read_model.catalog.catalog import TableName, quote_identifier
from read_model.plan.model import DocumentPlan, PipelinePlan, TableUse
from read_model.sqlite import documents
from read_model.sqlite.documents import has_id, id_of_keys, key_names, root_keys
from read_model.sqlite.fan_out import LANES, Lane, fan_out
from read_model.sqlite.json_builder import text_literal
from read_model.sqlite.rows import letter_by_letter, table_name
from read_model.types.value_forms import form

QUARANTINE = "quarantine"
"""The table of quarantined documents."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneStatements:
    """SQL of one document's lane. `touch` holds, by changed table, statements that bind `:cursor` and `:fresh_cursor`;
    `build` binds `:after`, `:limit` and `:version`. The other `touch_…` are None in the lane `fan_out`."""

    document: str
    fan_out: bool
    touch: dict[TableName, tuple[str, ...]] = field(repr=False)
    touch_all: str | None
    touch_quarantined: str | None
    touch_ids: str | None
    by_touch: str
    build: str
    next_lsn: str
    next_touch: str
    remove: str
    span: str
    lower_lsn: str


def lane_statements(document: DocumentPlan, lane: Lane, plan: PipelinePlan) -> LaneStatements:
    """All SQL of a lane."""
    by_table = {use.table: tuple(sql for of, sql in touch_changed(document, use) if of == lane) for use in plan.tables}
    name, fresh = pending_name(document, lane), lane == "fresh"
    return LaneStatements(
        document=document.name,
        fan_out=not fresh,
        touch={table: statements for table, statements in by_table.items() if statements},
        touch_all=touch_all(document, lane) if fresh else None,
        touch_quarantined=touch_quarantined(document, lane) if fresh else None,
        touch_ids=touch_ids(document, lane) if fresh else None,
        by_touch=pending_by_touch(document, lane),
        build=build(document, lane),
        next_lsn=f"SELECT first_lsn FROM {name} WHERE touch > ? ORDER BY touch LIMIT 1",
        next_touch=f"SELECT min(touch) FROM {name} WHERE touch > ?",
        remove=f"DELETE FROM {name} WHERE touch > ? AND touch <= ?",
        span=f"SELECT max(touch) - min(touch) + 1 FROM {name}",
        lower_lsn=f"UPDATE {name} SET first_lsn = min(first_lsn, ?)",
    )


def pending_table(document: DocumentPlan, lane: Lane) -> str:
    """The name of a lane's table."""
    return f"pending_{document.name}_{lane}"


def pending_name(document: DocumentPlan, lane: Lane) -> str:
    """The quoted name of a lane's table."""
    return quote_identifier(pending_table(document, lane))


def create_pending(document: DocumentPlan, lane: Lane) -> str:
    """The table of a lane: touch, the keys, and the LSN of the first change that is not yet taken."""
    pairs = list(zip(key_names(document), document.id, strict=True))
    columns = ", ".join(f"{key} {form(column).declared}" for key, column in pairs)
    unique = ", ".join(f"{key}{letter_by_letter(column)}" for key, column in pairs)
    return (
        f"CREATE TABLE IF NOT EXISTS {pending_name(document, lane)} (touch INTEGER PRIMARY KEY AUTOINCREMENT,"
        f" {columns}, first_lsn INTEGER NOT NULL, UNIQUE ({unique}))"
    )


def respell_pending(document: DocumentPlan, lane: Lane) -> tuple[str, ...]:
    """The statements that give the table of an earlier version keys that tell spellings apart; none if its keys are
    spelt in one way."""
    if not any(letter_by_letter(column) for column in document.id):
        return ()
    name, before = pending_name(document, lane), quote_identifier(f"{pending_table(document, lane)}_before")
    return (
        f"ALTER TABLE {name} RENAME TO {before}",
        create_pending(document, lane),
        f"INSERT INTO {name} SELECT * FROM {before}",
        f"DROP TABLE {before}",
    )


def drop_pending(document: DocumentPlan) -> list[str]:
    """The statements that drop the tables of all lanes."""
    return [f"DROP TABLE IF EXISTS {pending_name(document, lane)}" for lane in LANES]


def touch(document: DocumentPlan, lane: Lane, select: str) -> str:
    """Make the documents of a query (k0, k1, …, first_lsn) pending. `:cursor` is the last touch taken for a build in
    this lane, `:fresh_cursor` the one in the lane `fresh`.

    A document that is not yet taken keeps its row; one that was taken gets a new touch and the new first LSN. One that
    waits in the lane `fresh` is not added to the other: it is built once."""
    name, keys = pending_name(document, lane), ", ".join(key_names(document))
    new = _not_waiting(document, lane, ":cursor")
    if lane != "fresh":
        new += f" AND {_not_waiting(document, 'fresh', ':fresh_cursor')}"
    return f"INSERT OR REPLACE INTO {name} ({keys}, first_lsn) SELECT {keys}, first_lsn FROM ({select}) f WHERE {new}"


def _not_waiting(document: DocumentPlan, lane: Lane, cursor: str) -> str:
    """The condition that the document `f` does not wait in a lane for its build."""
    pairs = zip(key_names(document), document.id, strict=True)
    same = " AND ".join(f"p.{key} = f.{key}{letter_by_letter(column)}" for key, column in pairs)
    return f"NOT EXISTS (SELECT 1 FROM {pending_name(document, lane)} p WHERE {same} AND p.touch > {cursor})"


def touch_changed(document: DocumentPlan, use: TableUse) -> tuple[tuple[Lane, str], ...]:
    """The statements that touch the documents that the changed keys of a source table reach; each binds its lane's
    `:cursor`, and `:fresh_cursor`.

    Run them before and again after the changed rows are written."""
    return tuple((reach.lane, touch(document, reach.lane, reach.select)) for reach in fan_out(document, use))


def touch_all(document: DocumentPlan, lane: Lane) -> str:
    """Touch the document of every root row; binds `:cursor` and `:lsn`."""
    return touch(document, lane, _roots(document))


def touch_ids(document: DocumentPlan, lane: Lane) -> str:
    """Touch the documents in `:ids`, a JSON array of id texts, that have a root row; also binds `:cursor` and
    `:lsn`."""
    return touch(document, lane, f"{_roots(document)} WHERE {has_id(document, 'r')}")


def touch_quarantined(document: DocumentPlan, lane: Lane) -> str:
    """Touch quarantined documents; binds `:cursor`, `:lsn` and `:id` (NULL for all)."""
    # `keys` holds what `pending_by_touch` gave when the document was quarantined.
    keys = ", ".join(f"json_extract(keys, '$[{n}]') AS {key}" for n, key in enumerate(key_names(document)))
    where = f"document = {text_literal(document.name)} AND (:id IS NULL OR id = :id)"
    return touch(document, lane, f"SELECT {keys}, :lsn AS first_lsn FROM {QUARANTINE} WHERE {where}")


def pending_by_touch(document: DocumentPlan, lane: Lane) -> str:
    """The pending document of a touch, `?`: its id text, its keys as a JSON array, its first LSN."""
    keys = ", ".join(f"p.{key}" for key in key_names(document))
    id_text = id_of_keys(document, "p")
    return f"SELECT {id_text}, json_array({keys}), first_lsn FROM {pending_name(document, lane)} p WHERE touch = ?"


def pending_lsn(document: DocumentPlan, lane: Lane) -> str:
    """The first LSN of the document with the id text `:id`, if it is pending in this lane."""
    return f"SELECT first_lsn FROM {pending_name(document, lane)} p WHERE {id_of_keys(document, 'p')} = :id"


def build(document: DocumentPlan, lane: Lane) -> str:
    """Build the next documents of a lane, in the order of touch: `documents.build`, with the touch in the first column.

    Binds `:after` (a touch), `:limit` and `:version`."""
    name, keys = pending_name(document, lane), ", ".join(key_names(document))
    taken = f"SELECT touch, {keys} FROM {name} WHERE touch > :after ORDER BY touch LIMIT :limit"
    return documents.build(document, taken, "p.touch")


def _roots(document: DocumentPlan) -> str:
    return f"SELECT {root_keys(document, 'r')}, :lsn AS first_lsn FROM {table_name(document.root.table)} r"
