"""Freshness: how far the documents have caught up with the source, and which source that is. The body of the
worker's `/freshness`."""

from dataclasses import dataclass, field
from typing import Literal

FreshnessState = Literal["waiting", "snapshot", "loading", "live", "degraded", "stopped"]
"""`waiting`: nothing was read yet. `snapshot`: rows are read, no documents built. `loading`: the first documents are
being built. `live`: up to date. `degraded`: something is wrong, see `reason`. `stopped`: the worker is shutting
down."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What documents come from: a pipeline, and the database that it follows, by its server's system identifier and its
    name. An empty part is not known, and not compared."""

    pipeline: str
    system: str = ""
    database: str = ""

    def contradicts(self, other: "Origin") -> bool:
        """Whether the documents of both cannot be the same."""
        parts = ((self.pipeline, other.pipeline), (self.system, other.system), (self.database, other.database))
        return any(part and others_part and part != others_part for part, others_part in parts)

    def __str__(self) -> str:
        database = f"database {self.database}" if self.database else "an unknown database"
        return f"pipeline {self.pipeline} ({database}{f', system {self.system}' if self.system else ''})"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`searchable`: a search sees every commit up to this LSN. `watermark`: the LSN of the last commit or heartbeat
    read from the log. Both are integers, comparable only within `epoch`. `as_of_ms`: the source's clock at
    `searchable`, in Unix milliseconds; 0 if unknown. `pending`, `quarantined`, `left_out`: numbers of documents
    still to be built, possibly out of date, and indexed without some fields (which the document lists). `unindexed`:
    by document and field (`orders.code`), how many documents have a value that does not fit the type that the spec
    chooses. `system` and `database` name the source; empty if unknown."""

    pipeline: str
    epoch: int
    searchable: int
    watermark: int
    as_of_ms: int
    state: FreshnessState
    reason: str = ""
    pending: int = 0
    quarantined: int = 0
    left_out: int = 0
    unindexed: dict[str, int] = field(default_factory=dict)
    system: str = ""
    database: str = ""

    @property
    def origin(self) -> Origin:
        """What the documents come from."""
        return Origin(self.pipeline, self.system, self.database)
