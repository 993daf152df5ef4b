"""The freshness that responses carry. Without the worker it is `degraded`, and never an error."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct, structs

from read_model.freshness import Freshness, FreshnessState

ConsistencyLevel = Literal["eventual", "at_least", "now"]


class FreshnessView(Struct, frozen=True):
    """The freshness of a response. `searchable` is the LSN as an integer, comparable only within one `epoch`.

    `token` encodes epoch and LSN; a later request may require at least that. Null when unknown. `as_of` is the
    source's clock at that position (ISO 8601), `lag_ms` the time since then; both null when unknown. `consistency` is
    the requested level, `met` whether the response satisfies it, and `waited_ms` how long it waited.
    """

    state: FreshnessState
    degraded: bool
    reason: str
    epoch: int
    searchable: int
    token: str | None
    as_of: str | None
    lag_ms: int | None
    pending: int
    quarantined: int
    consistency: ConsistencyLevel = "eventual"
    met: bool = True
    waited_ms: int = 0

    def headers(self) -> dict[str, str]:
        """The headers of a response. `Rowtide-Freshness` is a dictionary of RFC 9651."""
        known = f'as-of="{self.as_of}", lag-ms={self.lag_ms}, ' if self.as_of else ""
        items = f"{known}degraded=?{self.degraded:d}, consistency={self.consistency}, met=?{self.met:d}"
        return {"Rowtide-Freshness": items} | ({"Rowtide-Token": self.token} if self.token else {})


class IndexPosition(Struct, array_like=True, frozen=True):
    """What was searchable at a point in time: the epoch, the LSN, and the source's clock (ISO 8601)."""

    epoch: int
    searchable: int
    as_of: str | None


UNKNOWN_POSITION = IndexPosition(0, 0, None)


def position_of(freshness: FreshnessView) -> IndexPosition:
    """The position that a response with this freshness sees."""
    return IndexPosition(freshness.epoch, freshness.searchable, freshness.as_of)


def at_position(freshness: FreshnessView, position: IndexPosition) -> FreshnessView:
    """The freshness of a response that reads an older point in time (invariant 6)."""
    lag = None
    if position.as_of and freshness.as_of and freshness.lag_ms is not None:
        older = datetime.fromisoformat(freshness.as_of) - datetime.fromisoformat(position.as_of)
        lag = freshness.lag_ms + round(older.total_seconds() * 1000)
    token = f"{position.epoch}:{position.searchable}" if position != UNKNOWN_POSITION else None
    return structs.replace(
        freshness, epoch=position.epoch, searchable=position.searchable, token=token, as_of=position.as_of, lag_ms=lag
    )


def unknown(reason: str) -> FreshnessView:
    """The freshness when the worker cannot report it."""
    return FreshnessView("degraded", True, reason, 0, 0, None, None, None, 0, 0)


def token_of(freshness: Freshness) -> str:
    """The token for what is searchable now."""
    return f"{freshness.epoch}:{freshness.searchable}"


def view(freshness: Freshness, now_ms: int) -> FreshnessView:
    """The worker's freshness as responses show it, at the time `now_ms` (Unix milliseconds)."""
    known = freshness.as_of_ms > 0
    as_of = datetime.fromtimestamp(freshness.as_of_ms / 1000, UTC) if known else None
    return FreshnessView(
        state=freshness.state,
        degraded=freshness.state != "live" or freshness.quarantined > 0,
        reason=freshness.reason or _reason(freshness),
        epoch=freshness.epoch,
        searchable=freshness.searchable,
        token=token_of(freshness),
        as_of=as_of.isoformat(timespec="milliseconds").replace("+00:00", "Z") if as_of else None,
        lag_ms=max(0, now_ms - freshness.as_of_ms) if known else None,
        pending=freshness.pending,
        quarantined=freshness.quarantined,
    )


_REASONS: dict[FreshnessState, str] = {
    "waiting": "The worker has not read any changes yet; documents appear once it has.",
    "snapshot": "The initial snapshot of the database is being read; until then, hits are missing.",
    "loading": "The first documents are being built; until then, hits are missing.",
    "degraded": "The worker reports a problem; see its log.",
    "stopped": "The worker is stopping; changes are delivered after it has been started again.",
    "live": "",
}


def _reason(freshness: Freshness) -> str:
    if freshness.state == "live" and freshness.quarantined:
        return (
            f"{freshness.quarantined} documents are in quarantine and may be out of date;"
            " run rowtide quarantine list for details."
        )
    return _REASONS[freshness.state]
