"""Records of `<pipeline>.changes`, decoded: change events, transaction markers and logical messages.

The forms are Debezium's (https://debezium.io/documentation/reference/stable/connectors/postgresql.html), written by
Kafka Connect's JsonConverter without schemas. Row images stay undecoded (`Raw`): who holds a table's columns decodes them.
"""

import base64
import binascii
from typing import NamedTuple

import msgspec

from cdc.log.lsn import NOTHING, Lsn
from cdc.log.recovery import Recovery


class EnvelopeError(Exception):
    """A record of the change log that is not of the agreed form."""

    exit_code = 1

    def __init__(self, text: str, recovery: Recovery | None = None) -> None:
        super().__init__(text)
        self.recovery = recovery


class Source(msgspec.Struct, rename={"tx_id": "txId"}, gc=False):
    """Where an event comes from. `lsn` and `tx_id` are None in rows of an incremental snapshot."""

    schema: str = ""
    table: str = ""
    snapshot: str | bool | None = None
    lsn: int | None = None
    tx_id: int | None = None
    sequence: str | None = None
    ts_ms: int = 0


class InTransaction(msgspec.Struct, gc=False):
    """Place of an event in its transaction. `id` is `txId:lsn`, where the lsn differs per event."""

    id: str
    total_order: int


class Message(msgspec.Struct, gc=False):
    """A logical message: `content` is base64."""

    prefix: str = ""
    content: str = ""


class Record(msgspec.Struct, gc=False):
    """Any record of the log. `status` is set on transaction markers, `message` on messages, the rest on change events."""

    op: str | None = None
    before: msgspec.Raw = msgspec.Raw(b"null")
    after: msgspec.Raw = msgspec.Raw(b"null")
    source: Source | None = None
    transaction: InTransaction | None = None
    status: str | None = None
    id: str | None = None
    event_count: int | None = None
    ts_ms: int = 0
    message: Message | None = None


class Heartbeat(NamedTuple):
    """A non-transactional logical message: the clock of the log. `content` is what the emitter wrote."""

    lsn: Lsn
    prefix: str
    content: bytes
    ts_ms: int


_decoder = msgspec.json.Decoder(Record)


def decode(value: bytes) -> Record:
    """Decode one record's value. EnvelopeError says what was wrong, without quoting the value."""
    try:
        record = _decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise EnvelopeError(f"not a Debezium envelope: {error}") from error
    if record.op is None and record.status is None:
        if _in_a_schema(value):
            raise EnvelopeError(
                "its value is wrapped as schema and payload; the connector needs value.converter.schemas.enable=false",
                Recovery.APPLY_CONNECTOR_AND_NEW_STORE,
            )
        raise EnvelopeError("neither a change event nor a transaction marker: it has no op and no status")
    if record.op is not None and record.source is None:
        raise EnvelopeError(f"a change event with op {record.op!r} has no source")
    return record


def _in_a_schema(value: bytes) -> bool:
    """Whether the connector was told to send each value's schema along."""
    return set(msgspec.json.decode(value, type=dict[str, msgspec.Raw])) == {"schema", "payload"}


def heartbeat(record: Record) -> Heartbeat:
    """Read a message event."""
    message, source = record.message, record.source
    if message is None or source is None:
        raise EnvelopeError("a message event has no message")
    try:
        content = base64.b64decode(message.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"a message with prefix {message.prefix!r} has content that is not base64") from error
    return Heartbeat(Lsn(source.lsn or NOTHING), message.prefix, content, record.ts_ms)


def split_transaction_id(text: str) -> tuple[int, Lsn]:
    """Split `txId:lsn`. Of an END marker the lsn is the commit's."""
    tx_id, colon, lsn = text.partition(":")
    if not colon or not tx_id.isdecimal() or not lsn.isdecimal():
        raise EnvelopeError(f"a transaction id of another form than txId:lsn: {text!r}")
    return int(tx_id), Lsn(int(lsn))


def last_commit(source: Source) -> Lsn:
    """`sequence[0]`: the last commit (or message) before the event's transaction; 0 when Debezium does not know it."""
    if not source.sequence:
        return NOTHING
    try:
        first = msgspec.json.decode(source.sequence, type=list[str | None])[0]
    except (msgspec.MsgspecError, IndexError) as error:
        raise EnvelopeError("source.sequence is not a JSON array of texts") from error
    return Lsn(int(first)) if first else NOTHING
