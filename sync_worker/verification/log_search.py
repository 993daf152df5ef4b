"""Finds the transactions in the log that changed certain tables, reading backwards from a known offset."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition

from cdc.log.envelope import EnvelopeError, decode, split_transaction_id
from cdc.log.lsn import Lsn
from cdc.log.names import changes_topic
from connections.kafka import KafkaAccess
from read_model.catalog.catalog import TableName
from sync_worker.log.consumer import log_reader

FIRST_STEP, STEP = 2_000, 20_000
"""Records per step. The first step is small because the transaction is usually close to the offset."""
MAX_RECORDS = 100_000
"""The search gives up after this many records."""


class LogTransaction(NamedTuple):
    """A transaction of the log. `lsn` is its commit LSN; `committed_ms` is Unix ms by the source's clock."""

    tx_id: int
    lsn: Lsn
    committed_ms: int


def transactions_before(
    access: KafkaAccess, pipeline: str, offset: int, first_lsn: int, tables: Collection[TableName]
) -> list[LogTransaction] | None:
    """Transactions before `offset` that changed one of the tables and committed at `first_lsn` or later, in commit
    order.

    None when the log does not go back that far, or the search would read more than MAX_RECORDS. Raises
    ServiceMissing when Kafka does not answer, and SettingsError when it refuses the login."""
    with log_reader(access, f"rowtide-{pipeline}-search") as client:
        return _backwards(client, changes_topic(pipeline), offset, first_lsn, tables)


def _backwards(
    consumer: Consumer, topic: str, offset: int, first_lsn: int, tables: Collection[TableName]
) -> list[LogTransaction] | None:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    end = start = min(offset, high)
    scan = LogScan(frozenset(tables))
    while start > low and end - start < MAX_RECORDS:
        last, start = start, max(low, start - (STEP if start < end else FIRST_STEP))
        consumer.assign([TopicPartition(topic, 0, start)])
        scan.add_earlier(_values(consumer, start, last))
        if scan.reaches(first_lsn):
            return scan.since(first_lsn)
    return scan.since(first_lsn) if start <= low == 0 else None


def _values(consumer: Consumer, start: int, last: int) -> Iterator[bytes]:
    """The records from offset `start` up to, not including, `last`."""
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
    """Collects commits and the transactions that touch the tables, from parts of the log read back to front."""

    def __init__(self, tables: frozenset[TableName]) -> None:
        self._tables = tables
        self._touching: set[int] = set()
        self._ends: dict[int, LogTransaction] = {}
        self._lowest: int | None = None

    def add_earlier(self, values: Iterator[bytes]) -> None:
        """Add the records of the part that precedes everything added so far."""
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
                continue  # The worker stops at such a record and reports it.

    def reaches(self, first_lsn: int) -> bool:
        """Whether all transactions that committed at `first_lsn` or later were read completely."""
        return self._lowest is not None and self._lowest < first_lsn

    def since(self, first_lsn: int) -> list[LogTransaction]:
        """The transactions that changed the tables and committed at `first_lsn` or later, in commit order."""
        commits = [
            commit for tx_id, commit in self._ends.items() if tx_id in self._touching and commit.lsn >= first_lsn
        ]
        return sorted(commits, key=lambda commit: commit.lsn)
