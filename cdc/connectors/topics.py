"""The pipeline's topic in Kafka: one partition, retention by time, large records."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import KafkaError, NewTopic

from cdc.connectors.config import MAX_MESSAGE_BYTES, TopicSettings
from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from connections.kafka import KafkaAccess, client_settings

_TIMEOUT_S = 15.0
_UNREACHABLE = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)

_REJECTIONS = (
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)


def topic_config(settings: TopicSettings) -> dict[str, str]:
    """The topic's configuration in Kafka."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(settings.retention_ms),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }


class Topics:
    """Creates, checks and deletes the topic.

    Methods raise WrongUse when Kafka rejects the login or a privilege is missing, ServiceUnavailable when it does not answer,
    and OperatorError when it refuses the request."""

    def __init__(self, access: KafkaAccess) -> None:
        self._servers = access.servers
        self._rejection = self._transport_error = ""
        # librdkafka's own log lines would repeat the errors below.
        settings: dict[str, Any] = {**client_settings(access), "log_level": 0, "error_cb": self._on_error}
        try:
            self._admin = AdminClient(settings)
        except KafkaException as error:
            raise WrongUse(
                f"The Kafka settings are not valid: {error.args[0].str()}. Correct the ROWTIDE_KAFKA_… variables."
            ) from error

    def ensure(self, name: str, settings: TopicSettings) -> bool:
        """Create the topic or update its configuration; True when it is new. Raises OperatorError when it has several partitions."""
        partitions = self._partitions(name)
        if partitions is None:
            topic = NewTopic(
                name, num_partitions=1, replication_factor=settings.replication, config=topic_config(settings)
            )
            self._settle(self._admin.create_topics([topic]), f"create topic {name}")
            return True
        if partitions != 1:
            raise OperatorError(
                f"Topic {name} has {partitions} partitions and cannot hold an ordered log. Delete it, or choose another"
                " pipeline name."
            )
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in topic_config(settings).items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        self._settle(self._admin.incremental_alter_configs([resource]), f"change the configuration of topic {name}")
        return False

    def exists(self, name: str) -> bool:
        """Whether the topic exists."""
        return self._partitions(name) is not None

    def delete(self, name: str) -> None:
        """Delete the topic with all its records; does nothing when there is none."""
        if self.exists(name):
            self._settle(self._admin.delete_topics([name]), f"delete topic {name}")

    def _partitions(self, name: str) -> int | None:
        try:
            topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._error(error, "list topics") from error
        return len(topics[name].partitions) if name in topics else None

    def _settle(self, futures: dict[Any, Any], what: str) -> None:
        for future in futures.values():
            try:
                future.result(_TIMEOUT_S)
            except KafkaException as error:
                raise self._error(error, what) from error

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in _REJECTIONS:
            self._rejection = error.str()
        elif error.code() == KafkaError._TRANSPORT:
            self._transport_error = error.str()

    def _error(self, error: KafkaException, what: str) -> OperatorError:
        fault = error.args[0]
        self._admin.poll(0)  # Rejections reach only the callback.
        if self._rejection or fault.code() in _REJECTIONS:
            return WrongUse(
                f"Kafka at {self._servers} rejected the request to {what}: {self._rejection or fault.str()}. Correct"
                " ROWTIDE_KAFKA_SECURITY_PROTOCOL and, if they are needed, ROWTIDE_KAFKA_USERNAME, ROWTIDE_KAFKA_PASSWORD"
                " and ROWTIDE_KAFKA_CA."
            )
        if fault.code() in _UNREACHABLE:
            return ServiceUnavailable(
                f"Kafka at {self._servers} does not answer ({self._transport_error or fault.str()}). Start it, or correct"
                " ROWTIDE_KAFKA_BOOTSTRAP_SERVERS or ROWTIDE_KAFKA_SECURITY_PROTOCOL."
            )
        return OperatorError(f"Kafka at {self._servers} refused to {what}: {fault.str()}")
