"""What position the log had reached at a moment: Kafka knows by time where the log stood, and a marker or heartbeat says the LSN."""

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.envelope import EnvelopeError, decode, heartbeat, split_transaction_id
from cdc.lsn import Lsn
from cdc.topics import changes_topic
from sync_worker.errors import ServiceMissing, WorkerError

READ_SECONDS = 30.0
"""How long to look for a position; a heartbeat comes every second."""


def lsn_at(bootstrap_servers: str, pipeline: str, moment: float) -> Lsn:
    """A position that every commit after `moment` (Unix seconds, Kafka's clock) is beyond. WorkerError when the log does not go back so far."""
    topic = changes_topic(pipeline)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"rowtide-{pipeline}-since",
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )
    try:
        low, _ = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        (found,) = consumer.offsets_for_times([TopicPartition(topic, 0, int(moment * 1000))], timeout=10)
        if found.offset < 0:
            raise WorkerError(
                f"topic {topic} holds nothing since then: does the connector run? (rowtide connectors status)"
            )
        if found.offset <= low and low > 0:
            raise WorkerError(
                f"topic {topic} does not go back to that time any more; verify all documents, or give an LSN"
            )
        consumer.assign([TopicPartition(topic, 0, found.offset)])
        return _first_position(consumer, topic)
    except KafkaException as error:
        raise ServiceMissing(f"Kafka at {bootstrap_servers} does not answer: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _first_position(consumer: Consumer, topic: str) -> Lsn:
    deadline = time.monotonic() + READ_SECONDS
    while time.monotonic() < deadline:
        for message in consumer.consume(500, 1.0):
            value = message.value()
            if message.error() is None and value is not None and (lsn := _before(value)) is not None:
                return lsn
    raise WorkerError(f"topic {topic} said no position within {READ_SECONDS:.0f} s: does the connector run?")


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
