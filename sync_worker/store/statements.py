"""The SQL of one pipeline, put together once from what `read_model` compiles."""

from dataclasses import dataclass, field
from typing import Any

from read_model.catalog.catalog import TableName


@dataclass(frozen=True, slots=True)
class TableStatements:
    """SQL of one row table. Rows are bound by position in the plan's column order, keys in the primary key's."""

    table: TableName
    types: dict[str, Any]
    key: tuple[str, ...]
    upsert: str
    delete: str
    truncate: str
    stored: str
    mark: str
    mark_all: str
    clear_changed: str
    load: str
    begin_snapshot: tuple[str, ...]
    finish_snapshot: tuple[str, ...]
    differs: str
    changed: str
    mark_differing: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LaneStatements:
    """SQL of one document's lane. `touch` is bound with `:cursor`, by changed table; `build` with `:after`, `:limit`, `:version`;
    `touch_ids` with `:ids`, a JSON array of texts. `json_paths` are the fields in which a text may be too long for the index."""

    document: str
    fan_out: bool
    touch: dict[TableName, tuple[str, ...]] = field(repr=False)
    touch_all: str | None
    touch_set_aside: str | None
    waiting: str
    touch_ids: str | None
    build: str
    next_lsn: str
    next_touch: str
    remove: str
    span: str
    distrust: str
    json_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """All SQL of a pipeline. `create` is safe to run again."""

    create: tuple[str, ...]
    tables: dict[TableName, TableStatements]
    lanes: tuple[LaneStatements, ...]
