"""The part of PostgreSQL's catalogue that documents depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class TableName(NamedTuple):
    """A table's schema and name, as in the catalogue: case-sensitive, not quoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        """The quoted name for SQL."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    @property
    def rows(self) -> str:
        """What a query reads in FROM: the table's rows as the log has them."""
        return self.quoted


class OnlyTable(TableName):
    """A table without the rows of those that inherit from it, as `ONLY` in SQL. Equals its plain name."""

    __slots__ = ()
    only = True
    """Contracts that know only names and schemas ask for this."""

    @property
    def rows(self) -> str:
        """What a query reads in FROM."""
        return f"ONLY {self.quoted}"


def quote_identifier(name: str) -> str:
    """The quoted name, for PostgreSQL and SQLite."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    - `type`: the name of the base type in pg_type (`int8`, `numeric`, `text`, `bpchar`, …), domains resolved;
      `kind`: its typtype (`b`, `e` for enums, …).
    - `precision` and `scale` of a numeric; `length` of a text or bit type, in characters or bits, if declared.
    - `members` of a composite type, in its order; empty for other types.
    - `subtype`: what a range or multirange of a type of the user's own is made of, domains resolved.
    - `element`: the element type of an array, domains resolved; `element_kind`: its typtype; `dimensions`: as
      declared.
    - `labels` of an enum, in its order.
    - `generated`: `s` stored, `u` stored and not published (before PostgreSQL 18), `v` virtual, empty for an ordinary
      column.
    - `toastable`: long values can be stored outside the row; `whole`: the log has them even if an UPDATE does not
      change them (REPLICA IDENTITY FULL).
    - `deterministic`: False if the collation treats different texts as equal.
    - `mistaken_for`: another type with the name of this column's type, which Debezium takes it for; mostly empty."""

    name: str
    type: str
    nullable: bool = True
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    kind: str = "b"
    element: str | None = None
    generated: str = ""
    toastable: bool = False
    element_kind: str = ""
    labels: tuple[str, ...] = ()
    dimensions: int = 0
    deterministic: bool = True
    whole: bool = False
    mistaken_for: str = ""
    subtype: str = ""
    members: tuple["Column", ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: `columns` of this table refer to `target_columns` of `target`, in the same order."""

    name: str
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """An ordinary or partitioned table. `primary_key` is empty if there is none; the unique index that REPLICA IDENTITY
    USING INDEX names takes its place if there is none, or if its types cannot be keys. `unique_keys` are the other unique
    constraints and indexes that are not partial, not deferrable and without expressions. `replica_identity` is
    pg_class.relreplident. `inherited`: other tables, not counting partitions, inherit from it."""

    name: TableName
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    replica_identity: str = "d"
    identity_columns: tuple[str, ...] = ()
    row_security: bool = False
    deferrable_key: bool = False
    partitioned: bool = False
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """All ordinary and partitioned tables outside the system schemas, without partitions."""

    tables: Mapping[TableName, Table] = field(default_factory=dict)
