"""The pipeline's topic in Kafka: one partition, kept by time, large records."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import KafkaError, NewTopic

from cdc.connectors.config import MAX_MESSAGE_BYTES, Log
from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from connections.kafka import KafkaAccess, client_settings

_TIMEOUT_S = 15.0
_AWAY = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)

_REFUSING = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)


def topic_settings(log: Log) -> dict[str, str]:
    """Kafka's settings of the topic."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(log.retention_ms),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }


class Topics:
    """Creates, checks and deletes the topic."""

    def __init__(self, access: KafkaAccess) -> None:
        self._servers = access.servers
        self._refusal = self._trouble = ""
        # librdkafka's own log lines would repeat what the errors below say.
        settings: dict[str, Any] = {**client_settings(access), "log_level": 0, "error_cb": self._hear}
        try:
            self._admin = AdminClient(settings)
        except KafkaException as error:
            raise WrongUse(
                f"The settings of Kafka cannot be used: {error.args[0].str()}. Correct ROWTIDE_KAFKA_…"
            ) from error

    def ensure(self, name: str, log: Log) -> bool:
        """Create the topic, or bring its settings up to date; True when it is new. OperatorError when it has several partitions."""
        partitions = self._partitions(name)
        if partitions is None:
            topic = NewTopic(name, num_partitions=1, replication_factor=log.replication, config=topic_settings(log))
            self._settle(self._admin.create_topics([topic]), f"create topic {name}")
            return True
        if partitions != 1:
            raise OperatorError(
                f"Topic {name} has {partitions} partitions, so it holds no ordered log. Delete it, or choose another pipeline name."
            )
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in topic_settings(log).items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        self._settle(self._admin.incremental_alter_configs([resource]), f"change the settings of topic {name}")
        return False

    def exists(self, name: str) -> bool:
        """Whether the topic is there."""
        return self._partitions(name) is not None

    def delete(self, name: str) -> None:
        """Delete the topic with everything in it; nothing happens when there is none."""
        if self.exists(name):
            self._settle(self._admin.delete_topics([name]), f"delete topic {name}")

    def _partitions(self, name: str) -> int | None:
        try:
            topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._told(error, "list topics") from error
        return len(topics[name].partitions) if name in topics else None

    def _settle(self, futures: dict[Any, Any], what: str) -> None:
        for future in futures.values():
            try:
                future.result(_TIMEOUT_S)
            except KafkaException as error:
                raise self._told(error, what) from error

    def _hear(self, error: KafkaError) -> None:
        if error.code() in _REFUSING:
            self._refusal = error.str()
        elif error.code() == KafkaError._TRANSPORT:
            self._trouble = error.str()

    def _told(self, error: KafkaException, what: str) -> OperatorError:
        fault = error.args[0]
        self._admin.poll(0)  # What was refused is told to the callback alone.
        if self._refusal or fault.code() in _REFUSING:
            return WrongUse(
                f"Kafka at {self._servers} does not let us {what}: {self._refusal or fault.str()}. Correct"
                " ROWTIDE_KAFKA_SECURITY_PROTOCOL and, where they are needed, ROWTIDE_KAFKA_USERNAME, ROWTIDE_KAFKA_PASSWORD,"
                " ROWTIDE_KAFKA_CA."
            )
        if fault.code() in _AWAY:
            return ServiceUnavailable(
                f"Kafka at {self._servers} does not answer ({self._trouble or fault.str()}). Start it, or correct"
                " ROWTIDE_KAFKA_BOOTSTRAP_SERVERS or ROWTIDE_KAFKA_SECURITY_PROTOCOL."
            )
        return OperatorError(f"Kafka at {self._servers} refused to {what}: {fault.str()}")
