"""Counts and logs control messages that were not obeyed. Anybody who can log in to the source can emit them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from cdc.log.control import Refusal

LOG_EVERY = 60.0
"""Seconds between two lines about the same reason: whoever emits messages must not fill the log."""


class RefusedMessages:
    """`counts` are since the start, by reason. Contents are neither kept nor logged.

    Messages of other pipelines are neither counted nor logged: each of them has a heartbeat a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[Refusal, float] = {}
        self.counts: Counter[Refusal] = Counter()

    def record(self, refusals: Iterable[Refusal]) -> None:
        """Count messages, and log each reason at most once in LOG_EVERY seconds."""
        refused = Counter(refusal for refusal in refusals if refusal is not Refusal.FOREIGN)
        self.counts += refused
        now = self._clock()
        for reason in refused:
            if reason not in self._logged or now - self._logged[reason] >= LOG_EVERY:
                self._logged[reason] = now
                structlog.get_logger().warning(
                    "control messages were skipped", reason=str(reason), total=self.counts[reason]
                )
