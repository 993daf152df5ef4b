"""The consistency that a request requires. Pure: parses the parameters and compares positions."""

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
    """A position of the source's WAL. Without an epoch it belongs to the current one."""

    lsn: Lsn
    epoch: int | None = None

    def seen_by(self, freshness: Freshness) -> bool:
        """Whether a search that starts now sees every change up to this position (invariant 6)."""
        return self.epoch in (None, freshness.epoch) and freshness.searchable >= self.lsn


@dataclass(frozen=True, slots=True)
class ConsistencyRequest:
    """The consistency level, for `at_least` the position, and the seconds to wait.

    `preferred`: the request set the wait itself. `stale`: an older result is acceptable when the wait times out.
    """

    level: ConsistencyLevel = "eventual"
    position: RequestedPosition | None = None
    wait: float = 0.0
    preferred: bool = False
    stale: bool = False


EVENTUAL = ConsistencyRequest()


@dataclass(frozen=True, slots=True)
class WaitLimits:
    """The default and the maximum wait, in seconds."""

    default: float
    maximum: float


class NotYetConsistent(Exception):
    """The index did not reach the requested position within the wait."""

    def __init__(self, message: str, freshness: FreshnessView) -> None:
        super().__init__(message)
        self.freshness = freshness


class EpochMismatch(Exception):
    """The requested position belongs to a history of the database that the documents no longer follow."""

    def __init__(self, freshness: FreshnessView) -> None:
        super().__init__("The token belongs to another epoch.")
        self.freshness = freshness


def read_consistency(
    consistency: str, at_least: str, stale: str, prefer: Iterable[str], limits: WaitLimits
) -> ConsistencyRequest:
    """Parse the parameters. Raises InvalidRequest with every error."""
    if not (consistency or at_least or stale):
        return EVENTUAL
    errors: list[ValidationError] = []
    if stale not in ("", "allow"):
        errors.append(
            ValidationError("stale", f"stale: {stale!r} is not a valid value; write stale=allow, or omit it.")
        )
    at_least_match = _AT_LEAST.fullmatch(consistency)
    if at_least_match and not at_least:
        consistency, at_least = "at_least", at_least_match["position"]
    level = _level(consistency, at_least, errors)
    position = _position(at_least, errors) if level == "at_least" else None
    if errors:
        raise InvalidRequest(*errors)
    preferred = seconds_to_wait(prefer)
    wait = limits.default if preferred is None else preferred
    return ConsistencyRequest(
        level, position, min(wait, limits.maximum), preferred is not None and level != "eventual", bool(stale)
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
            message = f"consistency: {consistency} and at_least are mutually exclusive; omit one."
        case ("at_least", False):
            message = (
                "consistency: at_least needs a position; write at_least=<token> with the Rowtide-Token of a response."
            )
        case _:
            message = f"consistency: {consistency!r} is not a valid level; write eventual, now, or at_least=<token>."
    errors.append(ValidationError("consistency", message))
    return "eventual"


def _position(text: str, errors: list[ValidationError]) -> RequestedPosition | None:
    """Parse a token, or an LSN in PostgreSQL's form or as a number."""
    token = _TOKEN.fullmatch(text)
    try:
        if token:
            return _checked(int(token["lsn"]), int(token["epoch"]))
        return _checked(parse_lsn(text) if "/" in text else int(text), None)
    except ValueError:
        errors.append(
            ValidationError(
                "at_least", "at_least: write the Rowtide-Token of a response (1:26731928), or an LSN (0/197E598)."
            )
        )
        return None


def _checked(lsn: int, epoch: int | None) -> RequestedPosition:
    if not 0 <= lsn < 2**63:
        raise ValueError(lsn)
    return RequestedPosition(Lsn(lsn), epoch)


def seconds_to_wait(prefer: Iterable[str]) -> int | None:
    """The seconds of `Prefer: wait=…` (RFC 7240), or None. The first one counts; other preferences are ignored."""
    for preference in (part.split(";")[0].strip() for line in prefer for part in line.split(",")):
        match = _WAIT.fullmatch(preference)
        if match:
            return int(match[1])
    return None
