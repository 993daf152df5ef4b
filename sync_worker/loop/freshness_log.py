"""Writes what happens to the documents' state into the log: every change of state or reason, and how far a load is."""

import time
from collections.abc import Callable

import structlog

from cdc.log.lsn import format_lsn
from read_model.freshness import Freshness

PROGRESS_SECONDS = 10.0
"""Seconds between two lines about a snapshot or a load that goes on."""

_log = structlog.get_logger()


class FreshnessLog:
    """For the loop's thread. `rows_read` counts the events since the start; `clock` gives seconds, and is monotonic."""

    def __init__(self, rows_read: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._rows_read = rows_read
        self._clock = clock
        self._progress_due = 0.0
        self._last = ("", "", 0)

    def observe(self, fresh: Freshness) -> None:
        """Look at what is published now."""
        now = (fresh.state, fresh.reason, fresh.quarantined)
        if now != self._last:
            self._note_change(fresh)
        elif fresh.state in ("snapshot", "loading") and self._clock() >= self._progress_due:
            _log.info(f"{fresh.state} in progress", events_read=self._rows_read(), documents_pending=fresh.pending)
        else:
            return
        self._last = now
        self._progress_due = self._clock() + PROGRESS_SECONDS

    def _note_change(self, fresh: Freshness) -> None:
        before, _, _ = self._last
        write = _log.warning if fresh.state == "degraded" else _log.info
        write(
            "state changed" if fresh.state != before else "reason changed",
            state=fresh.state,
            before=before or None,
            reason=fresh.reason or None,
            searchable=format_lsn(fresh.searchable),
            epoch=fresh.epoch,
            documents_pending=fresh.pending,
            quarantined=fresh.quarantined,
        )
