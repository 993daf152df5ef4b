"""What position the log had reached at a moment: Kafka knows by time where the log stood, and a marker or heartbeat says the LSN."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.log.envelope import EnvelopeError, decode, heartbeat, split_transaction_id
from cdc.log.lsn import Lsn
from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess
from sync_worker.errors import WorkerError
from sync_worker.log.consumer import Refusals, consumer

CLOCKS_APART = 5.0
"""Seconds that Kafka's clock may be behind PostgreSQL's."""
READ_SECONDS = 30.0
"""How long to look for a position; a heartbeat comes every second."""


def lsn_at(access: KafkaAccess, pipeline: str, moment: float) -> Lsn:
    """A position that every commit after `moment` (Unix seconds, Kafka's clock) is beyond. WorkerError when the log does not go back so far."""
    with _log_from(access, pipeline, moment) as values:
        for value in values:
            if (lsn := _before(value)) is not None:
                return lsn
    raise WorkerError(f"the log of {pipeline} said no position within {READ_SECONDS:.0f} s: does the connector run?")


def commit_lsn(access: KafkaAccess, pipeline: str, tx_id: int, committed: float) -> Lsn | None:
    """The LSN of a transaction's commit, which was at about `committed` (Unix seconds); None when the log does not tell."""
    with _log_from(access, pipeline, committed - CLOCKS_APART) as values:
        for value in values:
            record = decode(value)
            if record.status == "END":
                found, lsn = split_transaction_id(record.id or "")
                if found == tx_id:
                    return lsn
            if record.ts_ms > (committed + READ_SECONDS) * 1000:
                return None
    return None


@contextmanager
def _log_from(access: KafkaAccess, pipeline: str, moment: float) -> Iterator[Iterator[bytes]]:
    """The log's records that Kafka took at that moment or later."""
    topic = changes_topic(pipeline)
    settings: dict[str, Any] = {"group.id": f"rowtide-{pipeline}-since", "enable.auto.commit": False}
    refusals = Refusals()
    client = consumer(access, refusals, **settings)
    try:
        low, _ = client.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        (found,) = client.offsets_for_times([TopicPartition(topic, 0, int(moment * 1000))], timeout=10)
        if found.offset < 0:
            raise WorkerError(
                f"topic {topic} holds nothing since then: does the connector run? (rowtide connectors status)"
            )
        if found.offset <= low and low > 0:
            raise WorkerError(
                f"topic {topic} does not go back to that time any more; verify all documents, or give an LSN"
            )
        client.assign([TopicPartition(topic, 0, found.offset)])
        yield _values(client)
    except KafkaException as error:
        client.poll(0)
        raise refusals.to_error(access, error) from error
    finally:
        client.close()


def _values(client: Consumer) -> Iterator[bytes]:
    """Read on, for so long at most."""
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for message in client.consume(500, 1.0):
            value = message.value()
            if message.error() is None and value is not None:
                yield value


def _before(value: bytes) -> Lsn | None:
    """A position just before this record, if it is one of those that stand at a place of the log: a commit or a heartbeat."""
    try:
        record = decode(value)
        if record.status == "END":
            return Lsn(split_transaction_id(record.id or "")[1] - 1)
        if record.op == "m" and record.transaction is None:
            return Lsn(heartbeat(record).lsn - 1)
    except EnvelopeError:
        return None
    return None
