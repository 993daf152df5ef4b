"""Reads a pipeline's log from its start to its current end, and assembles it by the rules of the contract."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.log.envelope import LogicalMessage, Record, decode, logical_message
from cdc.log.names import changes_topic
from cdc.log.transaction import Assembler, Begin, Change, Committed, Duplicate, LogError, SnapshotRow, Step, Suspended
from connections.kafka import KafkaAccess, client_settings
from infra.errors import RunnerError

_SECONDS = 300.0
Taken = Callable[[Record], None]


def records(kafka: KafkaAccess, pipeline: str) -> Iterator[Record]:
    """Every record, in order. RunnerError when Kafka does not give them."""
    topic = changes_topic(pipeline)
    consumer = _consumer(kafka)
    try:
        _, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30.0)
        consumer.assign([TopicPartition(topic, 0, 0)])
        deadline, reached = monotonic() + _SECONDS, 0
        while reached < high:
            if monotonic() > deadline:
                raise RunnerError(f"Kafka gave {reached} of {high} records of {topic} in {_SECONDS:.0f} s.")
            for message in consumer.consume(10_000, 1.0):
                if message.error() is None:
                    reached = (message.offset() or 0) + 1
                    if (value := message.value()) is not None:
                        yield decode(value)
    finally:
        consumer.close()


def newest_messages(kafka: KafkaAccess, pipeline: str, count: int) -> list[LogicalMessage]:
    """The logical messages among the last `count` records; empty while Kafka does not answer."""
    topic = changes_topic(pipeline)
    consumer = _consumer(kafka)
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=5.0)
        consumer.assign([TopicPartition(topic, 0, max(low, high - count))])
        values = [message.value() for message in consumer.consume(count, 5.0) if message.error() is None]
    except KafkaException:
        return []
    finally:
        consumer.close()
    return [logical_message(record) for value in values if value and (record := decode(value)).message is not None]


def _consumer(kafka: KafkaAccess) -> Consumer:
    return Consumer(client_settings(kafka) | {"group.id": "rowtide-chaos", "enable.auto.commit": False})


@dataclass
class Findings:
    """What a log holds. `counts` by kind of record and of repeat; `fault` is why it could not be assembled."""

    counts: Counter[str] = field(default_factory=Counter)
    fault: str = ""

    @property
    def changes(self) -> int:
        """Change events that count: the snapshots' rows, and those of whole transactions, once."""
        return self.counts["snapshot rows"] + self.counts["events"]


class Study:
    """Assembles the log. `taken` receives the events of each whole transaction, once, in order."""

    def __init__(self, taken: Taken = lambda _record: None) -> None:
        self.findings = Findings()
        self._taken = taken
        self._assembler = Assembler()
        self._open: list[Record] = []

    def read(self, log: Iterable[Record]) -> Findings:
        """Read to the end, or to where the log contradicts itself."""
        for record in log:
            self.findings.counts["records"] += 1
            was_open = self._assembler.open_tx
            try:
                step = self._assembler.feed(record)
            except LogError as error:
                self.findings.fault = str(error)
                break
            self._note(step, record, was_open)
        return self.findings

    def _note(self, step: Step, record: Record, was_open: int | None) -> None:
        counts = self.findings.counts
        self._begins(step)
        match step:
            case Change(loose=True):
                counts["events"] += 1
            case Change():
                self._open.append(record)
            case Committed():
                self._commit()
            case SnapshotRow():
                counts["snapshot rows"] += 1
            case LogicalMessage():
                counts["heartbeats"] += 1
            case Duplicate():
                self._open = self._open if self._assembler.open_tx is not None else []
                counts[_repeat(record, was_open)] += 1

    def _begins(self, step: Step) -> None:
        match step:
            case Begin():
                self._open = []
            case Suspended():
                self.findings.counts["beginnings of others in an open transaction"] += 1
            case Change(begins=True) | Committed(begins=True):
                self.findings.counts["cut off by another beginning"] += 1
                self._open = []

    def _commit(self) -> None:
        self.findings.counts["transactions"] += 1
        self.findings.counts["events"] += len(self._open)
        for each in self._open:
            self._taken(each)
        self._open = []


def _repeat(record: Record, open_tx: int | None) -> str:
    if record.status == "END":
        return "ends of transactions again"
    if record.status == "BEGIN":
        return "beginnings again of an open transaction"
    return "events again in an open transaction" if open_tx is not None else "events again outside of a transaction"
