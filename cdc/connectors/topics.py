"""The pipeline's topic in Kafka: one partition, retention by time, large records."""

from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from cdc.connectors.config import MAX_MESSAGE_BYTES, TopicSettings
from cdc.errors import OperatorError, ServiceUnavailable, WrongUse
from connections.kafka import KafkaAccess, KafkaErrors, client_settings, no_answer, rejected

_TIMEOUT_S = 15.0


def topic_config(settings: TopicSettings) -> dict[str, str]:
    """The topic's configuration in Kafka."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(settings.retention_ms),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }


class Topics:
    """Creates, checks and deletes the topic.

    Methods raise WrongUse when Kafka rejects the login or a privilege is missing, ServiceUnavailable when it does not
    answer, and OperatorError when it refuses the request."""

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        self._errors = KafkaErrors()
        # librdkafka's own log lines would repeat the errors below.
        settings: dict[str, Any] = {**client_settings(access), "log_level": 0, "error_cb": self._errors}
        try:
            self._admin = AdminClient(settings)
        except KafkaException as error:
            raise WrongUse(
                f"The Kafka settings are not valid: {error.args[0].str()}. Correct the ROWTIDE_KAFKA_… variables."
            ) from error

    def ensure(self, name: str, settings: TopicSettings) -> bool:
        """Create the topic or update its configuration; True when it is new. Raises OperatorError when it has several
        partitions."""
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

    def _error(self, error: KafkaException, request: str) -> OperatorError:
        self._admin.poll(0)  # Rejections reach only the callback.
        if rejection := self._errors.rejection(error):
            return WrongUse(rejected(self._access, request, rejection))
        if reason := self._errors.unreachable(error):
            return ServiceUnavailable(no_answer(self._access, reason))
        return OperatorError(f"Kafka at {self._access.servers} refused to {request}: {error.args[0].str()}.")
