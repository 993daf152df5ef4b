"""Which transactions of the log changed certain tables, backwards from a place that is known: when a document is explained."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from cdc.log.envelope import EnvelopeError, decode, split_transaction_id
from cdc.log.lsn import Lsn
from cdc.log.names import changes_topic
from read_model.catalog.catalog import TableName
from sync_worker.errors import ServiceMissing

FIRST_STEP, STEP = 2_000, 20_000
"""Records that are read at a time: what is asked for lies near, mostly."""
MOST = 100_000
"""Records that are read at most."""


class LogTransaction(NamedTuple):
    """A transaction of the log: its id, the LSN of its commit, and when that was by the source's clock, in Unix ms."""

    tx_id: int
    lsn: Lsn
    committed_ms: int


def transactions_before(
    bootstrap_servers: str, pipeline: str, offset: int, first_lsn: int, tables: Collection[TableName]
) -> list[LogTransaction] | None:
    """The transactions that changed one of the tables and were committed at `first_lsn` or later, in the order of the log.

    None when the log does not go back so far, or would have to be read too far. ServiceMissing when Kafka does not answer."""
    settings = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": f"rowtide-{pipeline}-search",
        "enable.auto.commit": False,
        "log_level": 2,
    }
    consumer = Consumer(settings)
    try:
        return _backwards(consumer, changes_topic(pipeline), offset, first_lsn, tables)
    except KafkaException as error:
        raise ServiceMissing(f"Kafka at {bootstrap_servers} does not answer: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _backwards(
    consumer: Consumer, topic: str, offset: int, first_lsn: int, tables: Collection[TableName]
) -> list[LogTransaction] | None:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    end = start = min(offset, high)
    found = LogScan(frozenset(tables))
    while start > low and end - start < MOST:
        last, start = start, max(low, start - (STEP if start < end else FIRST_STEP))
        consumer.assign([TopicPartition(topic, 0, start)])
        found.before(_values(consumer, start, last))
        if found.reaches(first_lsn):
            return found.since(first_lsn)
    return found.since(first_lsn) if start <= low == 0 else None


def _values(consumer: Consumer, start: int, last: int) -> Iterator[bytes]:
    """The records from one offset up to another."""
    here = start
    while here < last:
        messages = consumer.consume(min(1000, last - here), 5.0)
        if not messages:
            return
        for message in messages:
            here = (message.offset() or 0) + 1
            value = message.value()
            if message.error() is None and value is not None and here <= last:
                yield value


class LogScan:
    """What is known of the log, read in parts, the later ones first."""

    def __init__(self, tables: frozenset[TableName]) -> None:
        self._tables = tables
        self._touching: set[int] = set()
        self._ends: dict[int, LogTransaction] = {}
        self._lowest: int | None = None

    def before(self, values: Iterator[bytes]) -> None:
        """Take in the records of the part before."""
        for value in values:
            try:
                record = decode(value)
                if record.status == "END":
                    tx_id, lsn = split_transaction_id(record.id or "")
                    self._ends.setdefault(tx_id, LogTransaction(tx_id, lsn, record.ts_ms))
                    self._lowest = lsn if self._lowest is None else min(self._lowest, lsn)
                elif (source := record.source) and source.tx_id and (source.schema, source.table) in self._tables:
                    self._touching.add(source.tx_id)
            except EnvelopeError:
                continue  # The worker's matter: it stops there.

    def reaches(self, first_lsn: int) -> bool:
        """Whether all commits from `first_lsn` on were read, with their beginnings."""
        return self._lowest is not None and self._lowest < first_lsn

    def since(self, first_lsn: int) -> list[LogTransaction]:
        """Those that changed the tables, by their commit."""
        found = [each for tx_id, each in self._ends.items() if tx_id in self._touching and each.lsn >= first_lsn]
        return sorted(found, key=lambda each: each.lsn)
