"""Whether the source's history goes on where the rows stand, or is another one. Pure; each check raises PositionLost.

A database that was put back (a copy of its files, a snapshot of its disk) has the same identifier and timeline, and its LSNs
go back: what it writes then looks like repeats of what was read before. Only clocks and the end of its WAL tell.
"""

from dataclasses import dataclass

from cdc.log.lsn import format_lsn
from cdc.log.transaction import WAY_OUT
from sync_worker.errors import PositionLost
from sync_worker.store.row_store import Position

HEARTBEAT_TOLERANCE_MS = 2_000
"""The source's clock may be set back by so much between two heartbeats."""

SNAPSHOT_TOLERANCE_MS = 10_000
"""Clocks of two machines that run Kafka Connect may differ by so much."""

_PUT_BACK = "the database was put back to an earlier state"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which history of which database the rows came from. LSNs compare within one alone."""

    system: str
    timeline: int


def check_same_source(*parts: tuple[str, object, object]) -> None:
    """Compare what was known of the source with what it is now: (what, was, is)."""
    for what, was, now in parts:
        if was != now:
            raise PositionLost(
                f"the source is another one: its {what} was {was} and is {now}, so positions do not compare; {WAY_OUT}"
            )


def check_same_history(known: Identity | None, watermark: int, now: Identity, wal_end: int) -> None:
    """By what the source itself says: it is the known one, and its WAL has what the log was read up to."""
    if known is not None:
        check_same_source(("database system", known.system, now.system), ("timeline", known.timeline, now.timeline))
    if wal_end < watermark:
        raise PositionLost(
            f"the source's WAL ends at {format_lsn(wal_end)} and the log was read up to {format_lsn(watermark)}:"
            f" {_PUT_BACK}; {WAY_OUT}"
        )


def check_heartbeat(position: Position, lsn: int, at_ms: int) -> None:
    """A heartbeat below the watermark is a repeat, and was heard; one that is younger than all heard was emitted in another history."""
    if lsn < position.watermark and 0 < position.heard_ms < at_ms - HEARTBEAT_TOLERANCE_MS:
        raise PositionLost(
            f"a heartbeat at {format_lsn(lsn)} was emitted after the log had come to {format_lsn(position.watermark)}:"
            f" {_PUT_BACK}; {WAY_OUT}"
        )


def is_new_snapshot_row(position: Position, lsn: int, at_ms: int) -> bool:
    """Whether a snapshot's row is news; False when it was read before. A snapshot stands at the end of the WAL that there is."""
    if lsn > position.snapshot and lsn >= position.watermark:
        return True
    younger = 0 < position.snapshot_ms < at_ms - SNAPSHOT_TOLERANCE_MS
    if lsn == position.snapshot or (lsn < position.snapshot and not younger):
        return False
    raise PositionLost(
        f"a new snapshot was taken at {format_lsn(lsn)}, and the log was read up to {format_lsn(position.watermark)} before:"
        f" {_PUT_BACK}; {WAY_OUT}"
    )
