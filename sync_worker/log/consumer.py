"""The change log as a stream of Kafka messages, from a given offset on. Positions live in the row store, not in Kafka."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from cdc.log.transaction import WAY_OUT
from connections.kafka import KafkaAccess, client_settings
from sync_worker.errors import PositionLost, ServiceMissing, SettingsError, WorkerError

_REFUSING = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)


@dataclass(frozen=True, slots=True)
class LogSpan:
    """What Kafka holds of the log: the topic's id, the first offset kept and the next one to be written."""

    topic_id: str
    low: int
    high: int


class ChangeLog:
    """One topic, one partition. Not for use by several threads."""

    def __init__(self, access: KafkaAccess, topic: str, group: str) -> None:
        self._topic = topic
        self._access = access
        self._refusals = Refusals()
        settings: dict[str, Any] = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
            "fetch.queue.backoff.ms": 5,
            "queued.min.messages": 20000,
            "queued.max.messages.kbytes": 32768,
            "reconnect.backoff.max.ms": 2000,
        }
        self._consumer = consumer(access, self._refusals, **settings)

    def span(self, timeout: float = 10.0) -> LogSpan:
        """Look at the topic. ServiceMissing when Kafka does not answer, SettingsError when it does not let us in, PositionLost
        when the topic is not there."""
        client = admin(self._access, self._refusals)
        try:
            topic_id = topic_id_of(client, self._topic, timeout)
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=timeout)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise PositionLost(
                    f"topic {self._topic} is not on {self._access.servers}; apply the connector: rowtide connectors apply"
                ) from error
            client.poll(0)  # What was refused is told to the callbacks alone.
            self._consumer.poll(0)
            raise self._refusals.to_error(self._access, error) from error
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
            raise ServiceMissing(f"Kafka at {self._access.servers} ended the connection: {error.str()}")
        return True


def admin(access: KafkaAccess, refusals: "Refusals") -> AdminClient:
    """A client that asks about topics."""
    settings: dict[str, Any] = {**client_settings(access), "log_level": 2, "error_cb": refusals}
    return AdminClient(settings)


def consumer(access: KafkaAccess, refusals: "Refusals", **more: Any) -> Consumer:
    """A client that reads. SettingsError when there cannot be one of these settings."""
    settings: dict[str, Any] = {**client_settings(access), **more, "log_level": 2, "error_cb": refusals}
    try:
        return Consumer(settings)
    except KafkaException as error:
        raise SettingsError(
            f"the settings of Kafka cannot be used: {error.args[0].str()}; correct ROWTIDE_KAFKA_…"
        ) from error


def topic_id_of(client: AdminClient, topic: str, timeout: float) -> str:
    """The id that the topic got when it was created. KafkaException when it cannot be told."""
    described = client.describe_topics(TopicCollection([topic]), request_timeout=timeout)
    return str(described[topic].result(2 * timeout).topic_id)


class Refusals:
    """Remembers that Kafka refuses us, which a client tells its callback alone and then tries again. Other trouble passes; lag
    tells about it."""

    def __init__(self) -> None:
        self.last = ""
        self._trouble = ""

    def __call__(self, error: KafkaError) -> None:
        if error.code() in _REFUSING:
            self.last = error.str()
        elif error.code() == KafkaError._TRANSPORT:
            self._trouble = error.str()

    def to_error(self, access: KafkaAccess, error: KafkaException) -> WorkerError:
        """The sentence for an error: SettingsError when Kafka refuses us, otherwise ServiceMissing."""
        cause: KafkaError = error.args[0]
        if self.last or cause.code() in _REFUSING:
            return SettingsError(
                f"Kafka at {access.servers} does not let us in: {self.last or cause.str()}; correct ROWTIDE_KAFKA_SECURITY_PROTOCOL"
                " and, where they are needed, ROWTIDE_KAFKA_USERNAME, ROWTIDE_KAFKA_PASSWORD, ROWTIDE_KAFKA_CA"
            )
        return ServiceMissing(
            f"Kafka at {access.servers} does not answer: {self._trouble or cause.str()}; start it, or correct"
            " ROWTIDE_KAFKA_BOOTSTRAP_SERVERS or ROWTIDE_KAFKA_SECURITY_PROTOCOL"
        )
