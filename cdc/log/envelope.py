"""Decodes the records of `<pipeline>.changes`: change events, transaction markers and logical messages.

The forms are Debezium's (https://debezium.io/documentation/reference/stable/connectors/postgresql.html), written by
Kafka Connect's JsonConverter without schemas. Row images stay undecoded (`Raw`), to be decoded by whoever knows the
table's columns.
"""

import base64
import binascii
from typing import NamedTuple

import msgspec

from cdc.log.lsn import NOTHING, Lsn
from cdc.log.recovery import Recovery


class EnvelopeError(Exception):
    """A record of the change log does not have the agreed form."""

    exit_code = 1

    def __init__(self, text: str, recovery: Recovery | None = None) -> None:
        super().__init__(text)
        self.recovery = recovery


class Source(msgspec.Struct, rename={"tx_id": "txId"}, gc=False):
    """The origin of an event. `lsn` and `tx_id` are None in rows of an incremental snapshot."""

    schema: str = ""
    table: str = ""
    snapshot: str | bool | None = None
    lsn: int | None = None
    tx_id: int | None = None
    sequence: str | None = None
    ts_ms: int = 0


class InTransaction(msgspec.Struct, gc=False):
    """The position of an event in its transaction. `id` is `txId:lsn`, with the event's own lsn."""

    id: str
    total_order: int


class MessagePayload(msgspec.Struct, gc=False):
    """The payload of a logical message; `content` is base64."""

    prefix: str = ""
    content: str = ""


class Record(msgspec.Struct, gc=False):
    """Any record of the log. Transaction markers have `status`, logical messages `message`, change events the rest."""

    op: str | None = None
    before: msgspec.Raw = msgspec.Raw(b"null")
    after: msgspec.Raw = msgspec.Raw(b"null")
    source: Source | None = None
    transaction: InTransaction | None = None
    status: str | None = None
    id: str | None = None
    event_count: int | None = None
    ts_ms: int = 0
    message: MessagePayload | None = None


class LogicalMessage(NamedTuple):
    """A non-transactional logical message, such as a heartbeat or a marker. Anybody may have emitted it.

    `content` is what the emitter wrote; None when it is larger than MAX_CONTENT_BYTES or not base64."""

    lsn: Lsn
    prefix: str
    content: bytes | None
    ts_ms: int


MAX_CONTENT_BYTES = 4 * 1024 * 1024
"""No message of ours is larger: a heartbeat has at most about 200 bytes for each captured table."""

_decoder = msgspec.json.Decoder(Record)


def decode(value: bytes) -> Record:
    """Decode one record's value. Raises EnvelopeError, which does not quote the value."""
    try:
        record = _decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise EnvelopeError(f"The record is not a Debezium envelope: {error}.") from error
    if record.op is None and record.status is None:
        if _in_a_schema(value):
            raise EnvelopeError(
                "The record is wrapped as schema and payload, because the connector lacks value.converter.schemas.enable=false.",
                Recovery.APPLY_CONNECTOR_AND_NEW_STORE,
            )
        raise EnvelopeError(
            "The record is neither a change event nor a transaction marker: it has no op and no status."
        )
    if record.op is not None and record.source is None:
        raise EnvelopeError(f"The change event with op {record.op!r} has no source.")
    return record


def _in_a_schema(value: bytes) -> bool:
    """Whether the value contains its schema, because of value.converter.schemas.enable."""
    return set(msgspec.json.decode(value, type=dict[str, msgspec.Raw])) == {"schema", "payload"}


def logical_message(record: Record) -> LogicalMessage:
    """Read a message event. Raises EnvelopeError."""
    message, source = record.message, record.source
    if message is None or source is None:
        raise EnvelopeError("The message event has no message.")
    return LogicalMessage(Lsn(source.lsn or NOTHING), message.prefix, _content(message.content), record.ts_ms)


def _content(text: str) -> bytes | None:
    if len(text) * 3 // 4 > MAX_CONTENT_BYTES:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def split_transaction_id(text: str) -> tuple[int, Lsn]:
    """Split `txId:lsn`; the lsn of an END marker is the commit's. Raises EnvelopeError."""
    tx_id, colon, lsn = text.partition(":")
    if not colon or not tx_id.isdecimal() or not lsn.isdecimal():
        raise EnvelopeError(f"The transaction id {text!r} does not have the form txId:lsn.")
    return int(tx_id), Lsn(int(lsn))


def last_commit(source: Source) -> Lsn:
    """`sequence[0]`: the LSN of the last commit (or message) before the event's transaction; 0 if Debezium does not
    know it."""
    if not source.sequence:
        return NOTHING
    try:
        first = msgspec.json.decode(source.sequence, type=list[str | None])[0]
    except (msgspec.MsgspecError, IndexError) as error:
        raise EnvelopeError("The field source.sequence is not a JSON array of strings.") from error
    return Lsn(int(first)) if first else NOTHING
