"""Consumes the log from a given offset. Positions are stored in the row store, not in Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from cdc.log.recovery import Recovery
from connections.kafka import KafkaAccess, KafkaErrors, client_settings, no_answer, rejected
from sync_worker.errors import PositionLost, ServiceMissing, SettingsError, WorkerError


@dataclass(frozen=True, slots=True)
class LogSpan:
    """What Kafka retains of the log: the topic's id, the first available offset and the next one to be written."""

    topic_id: str
    low: int
    high: int


class ChangeLog:
    """The log: one topic with one partition. Not thread-safe."""

    def __init__(self, access: KafkaAccess, topic: str, group: str) -> None:
        self._topic = topic
        self._access = access
        self._errors = KafkaErrors()
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
        self._consumer = consumer(access, self._errors, **settings)

    def span(self, timeout: float = 10.0) -> LogSpan:
        """Query the topic; `timeout` is in seconds.

        Raises ServiceMissing when Kafka does not answer, SettingsError when it refuses the login, and PositionLost
        when the topic does not exist."""
        client = admin(self._access, self._errors)
        try:
            topic_id = topic_id_of(client, self._topic, timeout)
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=timeout)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise PositionLost(
                    f"Topic {self._topic} does not exist on {self._access.servers}.", Recovery.APPLY_CONNECTOR
                ) from error
            client.poll(0)  # librdkafka reports a refused login only through the callbacks.
            self._consumer.poll(0)
            raise worker_error(self._errors, self._access, error) from error
        return LogSpan(topic_id, low, high)

    def seek(self, offset: int) -> None:
        """Continue reading at this offset."""
        self._consumer.assign([TopicPartition(self._topic, 0, offset)])

    def read(self, count: int, wait: float) -> list[Message]:
        """Up to `count` messages; waits up to `wait` seconds for the first, and not at all for the rest."""
        first = self._consumer.poll(wait)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(count - 1, 0)] if count > 1 else [first]
        return [message for message in messages if not self._failed(message)]

    def close(self) -> None:
        """Close the connection to Kafka."""
        self._consumer.close()

    def _failed(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise PositionLost(f"The next offset of topic {self._topic} is no longer in Kafka.")
        if error.fatal():
            raise ServiceMissing(f"Kafka at {self._access.servers} closed the connection: {error.str()}.")
        return True


def admin(access: KafkaAccess, errors: KafkaErrors) -> AdminClient:
    """A client for queries about topics."""
    settings: dict[str, Any] = {**client_settings(access), "log_level": 2, "error_cb": errors}
    return AdminClient(settings)


def consumer(access: KafkaAccess, errors: KafkaErrors, **more: Any) -> Consumer:
    """A client that reads. Raises SettingsError when librdkafka rejects the settings."""
    settings: dict[str, Any] = {**client_settings(access), **more, "log_level": 2, "error_cb": errors}
    try:
        return Consumer(settings)
    except KafkaException as error:
        raise SettingsError(
            f"The Kafka settings are not valid: {error.args[0].str()}. Correct the ROWTIDE_KAFKA_… variables."
        ) from error


@contextmanager
def log_reader(access: KafkaAccess, group: str) -> Iterator[Consumer]:
    """A client that reads parts of the log and stores no position; it is closed afterwards.

    Raises ServiceMissing when Kafka does not answer, and SettingsError when it refuses the login."""
    errors = KafkaErrors()
    client = consumer(access, errors, **{"group.id": group, "enable.auto.commit": False})
    try:
        yield client
    except KafkaException as error:
        client.poll(0)  # librdkafka reports a refused login only through the callbacks.
        raise worker_error(errors, access, error) from error
    finally:
        client.close()


def topic_id_of(client: AdminClient, topic: str, timeout: float) -> str:
    """The id that Kafka gave the topic when it was created. Raises KafkaException when Kafka does not return it."""
    described = client.describe_topics(TopicCollection([topic]), request_timeout=timeout)
    return str(described[topic].result(2 * timeout).topic_id)


def worker_error(errors: KafkaErrors, access: KafkaAccess, error: KafkaException) -> WorkerError:
    """The worker's error for a client's: SettingsError when Kafka rejects the login, otherwise ServiceMissing."""
    if rejection := errors.rejection(error):
        return SettingsError(rejected(access, "read the log", rejection))
    return ServiceMissing(no_answer(access, errors.reason(error)))
