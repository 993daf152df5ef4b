"""What heartbeats reveal about the source: another database, and tables whose definition changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc.log.control import HeartbeatMessage
from cdc.log.heartbeat import Heartbeat
from cdc.log.lsn import Lsn
from read_model.catalog.catalog import TableName
from sync_worker.errors import PositionLost, ServiceMissing, describe
from sync_worker.source.identity_monitor import OUTDATED, IdentityMonitor
from sync_worker.store.history_check import Identity
from sync_worker.store.position import ResyncState
from sync_worker.store.row_store import RowStore

A, B = TableName("public", "a"), TableName("public", "b")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "watch.sqlite") as store:
        yield store


def heartbeat(lsn: int = 1, slot: str = "s", **catalogue: str) -> HeartbeatMessage:
    content = Heartbeat("1", 1, slot, 0, {f"public.{name}": text for name, text in catalogue.items()})
    return HeartbeatMessage(Lsn(lsn), content)


def test_a_changed_definition_is_wanted_until_it_is_read_anew(store: RowStore) -> None:
    now = {"public.a": "A2"}
    watch = IdentityMonitor(store, [A, B], lambda: now)
    watch.observe(heartbeat(a="1", b="1"))
    watch.observe(heartbeat(a="2", b="1"))
    assert watch.changed == {A}
    assert "public.a" in watch.reason

    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "")
        store.move(resync=ResyncState(lsn=50))
    assert (watch.changed, watch.reason) == (frozenset(), "")
    watch.observe(heartbeat(40, a="1", b="1"))
    assert watch.changed == frozenset(), "a heartbeat from before the re-read changes nothing"

    again = IdentityMonitor(store, [A, B], lambda: now)
    again.observe(heartbeat(60, a="2", b="1"))
    again.observe(heartbeat(70, a="2", b="1"))
    assert again.changed == frozenset()
    again.observe(heartbeat(80, a="3", b="1"))
    assert again.changed == {A}


def emitted(at: int | None, definition: str, timeline: int = 1) -> HeartbeatMessage:
    """A heartbeat that the connector emitted at this LSN, and that arrives now."""
    content = Heartbeat("1", timeline, "s", 0, {"public.a": definition}, lsn=at)
    return HeartbeatMessage(Lsn(1000), content)


def test_a_copy_of_an_older_heartbeat_shows_nothing(store: RowStore) -> None:
    watch = IdentityMonitor(store, [A], dict)
    watch.observe(emitted(10, "1"))
    watch.observe(emitted(20, "1"))
    for copied in (emitted(10, "0"), emitted(20, "2"), emitted(15, "1", timeline=7)):
        watch.observe(copied)
        assert (watch.changed, watch.reason) == (frozenset(), "")
    watch.observe(emitted(30, "2"))
    assert watch.changed == {A}


def test_after_the_first_heartbeat_with_an_lsn_none_without_it_is_believed(store: RowStore) -> None:
    watch = IdentityMonitor(store, [A], dict)
    watch.observe(emitted(None, "1"))
    watch.observe(emitted(10, "1"))
    for restarted in (watch, IdentityMonitor(store, [A], dict)):
        restarted.observe(emitted(None, "0", timeline=7))
        assert (restarted.changed, restarted.reason) == (frozenset(), OUTDATED)
        restarted.observe(emitted(20 if restarted is watch else 30, "1"))
        assert restarted.reason == ""


def test_a_change_between_the_re_read_and_the_next_heartbeat(store: RowStore) -> None:
    watch = IdentityMonitor(store, [A], lambda: {"public.a": "A3"})
    watch.observe(heartbeat(a="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "")
    watch.observe(heartbeat(60, a="3"))
    assert watch.changed == {A}


def test_a_table_that_changes_during_a_resync_is_next(store: RowStore) -> None:
    now = {"public.a": "A2", "public.b": "B2"}
    watch = IdentityMonitor(store, [A, B], lambda: now)
    watch.observe(heartbeat(a="1", b="1"))
    watch.observe(heartbeat(a="2", b="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "")  # By now b has changed as well, and no heartbeat has reported it.
    watch.observe(heartbeat(60, a="2", b="2"))
    assert watch.changed == {B}

    again = IdentityMonitor(store, [A, B], lambda: now)
    again.observe(heartbeat(61, a="2", b="2"))
    assert again.changed == {B}
    with store.transaction():
        again.record_resync({"public.b": "B2"}, "")
    again.observe(heartbeat(70, a="2", b="2"))
    again.observe(heartbeat(71, a="2", b="2"))
    assert again.changed == frozenset()


def test_without_the_source_the_next_heartbeat_asks_again(store: RowStore) -> None:
    answers: list[dict[str, str]] = []

    def read_definitions() -> dict[str, str]:
        if not answers:
            raise ServiceMissing("away")
        return answers.pop()

    watch = IdentityMonitor(store, [A], read_definitions)
    watch.observe(heartbeat(a="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "new columns")
    watch.observe(heartbeat(60, a="2"))
    answers.append({"public.a": "A2"})
    watch.observe(heartbeat(61, a="2"))
    watch.observe(heartbeat(62, a="9"))
    assert watch.changed == {A}
    assert IdentityMonitor(store, [A], read_definitions).reason == "new columns"


@pytest.mark.parametrize(
    ("system", "timeline", "slot", "message"),
    [
        ("2", 1, "s", "database system was 1 and is 2"),
        ("1", 2, "s", "timeline was 1 and is 2"),
        ("1", 1, "other", "slot was s and is other"),
    ],
)
def test_another_system_timeline_or_slot_is_another_source(
    store: RowStore, system: str, timeline: int, slot: str, message: str
) -> None:
    assert IdentityMonitor(store, [A], dict).identity is None
    watch = IdentityMonitor(store, [A], dict)
    watch.observe(heartbeat(a="1"))
    assert watch.identity == Identity("1", 1)
    content = Heartbeat(system, timeline, slot, 0, {"public.a": "1"})
    with pytest.raises(PositionLost, match=message) as lost:
        watch.observe(HeartbeatMessage(Lsn(9), content))
    assert "--new-store" in describe(lost.value)
    assert IdentityMonitor(store, [A], dict).identity == Identity("1", 1), "it is known after a restart"
