"""Converts times to LSNs: Kafka finds the offset by time, and the next commit or heartbeat contains the LSN."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, TopicPartition

from cdc.log.envelope import EnvelopeError, decode, logical_message, split_transaction_id
from cdc.log.lsn import Lsn
from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess
from sync_worker.errors import WorkerError
from sync_worker.log.consumer import log_reader

CLOCK_SKEW = 5.0
"""Seconds by which Kafka's clock may be behind PostgreSQL's."""
READ_SECONDS = 30.0
"""How long to search for an LSN; heartbeats arrive every second."""


def lsn_at(access: KafkaAccess, pipeline: str, moment: float) -> Lsn:
    """An LSN below every commit after `moment` (Unix seconds, Kafka's clock).

    Raises WorkerError when the log does not go back that far or is not growing."""
    with _log_from(access, pipeline, moment) as values:
        for value in values:
            if (lsn := _lsn_before(value)) is not None:
                return lsn
    raise WorkerError(
        f"No LSN arrived in topic {changes_topic(pipeline)} within {READ_SECONDS:.0f} s. Check the"
        " connector with `rowtide connectors status`."
    )


def commit_lsn(access: KafkaAccess, pipeline: str, tx_id: int, committed: float) -> Lsn | None:
    """The commit LSN of a transaction that committed at about `committed` (Unix seconds); None when the log lacks
    it."""
    with _log_from(access, pipeline, committed - CLOCK_SKEW) as values:
        for value in values:
            record = decode(value)
            if record.status == "END":
                ended_tx, lsn = split_transaction_id(record.id or "")
                if ended_tx == tx_id:
                    return lsn
            if record.ts_ms > (committed + READ_SECONDS) * 1000:
                return None
    return None


@contextmanager
def _log_from(access: KafkaAccess, pipeline: str, moment: float) -> Iterator[Iterator[bytes]]:
    """The records that Kafka received at `moment` or later."""
    topic = changes_topic(pipeline)
    with log_reader(access, f"rowtide-{pipeline}-since") as client:
        low, _ = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        (start,) = client.offsets_for_times([TopicPartition(topic, 0, int(moment * 1000))], timeout=10)
        if start.offset < 0:
            raise WorkerError(
                f"Topic {topic} has no records since then. Check the connector with `rowtide connectors status`."
            )
        if start.offset <= low and low > 0:
            raise WorkerError(
                f"Topic {topic} no longer contains records from that time. Verify all documents, or pass an LSN."
            )
        client.assign([TopicPartition(topic, 0, start.offset)])
        yield _values(client)


def _values(client: Consumer) -> Iterator[bytes]:
    """Records as they arrive, for at most READ_SECONDS."""
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for message in client.consume(500, 1.0):
            value = message.value()
            if message.error() is None and value is not None:
                yield value


def _lsn_before(value: bytes) -> Lsn | None:
    """The LSN just before this record, if it is a commit or a heartbeat; other records have no LSN of their own."""
    try:
        record = decode(value)
        if record.status == "END":
            return Lsn(split_transaction_id(record.id or "")[1] - 1)
        if record.op == "m" and record.transaction is None:
            return Lsn(logical_message(record).lsn - 1)
    except EnvelopeError:
        return None
    return None
