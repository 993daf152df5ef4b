"""The change log as a stream of Kafka messages, from a given offset on. Positions live in the row store, not in Kafka."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from cdc.transaction import WAY_OUT
from sync_worker.errors import PositionLost, ServiceMissing

ASK_SECONDS = 5.0
"""How long Kafka may take to say which topic it has."""


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
        try:
            topic_id = topic_id_of(admin(self._servers), self._topic, timeout)
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


class TopicWatch:
    """Looks whether a topic is still the one with this id: offsets mean nothing in another one. For one thread."""

    def __init__(self, bootstrap_servers: str, topic: str, topic_id: str) -> None:
        self._admin = admin(bootstrap_servers)
        self._topic = topic
        self._topic_id = topic_id
        self._missed = False

    def look(self) -> None:
        """PositionLost when it is another one, or was not there twice; nothing when Kafka does not answer."""
        try:
            now = topic_id_of(self._admin, self._topic, ASK_SECONDS)
        except KafkaException as error:
            missed = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            if missed and self._missed:
                raise PositionLost(f"topic {self._topic} was deleted while it was read; {WAY_OUT}") from error
            self._missed = missed
            return
        self._missed = False
        if now != self._topic_id:
            raise PositionLost(f"topic {self._topic} was deleted and created again while it was read; {WAY_OUT}")


def admin(bootstrap_servers: str) -> AdminClient:
    """A client that asks about topics."""
    settings: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, "log_level": 2, "error_cb": _quiet}
    return AdminClient(settings)


def topic_id_of(client: AdminClient, topic: str, timeout: float) -> str:
    """The id that the topic got when it was created. KafkaException when it cannot be told."""
    described = client.describe_topics(TopicCollection([topic]), request_timeout=timeout)
    return str(described[topic].result(2 * timeout).topic_id)


def _quiet(_: KafkaError) -> None:
    """Connection trouble is retried by the client; lag tells about it."""
