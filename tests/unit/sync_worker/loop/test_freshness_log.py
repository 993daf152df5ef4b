"""Every change of state or reason is in the log once, and a long load now and then."""

from dataclasses import replace

from structlog.testing import capture_logs

from read_model.freshness import Freshness
from sync_worker.loop.freshness_log import PROGRESS_SECONDS, FreshnessLog

LIVE = Freshness("shop", 1, 100, 120, 0, "live")


def test_changes_of_state_and_reason_are_logged_once() -> None:
    log = FreshnessLog(lambda: 0)
    with capture_logs() as logs:
        log.observe(replace(LIVE, state="waiting"))
        for searchable in range(100, 200):
            log.observe(replace(LIVE, searchable=searchable))
        for _ in range(3):
            log.observe(replace(LIVE, state="degraded", reason="Silence."))
        log.observe(replace(LIVE, state="degraded", reason="More silence."))
        log.observe(replace(LIVE, quarantined=1))
        log.observe(replace(LIVE, state="stopped", quarantined=1))
    assert [(line["event"], line["state"], line["reason"], line["log_level"]) for line in logs] == [
        ("state changed", "waiting", None, "info"),
        ("state changed", "live", None, "info"),
        ("state changed", "degraded", "Silence.", "warning"),
        ("reason changed", "degraded", "More silence.", "warning"),
        ("state changed", "live", None, "info"),
        ("state changed", "stopped", None, "info"),
    ]
    assert logs[4]["quarantined"] == 1
    assert logs[1]["before"] == "waiting"


def test_a_load_is_logged_every_few_seconds() -> None:
    now = 0.0
    log = FreshnessLog(lambda: 5000, lambda: now)
    loading = replace(LIVE, state="loading", pending=70)
    with capture_logs() as logs:
        for _ in range(100):
            log.observe(loading)
            now += PROGRESS_SECONDS / 10
    assert [line["event"] for line in logs] == ["state changed", *["loading in progress"] * 9]
    assert (logs[1]["events_read"], logs[1]["documents_pending"]) == (5000, 70)
