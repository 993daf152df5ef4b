"""Checks that the source's history continues the one that the rows came from. Pure; each check raises PositionLost.

A database that was restored from a copy of its files or its disk has the same identifier and timeline, and its LSNs
go back: what it writes then looks like duplicates of what was read before. Only clocks and the end of its WAL reveal
that.
"""

from dataclasses import dataclass

from cdc.log.lsn import format_lsn
from sync_worker.errors import PositionLost
from sync_worker.store.position import Position

HEARTBEAT_TOLERANCE_MS = 2_000
"""How far the source's clock may be set back between two heartbeats."""

SNAPSHOT_TOLERANCE_MS = 10_000
"""How far the clocks of two machines that run Kafka Connect may differ."""

_RESTORED = "the database was restored to an earlier state."


@dataclass(frozen=True, slots=True)
class Identity:
    """Which history of which database the rows came from. LSNs are comparable only within one."""

    system: str
    timeline: int


def check_same_source(*parts: tuple[str, object, object]) -> None:
    """Compare the known identity of the source with the current one: tuples of what is compared, known and current."""
    for what, was, now in parts:
        if was != now:
            raise PositionLost(
                f"The source is a different one: its {what} was {was} and is {now}, so positions cannot be compared."
            )


def check_same_history(known: Identity | None, watermark: int, now: Identity, wal_end: int) -> None:
    """Check with the source's own answers that it is the known one, and that its WAL reaches as far as the log was
    read."""
    if known is not None:
        check_same_source(("database system", known.system, now.system), ("timeline", known.timeline, now.timeline))
    if wal_end < watermark:
        raise PositionLost(
            f"The source's WAL ends at {format_lsn(wal_end)}, but the log was read up to {format_lsn(watermark)}:"
            f" {_RESTORED}"
        )


def check_heartbeat(position: Position, lsn: int, at_ms: int) -> None:
    """A heartbeat below the watermark is a duplicate of one received before. A later one was emitted in another
    history.

    `at_ms` is when it was emitted, in Unix ms by the source's clock."""
    if lsn < position.log.watermark and 0 < position.log.heartbeat_ms < at_ms - HEARTBEAT_TOLERANCE_MS:
        raise PositionLost(
            f"A heartbeat at {format_lsn(lsn)} was emitted after the log had reached"
            f" {format_lsn(position.log.watermark)}: {_RESTORED}"
        )


def is_new_snapshot_row(position: Position, lsn: int, at_ms: int) -> bool:
    """Whether a snapshot's row is new; False when it is a duplicate. A snapshot's LSN is the end of the WAL at its
    time.

    `at_ms` is when the row was read, in Unix ms by Kafka Connect's clock."""
    if lsn > position.snapshot.lsn and lsn >= position.log.watermark:
        return True
    later = 0 < position.snapshot.read_ms < at_ms - SNAPSHOT_TOLERANCE_MS
    if lsn == position.snapshot.lsn or (lsn < position.snapshot.lsn and not later):
        return False
    raise PositionLost(
        f"A new snapshot was taken at {format_lsn(lsn)}, but the log was already read up to"
        f" {format_lsn(position.log.watermark)}: {_RESTORED}"
    )
