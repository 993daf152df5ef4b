"""Decodes the Kafka messages of the log."""

from typing import Any, Protocol

import msgspec

from cdc.log.envelope import EnvelopeError, Record, decode
from cdc.log.recovery import Recovery
from sync_worker.errors import WorkerError

OLD_KEY_HEADER = "__debezium.oldkey"


class LogMessage(Protocol):
    """The part of a Kafka message that the worker reads."""

    def value(self) -> bytes | None: ...
    def offset(self) -> int | None: ...
    def headers(self) -> Any: ...


def decode_message(message: LogMessage, value: bytes) -> Record:
    """Decode the record in a message. Raises WorkerError when it is not one."""
    try:
        return decode(value)
    except EnvelopeError as error:
        raise WorkerError(
            f"Cannot decode the record at offset {message.offset()} of the log. {error} Stop any other program that"
            " writes to the topic.",
            error.recovery or Recovery.NEW_STORE,
        ) from error


def old_key(message: LogMessage) -> bytes | None:
    """The key before a key change, from the header that Debezium adds to the `c` event."""
    for name, value in message.headers() or ():
        if name == OLD_KEY_HEADER and value is not None:
            header = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
            return bytes(header["payload"]) if set(header) == {"schema", "payload"} else bytes(value)
    return None
