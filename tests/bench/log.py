"""The change log, read independently of the pipeline: what Debezium delivered, and when."""

from dataclasses import dataclass
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.log.envelope import decode
from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess, client_settings
from infra.errors import RunnerError

_CHANGES = frozenset("crud")


@dataclass(slots=True)
class Stretch:
    """A part of the log: its change events, and Kafka's timestamps (Unix ms) of the first and the last of them."""

    events: int = 0
    records: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def add(self, at_ms: int) -> None:
        """Count a change event."""
        self.first_ms = self.first_ms or at_ms
        self.last_ms = at_ms
        self.events += 1

    @property
    def seconds(self) -> float:
        """From the first to the last event."""
        return (self.last_ms - self.first_ms) / 1000


class LogReader:
    """Reads a pipeline's topic from its beginning, stretch by stretch."""

    def __init__(self, kafka: KafkaAccess, pipeline: str) -> None:
        self._consumer = Consumer(client_settings(kafka) | {"group.id": "rowtide-bench", "enable.auto.commit": False})
        self._consumer.assign([TopicPartition(changes_topic(pipeline), 0, 0)])

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def until(self, marker: int, seconds: float) -> Stretch:
        """Read on until the logical message at LSN `marker`. RunnerError when it does not come in time."""
        stretch, deadline = Stretch(), monotonic() + seconds
        while monotonic() < deadline:
            # Few at a time: the marker must be the last one taken.
            message = self._consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                raise RunnerError(f"Kafka ended the reading of the log: {KafkaException(message.error())}")
            value = message.value()
            if value is None:
                continue
            record = decode(value)
            stretch.records += 1
            if record.op in _CHANGES:
                stretch.add(message.timestamp()[1])
            elif record.op == "m" and record.source and (record.source.lsn or 0) >= marker:
                return stretch
        raise RunnerError(f"The log did not reach the marker within {seconds:.0f} s; see connect.log of the stack.")
