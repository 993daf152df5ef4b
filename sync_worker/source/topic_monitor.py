"""Monitors whether the topic is still the one that the row store's offset belongs to."""

from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException

from sync_worker.errors import PositionLost

REQUEST_SECONDS = 5.0
"""Timeout of a request for the topic's id."""


class TopicMonitor:
    """Compares the topic's id with the known one: an offset has no meaning in another topic. For one thread."""

    def __init__(self, read_topic_id: Callable[[], str], topic: str, topic_id: str) -> None:
        self._read_topic_id = read_topic_id
        self._topic = topic
        self._topic_id = topic_id
        self._missing = False

    def check(self) -> None:
        """Raises PositionLost when the id is another one, or the topic is missing twice in a row.

        Does nothing when Kafka does not answer: the next check tries again."""
        try:
            current_id = self._read_topic_id()
        except KafkaException as error:
            missing = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            if missing and self._missing:
                raise PositionLost(f"Topic {self._topic} was deleted while it was being read.") from error
            self._missing = missing
        except TimeoutError:
            pass
        else:
            self._missing = False
            if current_id != self._topic_id:
                raise PositionLost(f"Topic {self._topic} was deleted and recreated while it was being read.")
