"""What the worker reads of a Kafka message."""

from typing import Any, Protocol

import msgspec

from cdc.log.envelope import EnvelopeError, Record, decode
from cdc.log.transaction import WAY_OUT
from sync_worker.errors import WorkerError

OLD_KEY_HEADER = "__debezium.oldkey"


class LogMessage(Protocol):
    """What is needed of a Kafka message."""

    def value(self) -> bytes | None: ...
    def offset(self) -> int | None: ...
    def headers(self) -> Any: ...


def decode_message(message: LogMessage, value: bytes) -> Record:
    """The record in a message."""
    try:
        return decode(value)
    except EnvelopeError as error:
        raise WorkerError(
            f"the record at offset {message.offset()} of the log is of no use: {error}; find out what else writes to the topic,"
            f" {WAY_OUT}"
        ) from error


def old_key(message: LogMessage) -> bytes | None:
    """The key before a key change, from the header that Debezium writes on the `c` of a move."""
    for name, value in message.headers() or ():
        if name == OLD_KEY_HEADER and value is not None:
            header = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
            return bytes(header["payload"]) if set(header) == {"schema", "payload"} else bytes(value)
    return None
