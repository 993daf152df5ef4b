"""Reads control messages: the logical messages by which the log carries more than changes.

Every login of a database may call `pg_logical_emit_message`, so a message is obeyed only when the pipeline signed it
and its content is possible. Anything else is refused; it is never an error. The connector captures only prefixes that
the key makes (`captured_prefixes`); what an earlier version captured has the public ones, and is read as well.
"""

from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

from cdc.log.envelope import LogicalMessage
from cdc.log.heartbeat import Heartbeat, HeartbeatError, decode
from cdc.log.lsn import Lsn
from cdc.log.names import CONTROL_PREFIXES, HEARTBEAT_PREFIX, MARKER_PREFIX, SNAPSHOT_PREFIX, slot_name
from cdc.log.signature import ControlKey, public_prefix, without_signature

REPLAY_BYTES = 64 * 1024 * 1024
"""Bytes of WAL between the signing of a message and its place in the log. Further on it is a replay."""


class Refusal(StrEnum):
    """Why a message is not obeyed."""

    UNKNOWN = "unknown"
    """Its prefix is none of ours."""
    MALFORMED = "malformed"
    """Its content is too large, or does not have the agreed form."""
    FOREIGN = "foreign"
    """It belongs to another pipeline: every slot of a database receives the messages of all of them. No fault."""
    UNAUTHENTIC = "unauthentic"
    """Its signature is not the pipeline's, or is needed and there is no key to check it with."""
    IMPOSSIBLE = "impossible"
    """It names a position after its own, or was signed for another place in the log."""


class HeartbeatMessage(NamedTuple):
    """A heartbeat of this pipeline, and where the log has it."""

    lsn: Lsn
    content: Heartbeat


class EmptySnapshot(NamedTuple):
    """All captured tables were empty in a snapshot taken after the LSN `since`."""

    since: Lsn


class Marker(NamedTuple):
    """A reader's marker, as earlier versions captured it. Its content is not looked at: it is only ever a position."""


Control = HeartbeatMessage | EmptySnapshot | Marker | Refusal


class SnapshotMessage(msgspec.Struct, frozen=True):
    """The content of a snapshot message: the snapshot was taken after `since`, the message signed at `at` (LSNs)."""

    slot: str
    since: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    at: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Addressed(msgspec.Struct):
    """What every signed message says: whose it is."""

    slot: str


_snapshot_decoder = msgspec.json.Decoder(SnapshotMessage)
_addressed_decoder = msgspec.json.Decoder(_Addressed)


def captured_prefixes(key: ControlKey | None) -> tuple[str, ...]:
    """The prefixes of the messages that the connector captures: those that only the key's owners know, if there is
    one. Markers need none (`cdc.log.marker`)."""
    return (
        CONTROL_PREFIXES if key is None else (key.secret_prefix(HEARTBEAT_PREFIX), key.secret_prefix(SNAPSHOT_PREFIX))
    )


def snapshot_message(key: ControlKey, pipeline: str, since: int, at: int) -> bytes:
    """The signed content of a snapshot message that is emitted at once, when the WAL is at `at`."""
    body = msgspec.json.encode(SnapshotMessage(slot_name(pipeline), since, at))
    return key.sign(SNAPSHOT_PREFIX, body)


class ControlReader:
    """Reads the messages of one pipeline's log. Without a key, which a pipeline of an earlier version has not,
    heartbeats are believed, and messages that delete are not."""

    def __init__(self, pipeline: str, key: ControlKey | None) -> None:
        self._slot = slot_name(pipeline)
        self._key = key

    def read(self, message: LogicalMessage) -> Control:
        """What the message requests, or why it is refused."""
        match public_prefix(message.prefix):
            case p if p == MARKER_PREFIX:
                return Marker()
            case p if p == HEARTBEAT_PREFIX:
                return self._heartbeat(message)
            case p if p == SNAPSHOT_PREFIX:
                return self._empty_snapshot(message)
        return Refusal.UNKNOWN

    def _heartbeat(self, message: LogicalMessage) -> Control:
        if message.content is None:
            return Refusal.MALFORMED
        body = self._key.verify(HEARTBEAT_PREFIX, message.content) if self._key else without_signature(message.content)
        if body is None:
            return self._unsigned(message.content)
        try:
            content = decode(body)
        except HeartbeatError:
            return Refusal.MALFORMED
        if content.slot != self._slot:
            return Refusal.FOREIGN
        if content.lsn is not None and _far_apart(message.lsn, content.lsn):
            return Refusal.IMPOSSIBLE
        return HeartbeatMessage(message.lsn, content)

    def _empty_snapshot(self, message: LogicalMessage) -> Control:
        if message.content is None:
            return Refusal.MALFORMED
        body = self._key.verify(SNAPSHOT_PREFIX, message.content) if self._key else None
        if body is None:
            return self._unsigned(message.content)
        try:
            content = _snapshot_decoder.decode(body)
        except msgspec.MsgspecError:
            return Refusal.MALFORMED
        if content.slot != self._slot:
            return Refusal.FOREIGN
        if content.since > message.lsn or _far_apart(message.lsn, content.at):
            return Refusal.IMPOSSIBLE
        return EmptySnapshot(Lsn(content.since))

    def _unsigned(self, content: bytes) -> Refusal:
        """Why a message that this pipeline did not sign is refused: another pipeline signs with a key of its own."""
        try:
            addressed = _addressed_decoder.decode(without_signature(content))
        except msgspec.MsgspecError:
            return Refusal.UNAUTHENTIC
        return Refusal.UNAUTHENTIC if addressed.slot == self._slot else Refusal.FOREIGN


def _far_apart(lsn: int, signed_at: int) -> bool:
    return abs(lsn - signed_at) > REPLAY_BYTES
