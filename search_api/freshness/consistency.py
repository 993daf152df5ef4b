"""What a reader may ask of an answer's freshness. Pure: from parameters to a demand, and whether it is met."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cdc.log.lsn import Lsn, parse_lsn
from read_model.freshness import Freshness
from search_api.freshness.view import ConsistencyLevel, FreshnessView
from search_api.query.validation import InvalidRequest, ValidationError

_TOKEN = re.compile(r"(?P<epoch>\d{1,9}):(?P<lsn>\d{1,19})")
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,6})"?', re.IGNORECASE)
_AT_LEAST = re.compile(r"at_least[=:](?P<position>.+)")


@dataclass(frozen=True, slots=True)
class RequestedPosition:
    """A position of the log. Without an epoch it means the epoch of now."""

    lsn: Lsn
    epoch: int | None = None

    def seen_by(self, freshness: Freshness) -> bool:
        """Whether a search that starts now sees everything up to here."""
        return self.epoch in (None, freshness.epoch) and freshness.searchable >= self.lsn


@dataclass(frozen=True, slots=True)
class ConsistencyRequest:
    """What was asked for: the level, for `at_least` the position, the seconds to wait, and whether a late answer will do.

    `preferred`: the reader said how long to wait."""

    level: ConsistencyLevel = "eventual"
    position: RequestedPosition | None = None
    wait: float = 0.0
    preferred: bool = False
    stale: bool = False


EVENTUAL = ConsistencyRequest()


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """Seconds that a reader waits unless asked otherwise, and at most."""

    usual: float
    most: float


class NotYetConsistent(Exception):
    """The documents did not come as far as was asked, in the time that there was."""

    def __init__(self, message: str, freshness: FreshnessView) -> None:
        super().__init__(message)
        self.freshness = freshness


class EpochMismatch(Exception):
    """The position belongs to a history of the database that the documents no longer follow."""

    def __init__(self, freshness: FreshnessView) -> None:
        super().__init__("The token belongs to another epoch.")
        self.freshness = freshness


def read_consistency(
    consistency: str, at_least: str, stale: str, prefer: Iterable[str], waits: WaitLimits
) -> ConsistencyRequest:
    """Read the parameters; raises InvalidRequest."""
    if not (consistency or at_least or stale):
        return EVENTUAL
    errors: list[ValidationError] = []
    if stale not in ("", "allow"):
        errors.append(ValidationError("stale", f"stale: {stale!r} is not known; write stale=allow, or leave it out."))
    named = _AT_LEAST.fullmatch(consistency)
    if named and not at_least:
        consistency, at_least = "at_least", named["position"]
    level = _level(consistency, at_least, errors)
    position = _position(at_least, errors) if level == "at_least" else None
    if errors:
        raise InvalidRequest(tuple(errors))
    asked = seconds_to_wait(prefer)
    wait = waits.usual if asked is None else asked
    return ConsistencyRequest(
        level, position, min(wait, waits.most), asked is not None and level != "eventual", bool(stale)
    )


def _level(consistency: str, at_least: str, errors: list[ValidationError]) -> ConsistencyLevel:
    match consistency, bool(at_least):
        case ("" | "at_least", True):
            return "at_least"
        case ("" | "eventual", False):
            return "eventual"
        case ("now", False):
            return "now"
        case ("eventual" | "now", True):
            message = f"consistency: {consistency} and at_least exclude each other; leave one out."
        case ("at_least", False):
            message = "consistency: at_least needs a position; write at_least=<token>, the Rowtide-Token of an answer."
        case _:
            message = f"consistency: {consistency!r} is not known; write eventual, now, or at_least=<token>."
    errors.append(ValidationError("consistency", message))
    return "eventual"


def _position(text: str, errors: list[ValidationError]) -> RequestedPosition | None:
    """A token, or a bare LSN in PostgreSQL's form or as a number."""
    found = _TOKEN.fullmatch(text)
    try:
        if found:
            return _checked(int(found["lsn"]), int(found["epoch"]))
        return _checked(parse_lsn(text) if "/" in text else int(text), None)
    except ValueError:
        errors.append(
            ValidationError(
                "at_least", "at_least: write the Rowtide-Token of an answer (1:26731928), or an LSN (0/197E598)."
            )
        )
        return None


def _checked(lsn: int, epoch: int | None) -> RequestedPosition:
    if not 0 <= lsn < 2**63:
        raise ValueError(lsn)
    return RequestedPosition(Lsn(lsn), epoch)


def seconds_to_wait(prefer: Iterable[str]) -> int | None:
    """The seconds of `Prefer: wait=…` (RFC 7240); the first one counts, anything else is not for us."""
    for one in (part.split(";")[0].strip() for line in prefer for part in line.split(",")):
        found = _WAIT.fullmatch(one)
        if found:
            return int(found[1])
    return None
