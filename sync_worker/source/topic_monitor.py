"""Whether the topic that is read is still the one that the row store's offset belongs to."""

from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException

from cdc.log.transaction import WAY_OUT
from sync_worker.errors import PositionLost

ASK_SECONDS = 5.0
"""How long Kafka may take to say which topic it has."""


class TopicMonitor:
    """`ask` gives the id that the topic of this name has now: offsets mean nothing in another one. For one thread."""

    def __init__(self, ask: Callable[[], str], topic: str, topic_id: str) -> None:
        self._ask = ask
        self._topic = topic
        self._topic_id = topic_id
        self._missed = False

    def look(self) -> None:
        """PositionLost when it is another one, or was not there twice; nothing when Kafka does not answer."""
        try:
            now = self._ask()
        except KafkaException as error:
            missed = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            if missed and self._missed:
                raise PositionLost(f"topic {self._topic} was deleted while it was read; {WAY_OUT}") from error
            self._missed = missed
        except TimeoutError:
            pass  # The next look asks again.
        else:
            self._missed = False
            if now != self._topic_id:
                raise PositionLost(f"topic {self._topic} was deleted and created again while it was read; {WAY_OUT}")
