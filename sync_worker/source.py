"""The change log as a stream of Kafka messages, from a given offset on. Positions live in the row store, not in Kafka."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from cdc.transaction import WAY_OUT
from sync_worker.errors import PositionLost, ServiceMissing


@dataclass(frozen=True, slots=True)
class LogSpan:
    """What Kafka holds of the log: the topic's id, the first offset kept and the next one to be written."""

    topic_id: str
    low: int
    high: int


class ChangeLog:
    """One topic, one partition. Not for use by several threads."""

    def __init__(self, bootstrap_servers: str, topic: str, group: str) -> None:
        self._topic = topic
        self._servers = bootstrap_servers
        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
            "fetch.queue.backoff.ms": 5,
            "queued.min.messages": 20000,
            "queued.max.messages.kbytes": 32768,
            "reconnect.backoff.max.ms": 2000,
            "log_level": 2,
            "error_cb": _quiet,
        }
        self._consumer = Consumer(settings)

    def span(self, timeout: float = 10.0) -> LogSpan:
        """Look at the topic. ServiceMissing when Kafka does not answer, PositionLost when the topic is not there."""
        settings: dict[str, Any] = {"bootstrap.servers": self._servers, "log_level": 2, "error_cb": _quiet}
        admin = AdminClient(settings)
        try:
            described = admin.describe_topics(TopicCollection([self._topic]), request_timeout=timeout)
            topic_id = str(described[self._topic].result(2 * timeout).topic_id)
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=timeout)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise PositionLost(
                    f"topic {self._topic} is not on {self._servers}; apply the connector: rowtide connectors apply"
                ) from error
            raise ServiceMissing(f"Kafka at {self._servers} does not answer: {cause.str()}") from error
        return LogSpan(topic_id, low, high)

    def seek(self, offset: int) -> None:
        """Read on from this offset."""
        self._consumer.assign([TopicPartition(self._topic, 0, offset)])

    def read(self, count: int, wait: float) -> list[Message]:
        """Up to `count` messages; waits `wait` seconds for the first and not at all for the rest."""
        first = self._consumer.poll(wait)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(count - 1, 0)] if count > 1 else [first]
        return [message for message in messages if not self._failed(message)]

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _failed(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise PositionLost(f"the next offset of topic {self._topic} is not in Kafka any more; {WAY_OUT}")
        if error.fatal():
            raise ServiceMissing(f"Kafka at {self._servers} ended the connection: {error.str()}")
        return True


def _quiet(_: KafkaError) -> None:
    """Connection trouble is retried by the client; lag tells about it."""
