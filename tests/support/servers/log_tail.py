"""The records of a pipeline's log as they come, undecoded."""

import time
from collections.abc import Callable

from confluent_kafka import Consumer, Message, TopicPartition

from cdc.log.names import changes_topic
from connections.kafka import client_settings
from tests.support.servers.services import Place

NEW = -1
"""From now on."""


class Tail:
    """Reads from an offset on; the topic need not be there yet. `read` holds the values, `messages` the records
    themselves."""

    def __init__(self, place: Place, offset: int = NEW) -> None:
        self._topic = changes_topic(place.pipeline)
        self._consumer = Consumer(
            client_settings(place.addresses.kafka)
            | {
                "group.id": f"{self._topic}-tail",
                "fetch.wait.max.ms": 5,
                "topic.metadata.refresh.interval.ms": 200,
                "allow.auto.create.topics": False,
            }
        )
        self.messages: list[Message] = []
        at = self._high() if offset == NEW else offset
        self._consumer.assign([TopicPartition(self._topic, 0, at)])

    @property
    def read(self) -> list[bytes]:
        """The values read so far."""
        return [message.value() or b"" for message in self.messages]

    def until(self, condition: Callable[[bytes], bool], seconds: float = 120) -> list[Message]:
        """Read on to the first record whose value is wanted; answers what was read."""
        start, deadline = len(self.messages), time.monotonic() + seconds
        while len(self.messages) == start or not condition(self.messages[-1].value() or b""):
            assert time.monotonic() < deadline, (
                f"the awaited record did not come; {len(self.messages) - start} others did"
            )
            self._poll()
        return self.messages[start:]

    def to_the_end(self, seconds: float = 60) -> None:
        """Read on to what is the log's end now."""
        high, deadline = self._high(), time.monotonic() + seconds
        while not self.messages or (self.messages[-1].offset() or 0) < high - 1:
            assert time.monotonic() < deadline, "the end of the log was not reached"
            self._poll()

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _poll(self) -> None:
        message = self._consumer.poll(0.2)
        if message is not None and message.error() is None:
            self.messages.append(message)

    def _high(self) -> int:
        return self._consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=10)[1]
