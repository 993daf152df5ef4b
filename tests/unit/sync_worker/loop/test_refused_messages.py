"""All refused control messages are counted, but few are logged."""

from structlog.testing import capture_logs

from cdc.log.control import Refusal
from sync_worker.loop.refused_messages import LOG_EVERY, RefusedMessages


def test_a_flood_is_counted_and_does_not_fill_the_log() -> None:
    now = [0.0]
    refused = RefusedMessages(lambda: now[0])
    with capture_logs() as lines:
        for _ in range(1000):
            refused.record([Refusal.MALFORMED, Refusal.MALFORMED])
        refused.record([Refusal.UNKNOWN])
        refused.record([])
    assert refused.counts == {Refusal.MALFORMED: 2000, Refusal.UNKNOWN: 1}
    assert [(line["reason"], line["total"]) for line in lines] == [("malformed", 2), ("unknown", 1)]
    now[0] = LOG_EVERY
    with capture_logs() as lines:
        refused.record([Refusal.MALFORMED])
    assert [(line["reason"], line["total"]) for line in lines] == [("malformed", 2001)]


def test_the_messages_of_other_pipelines_are_no_fault() -> None:
    refused = RefusedMessages()
    with capture_logs() as lines:
        refused.record([Refusal.FOREIGN, Refusal.FOREIGN])
    assert (refused.counts.total(), lines) == (0, [])
