"""How far behind the answers are, as the worker tells it. Without the worker the answer is `degraded`, never an error."""

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct, structs

from read_model.freshness import Freshness, State

ConsistencyLevel = Literal["eventual", "at_least", "now"]


class FreshnessView(Struct, frozen=True):
    """What readers see. `searchable` is a log position as an integer, to be compared within one `epoch` only.

    `token` stands for the two; a later request may ask to see at least that. Null when unknown.
    `as_of` is the source's clock at that position (ISO 8601), `lag_ms` how long ago that was; both null when unknown.
    `consistency` is what was asked for, `met` whether this answer sees it, `waited_ms` how long it waited for that."""

    state: State
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
        """The same in short, for answers that are no JSON. `Rowtide-Freshness` is a dictionary of RFC 9651."""
        known = f'as-of="{self.as_of}", lag-ms={self.lag_ms}, ' if self.as_of else ""
        items = f"{known}degraded=?{self.degraded:d}, consistency={self.consistency}, met=?{self.met:d}"
        return {"Rowtide-Freshness": items} | ({"Rowtide-Token": self.token} if self.token else {})


class IndexPosition(Struct, array_like=True, frozen=True):
    """What was searchable at a point in time: an epoch, the position in it, and the source's clock there."""

    epoch: int
    searchable: int
    as_of: str | None


UNKNOWN_POSITION = IndexPosition(0, 0, None)


def position_of(said: FreshnessView) -> IndexPosition:
    """What an answer sees that is this fresh."""
    return IndexPosition(said.epoch, said.searchable, said.as_of)


def at_position(said: FreshnessView, seen: IndexPosition) -> FreshnessView:
    """The freshness of an answer that is read at an older point in time (invariant 6)."""
    lag = None
    if seen.as_of and said.as_of and said.lag_ms is not None:
        older = datetime.fromisoformat(said.as_of) - datetime.fromisoformat(seen.as_of)
        lag = said.lag_ms + round(older.total_seconds() * 1000)
    token = f"{seen.epoch}:{seen.searchable}" if seen != UNKNOWN_POSITION else None
    return structs.replace(
        said, epoch=seen.epoch, searchable=seen.searchable, token=token, as_of=seen.as_of, lag_ms=lag
    )


def unknown(reason: str) -> FreshnessView:
    """The view when nobody can tell."""
    return FreshnessView("degraded", True, reason, 0, 0, None, None, None, 0, 0)


def token_of(freshness: Freshness) -> str:
    """The token that stands for what is searchable now."""
    return f"{freshness.epoch}:{freshness.searchable}"


def view(freshness: Freshness, now_ms: int) -> FreshnessView:
    """What to tell readers at the time `now_ms` (Unix milliseconds)."""
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


_REASONS: dict[State, str] = {
    "waiting": "The worker has read nothing yet; documents appear as soon as it has.",
    "snapshot": "The first snapshot of the database is being read; until it is, hits are missing.",
    "loading": "The first documents are being built; until they are, hits are missing.",
    "degraded": "The worker says that something is missing; its log says what.",
    "stopped": "The worker is stopping; changes wait until somebody starts it again.",
    "live": "",
}


def _reason(freshness: Freshness) -> str:
    if freshness.state == "live" and freshness.quarantined:
        return (
            f"{freshness.quarantined} documents are in quarantine and may be out of date; see rowtide quarantine list."
        )
    return _REASONS[freshness.state]
