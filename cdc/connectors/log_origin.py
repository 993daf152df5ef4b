"""Which server wrote a pipeline's topic, by the last heartbeat in it."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.log.envelope import EnvelopeError, LogicalMessage, decode, logical_message
from cdc.log.heartbeat import HeartbeatError
from cdc.log.heartbeat import decode as decode_heartbeat
from cdc.log.names import HEARTBEAT_PREFIX, changes_topic
from cdc.log.signature import public_prefix, without_signature
from connections.kafka import KafkaAccess, client_settings

LAST_RECORDS = 200
"""Heartbeats come every second, with a BEGIN and an END each."""
_SECONDS = 10.0


def system_of_log(access: KafkaAccess, pipeline: str) -> str | None:
    """The system identifier of the server that the log comes from; None when its end does not name one, or this user
    may not read it."""
    # librdkafka's own log lines would repeat what is not an error here.
    settings = {**client_settings(access), "group.id": f"rowtide-{pipeline}-origin", "log_level": 0}
    with closing(Consumer(settings)) as consumer:
        try:
            return last_system(_last_values(consumer, TopicPartition(changes_topic(pipeline), 0)))
        except KafkaException:
            return None


def last_system(values: Iterable[bytes]) -> str | None:
    """The system identifier in the last heartbeat among the records."""
    system = None
    for value in values:
        try:
            record = decode(value)
            if record.op == "m" and (message := logical_message(record)).content and _is_heartbeat(message):
                system = decode_heartbeat(without_signature(message.content)).system
        except (EnvelopeError, HeartbeatError):
            continue
    return system


def _is_heartbeat(message: LogicalMessage) -> bool:
    """Whether the message claims to be a heartbeat; the key that would prove it is not needed."""
    return public_prefix(message.prefix) == HEARTBEAT_PREFIX


def _last_values(consumer: Consumer, partition: TopicPartition) -> Iterator[bytes]:
    if partition.topic not in consumer.list_topics(timeout=_SECONDS).topics:
        return
    low, high = consumer.get_watermark_offsets(partition, timeout=_SECONDS)
    start = max(low, high - LAST_RECORDS)
    consumer.assign([TopicPartition(partition.topic, partition.partition, start)])
    deadline = monotonic() + _SECONDS
    while start < high and monotonic() < deadline:
        for message in consumer.consume(high - start, 0.5):
            value = message.value()
            if message.error() is not None or value is None:
                return
            start = (message.offset() or 0) + 1
            yield value
