"""What keeps Elasticsearch from taking documents: said once it lasts, and no longer than it lasts."""

from sync_worker.elasticsearch.sink_health import DEGRADED_AFTER, Hindrance


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_said_once_it_has_lasted() -> None:
    clock = Clock()
    hindrance = Hindrance(clock)
    hindrance.met("orders", "a block")
    assert hindrance.reason == ""
    clock.now += DEGRADED_AFTER
    assert hindrance.reason == "a block"
    hindrance.met("orders", "another block")
    assert hindrance.reason == "another block", "the time counts from the first, the words are the last"
    hindrance.passed("orders")
    assert hindrance.reason == ""


def test_what_passed_for_one_index_still_holds_for_another() -> None:
    clock = Clock()
    hindrance = Hindrance(clock)
    hindrance.met("orders", "a block")
    clock.now += 1
    hindrance.met("customers", "another")
    clock.now += DEGRADED_AFTER
    assert hindrance.reason == "a block", "the one that has lasted longest"
    hindrance.passed("orders")
    assert hindrance.reason == "another"
    hindrance.met("orders", "a block")
    hindrance.passed("customers")
    assert hindrance.reason == "", "a new one has to last anew"
