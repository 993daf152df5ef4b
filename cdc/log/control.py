"""Reads control messages: the logical messages by which the log carries more than changes.

Every login of a database may call `pg_logical_emit_message`, so a message is obeyed only when its form is right and
its content is possible. Anything else is refused; it is never an error.
"""

from enum import StrEnum
from typing import NamedTuple

from cdc.log.envelope import LogicalMessage
from cdc.log.heartbeat import Heartbeat, HeartbeatError, decode
from cdc.log.lsn import Lsn
from cdc.log.names import HEARTBEAT_PREFIX, MARKER_PREFIX, SNAPSHOT_PREFIX, slot_name

_LSN_DIGITS = 20
"""Digits of the largest LSN, in decimal."""


class Refusal(StrEnum):
    """Why a message is not obeyed."""

    UNKNOWN = "unknown"
    """Its prefix is none of ours."""
    MALFORMED = "malformed"
    """Its content is too large, or does not have the agreed form."""
    FOREIGN = "foreign"
    """It belongs to another pipeline."""
    IMPOSSIBLE = "impossible"
    """It names a position after its own."""


class Beat(NamedTuple):
    """A heartbeat of this pipeline, and where the log has it."""

    lsn: Lsn
    content: Heartbeat


class EmptySnapshot(NamedTuple):
    """All captured tables were empty in a snapshot taken after the LSN `since`."""

    since: Lsn


class Marker(NamedTuple):
    """A reader's marker. Its content is not looked at: a marker is only ever a position."""


Control = Beat | EmptySnapshot | Marker | Refusal


class ControlReader:
    """Reads the messages of one pipeline's log."""

    def __init__(self, pipeline: str) -> None:
        self._slot = slot_name(pipeline)

    def read(self, message: LogicalMessage) -> Control:
        """What the message requests, or why it is refused."""
        match message.prefix:
            case p if p == MARKER_PREFIX:
                return Marker()
            case p if p == HEARTBEAT_PREFIX:
                return self._heartbeat(message)
            case p if p == SNAPSHOT_PREFIX:
                return _empty_snapshot(message)
        return Refusal.UNKNOWN

    def _heartbeat(self, message: LogicalMessage) -> Control:
        if message.content is None:
            return Refusal.MALFORMED
        try:
            content = decode(message.content)
        except HeartbeatError:
            return Refusal.MALFORMED
        return Beat(message.lsn, content) if content.slot == self._slot else Refusal.FOREIGN


def _empty_snapshot(message: LogicalMessage) -> Control:
    content = message.content
    if content is None or not content.isdigit() or len(content) > _LSN_DIGITS:
        return Refusal.MALFORMED
    since = Lsn(int(content))
    return EmptySnapshot(since) if since <= message.lsn else Refusal.IMPOSSIBLE
