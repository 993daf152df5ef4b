"""How far the documents have come: the answer of the worker's `/freshness`, read by the API, `verify` and the CLI."""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "snapshot", "loading", "live", "degraded", "stopped"]
"""`waiting`: nothing read yet. `snapshot`: rows arrive, documents are not built. `loading`: the first documents are being built.
`live`: in step. `degraded`: something is missing, `reason` says what. `stopped`: the worker is ending."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """`searchable`: a search sees every commit up to this LSN. `watermark`: the last commit or heartbeat read from the log.
    Both are LSNs as integers, within `epoch`. `as_of_ms`: the source's clock (Unix ms) at `searchable`; 0 when unknown.
    `quarantined` documents may be out of date; `left_out` ones lack fields, and say so."""

    pipeline: str
    epoch: int
    searchable: int
    watermark: int
    as_of_ms: int
    state: State
    reason: str = ""
    pending: int = 0
    quarantined: int = 0
    left_out: int = 0
