"""Freshness: how far the documents have caught up with the source. The body of the worker's `/freshness`."""

from dataclasses import dataclass
from typing import Literal

FreshnessState = Literal["waiting", "snapshot", "loading", "live", "degraded", "stopped"]
"""`waiting`: nothing was read yet. `snapshot`: rows are read, no documents built. `loading`: the first documents are
being built. `live`: up to date. `degraded`: something is wrong, see `reason`. `stopped`: the worker is shutting
down."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """`searchable`: a search sees every commit up to this LSN. `watermark`: the LSN of the last commit or heartbeat
    read from the log. Both are integers, comparable only within `epoch`. `as_of_ms`: the source's clock at
    `searchable`, in Unix milliseconds; 0 if unknown. `pending`, `quarantined`, `left_out`: numbers of documents
    still to be built, possibly out of date, and indexed without some fields (which the document lists)."""

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
