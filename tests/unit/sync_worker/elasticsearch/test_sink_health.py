"""What keeps Elasticsearch from accepting documents: reported once it lasts, and no longer than it lasts."""

from sync_worker.elasticsearch.sink_health import DEGRADED_AFTER, SinkHealth


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_said_once_it_has_lasted() -> None:
    clock = Clock()
    health = SinkHealth(clock)
    health.failed("orders", "a block")
    assert health.reason == ""
    clock.now += DEGRADED_AFTER
    assert health.reason == "a block"
    health.failed("orders", "another block")
    assert health.reason == "another block", "the time counts from the first, the words are the last"
    health.succeeded("orders")
    assert health.reason == ""


def test_what_passed_for_one_index_still_holds_for_another() -> None:
    clock = Clock()
    health = SinkHealth(clock)
    health.failed("orders", "a block")
    clock.now += 1
    health.failed("customers", "another")
    clock.now += DEGRADED_AFTER
    assert health.reason == "a block", "the one that has lasted longest"
    health.succeeded("orders")
    assert health.reason == "another"
    health.failed("orders", "a block")
    health.succeeded("customers")
    assert health.reason == "", "a new failure must last as well"
