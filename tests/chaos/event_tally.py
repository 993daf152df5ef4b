"""Counts the log's events for each version of each row, and compares them with the tables. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from cdc.log.envelope import Record

TABLE = "rows"
_VERSIONS = 1 << 12
"""More than a row of the study comes to."""
_DELETED = 0


class _Image(msgspec.Struct):
    id: int
    version: int = _DELETED


_decoder = msgspec.json.Decoder(_Image)


@dataclass(frozen=True, slots=True)
class Balance:
    """Events by what became of them: `lost` are missing, `repeated` came more than once, `foreign` never happened."""

    expected: int
    lost: int
    repeated: int
    foreign: int


class EventTally:
    """An event is a row's id and version; a delete is version 0."""

    def __init__(self) -> None:
        self._seen: Counter[int] = Counter()

    def take(self, record: Record) -> None:
        """Count one change event of the table."""
        if record.source is None or record.source.table != TABLE or record.op not in ("c", "u", "d", "r"):
            return
        image = _decoder.decode(record.before if record.op == "d" else record.after)
        version = _DELETED if record.op == "d" else image.version
        self._seen[image.id * _VERSIONS + version] += 1

    def balance(self, alive: Iterable[tuple[int, int]], gone: Iterable[tuple[int, int]]) -> Balance:
        """Against the rows that exist and those that were deleted, each with its last version."""
        expected: set[int] = set()
        for id_, version in alive:
            expected.update(range(id_ * _VERSIONS + 1, id_ * _VERSIONS + version + 1))
        for id_, version in gone:
            expected.update(range(id_ * _VERSIONS + _DELETED, id_ * _VERSIONS + version + 1))
        return Balance(
            expected=len(expected),
            lost=len(expected - self._seen.keys()),
            repeated=sum(self._seen.values()) - len(self._seen),
            foreign=len(self._seen.keys() - expected),
        )
