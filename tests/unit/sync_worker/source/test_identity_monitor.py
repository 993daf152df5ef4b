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
ONE: dict[TableName, tuple[str, ...]] = {A: ()}
BOTH: dict[TableName, tuple[str, ...]] = {A: (), B: ()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "watch.sqlite") as store:
        yield store


def heartbeat(lsn: int = 1, slot: str = "s", **catalogue: str) -> HeartbeatMessage:
    content = Heartbeat("1", 1, slot, 0, {f"public.{name}": text for name, text in catalogue.items()})
    return HeartbeatMessage(Lsn(lsn), content)


def test_a_changed_definition_is_wanted_until_it_is_read_anew(store: RowStore) -> None:
    now = {"public.a": "A2"}
    watch = IdentityMonitor(store, BOTH, lambda: now)
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

    again = IdentityMonitor(store, BOTH, lambda: now)
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
    watch = IdentityMonitor(store, ONE, dict)
    watch.observe(emitted(10, "1"))
    watch.observe(emitted(20, "1"))
    for copied in (emitted(10, "0"), emitted(20, "2"), emitted(15, "1", timeline=7)):
        watch.observe(copied)
        assert (watch.changed, watch.reason) == (frozenset(), "")
    watch.observe(emitted(30, "2"))
    assert watch.changed == {A}


def test_after_the_first_heartbeat_with_an_lsn_none_without_it_is_believed(store: RowStore) -> None:
    watch = IdentityMonitor(store, ONE, dict)
    watch.observe(emitted(None, "1"))
    watch.observe(emitted(10, "1"))
    for restarted in (watch, IdentityMonitor(store, ONE, dict)):
        restarted.observe(emitted(None, "0", timeline=7))
        assert (restarted.changed, restarted.reason) == (frozenset(), OUTDATED)
        restarted.observe(emitted(20 if restarted is watch else 30, "1"))
        assert restarted.reason == ""


def test_a_change_between_the_re_read_and_the_next_heartbeat(store: RowStore) -> None:
    watch = IdentityMonitor(store, ONE, lambda: {"public.a": "A3"})
    watch.observe(heartbeat(a="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "")
    watch.observe(heartbeat(60, a="3"))
    assert watch.changed == {A}


def test_a_table_that_changes_during_a_resync_is_next(store: RowStore) -> None:
    now = {"public.a": "A2", "public.b": "B2"}
    watch = IdentityMonitor(store, BOTH, lambda: now)
    watch.observe(heartbeat(a="1", b="1"))
    watch.observe(heartbeat(a="2", b="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "")  # By now b has changed as well, and no heartbeat has reported it.
    watch.observe(heartbeat(60, a="2", b="2"))
    assert watch.changed == {B}

    again = IdentityMonitor(store, BOTH, lambda: now)
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

    watch = IdentityMonitor(store, ONE, read_definitions)
    watch.observe(heartbeat(a="1"))
    with store.transaction():
        watch.record_resync({"public.a": "A2"}, "new columns")
    watch.observe(heartbeat(60, a="2"))
    answers.append({"public.a": "A2"})
    watch.observe(heartbeat(61, a="2"))
    watch.observe(heartbeat(62, a="9"))
    assert watch.changed == {A}
    assert IdentityMonitor(store, ONE, read_definitions).reason == "new columns"


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
    assert IdentityMonitor(store, ONE, dict).identity is None
    watch = IdentityMonitor(store, ONE, dict)
    watch.observe(heartbeat(a="1"))
    assert watch.identity == Identity("1", 1)
    content = Heartbeat(system, timeline, slot, 0, {"public.a": "1"})
    with pytest.raises(PositionLost, match=message) as lost:
        watch.observe(HeartbeatMessage(Lsn(9), content))
    assert "--new-store" in describe(lost.value)
    assert IdentityMonitor(store, ONE, dict).identity == Identity("1", 1), "it is known after a restart"


def reported(
    lsn: int, faults: dict[str, list[str]] | None = None, keys: str = "", schema: str = "1 a", **catalogue: str
) -> HeartbeatMessage:
    """A heartbeat of this version: faults by table, fingerprints with an underscore for each space."""
    content = Heartbeat(
        "1",
        1,
        "s",
        0,
        {f"public.{name}": text.replace("_", " ") for name, text in catalogue.items()},
        foreign_keys={"public.a": keys} if keys else {},
        schemas={"public": schema},
        faults={f"public.{name}": codes for name, codes in (faults or {}).items()},
    )
    return HeartbeatMessage(Lsn(lsn), content)


def monitor(store: RowStore, current: dict[str, str] | None = None) -> IdentityMonitor:
    return IdentityMonitor(store, ONE, lambda: current or {})


def reread(watch: IdentityMonitor, store: RowStore, **catalogue: str) -> None:
    with store.transaction():
        watch.record_resync({f"public.{name}": text for name, text in catalogue.items()}, "")


def test_what_stays_wrong_stays_reported_and_ends_with_a_re_read(store: RowStore) -> None:
    watch = monitor(store, {"public.a": "7 d p2"})
    watch.observe(reported(1, a="7_d_p"))
    for lsn in (2, 3):
        watch.observe(reported(lsn, {"a": ["unpublished"]}, a="7_d_"))
        assert watch.changed == frozenset(), "it is not read while its changes are missing"
        assert "public.a: the table is not in publication" in watch.reason
        assert "Run `rowtide init`" in watch.reason
    again = monitor(store, {"public.a": "7 d p2"})
    assert "not in publication" in again.reason, "a restart forgets nothing"
    again.observe(reported(4, a="7_d_p2"))
    assert again.changed == again.republished == {A}
    assert "not in publication" not in again.reason
    reread(again, store, a="7 d p2")
    again.observe(reported(5, a="7_d_p2"))
    again.observe(reported(6, a="7_d_p2"))
    assert (again.changed, again.reason) == (frozenset(), "")


def test_columns_that_stay_hidden_degrade_after_the_one_re_read(store: RowStore) -> None:
    watch = monitor(store, {"public.a": "7 d q"})
    watch.observe(reported(1, a="7_d_p"))
    watch.request_resync([A])
    with store.transaction():
        watch.record_resync({"public.a": "7 d q"}, "", {A: ("hidden note",)})
    for lsn in (2, 3, 4):
        assert "leaves out the columns note. Run `rowtide init`." in watch.reason
        watch.observe(reported(lsn, {"a": ["hidden note"]}, a="7_d_q"))
        assert watch.changed == frozenset()
    watch.observe(reported(5, a="7_d_r"))
    assert watch.changed == watch.republished == {A}


def test_a_table_that_is_away_is_read_when_it_is_back_even_unchanged(store: RowStore) -> None:
    watch = monitor(store)
    watch.observe(reported(1, {"a": ["absent"]}))
    assert "does not exist" in watch.reason
    watch.observe(reported(2, {"a": ["absent"]}))
    assert watch.changed == frozenset()
    watch.observe(reported(3, a="7_d_p"))
    assert watch.changed == {A}


def test_a_fault_that_loses_nothing_does_not_keep_a_table_from_being_read(store: RowStore) -> None:
    watch = monitor(store)
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, {"a": ["unreadable"]}, a="7_d_p"))
    assert "may not read it" in watch.reason
    assert watch.changed == frozenset()
    watch.observe(reported(3, {"a": ["row-security"]}, a="7_d2_p"))
    assert watch.changed == {A}


def test_only_another_table_of_the_name_is_followed(store: RowStore) -> None:
    """A table that somebody took out of the publication on purpose is not put back."""
    watch = monitor(store)
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, {"a": ["unpublished"]}, a="7_d_"))
    assert watch.replaced == {}
    watch.observe(reported(3, {"a": ["unpublished", "unreadable"]}, a="8_d_"))
    assert watch.replaced == {A: "8 d "}
    watch.request_following([A])
    assert watch.changed == watch.republished == {A}
    assert watch.replaced == {}


@pytest.mark.parametrize("first", ["changed definition", "row that does not fit", "left the publication"])
def test_a_table_that_is_replaced_and_re_read_before_a_heartbeat_reports_it_is_followed(
    store: RowStore, first: str
) -> None:
    watch = monitor(store, {"public.a": "8 d "})
    watch.observe(reported(1, a="7_d_p"))
    if first == "changed definition":
        watch.observe(reported(2, a="7_d2_p"))
    elif first == "left the publication":
        watch.observe(reported(2, {"a": ["unpublished"]}, a="7_d_"))
    watch.request_resync([A])
    with store.transaction():
        watch.record_resync({"public.a": "8 d "}, "", {A: ("unpublished",)})
    assert "not in publication" in watch.reason, "freshness is degraded before the next heartbeat"
    for lsn in (3, 4):
        watch.observe(reported(lsn, {"a": ["unpublished"]}, a="8_d_"))
        assert watch.replaced == {A: "8 d "}, "each heartbeat reports it until it is captured"
    again = monitor(store, {"public.a": "8 d p2"})
    again.observe(reported(5, {"a": ["unpublished"]}, a="8_d_"))
    assert again.replaced == {A: "8 d "}, "and after a restart"
    again.request_following([A])
    reread(again, store, a="8 d p2")
    for lsn in (6, 7):
        again.observe(reported(lsn, a="8_d_p2"))
        assert (again.changed, again.replaced, again.reason) == (frozenset(), {}, "")


def test_a_table_that_is_replaced_twice_is_followed_again(store: RowStore) -> None:
    watch = monitor(store, {"public.a": "9 d "})
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, {"a": ["unpublished"]}, a="8_d_"))
    watch.request_following([A])
    with store.transaction():
        watch.record_resync({"public.a": "9 d "}, "", {A: ("unpublished",)})
    watch.observe(reported(3, {"a": ["unpublished"]}, a="9_d_"))
    assert watch.replaced == {A: "9 d "}
    watch.request_following([A])
    assert watch.changed == watch.republished == {A}


def test_a_table_that_is_replaced_beside_the_resync_of_another_is_followed(store: RowStore) -> None:
    watch = IdentityMonitor(store, BOTH, lambda: {"public.b": "1 d2 p"})
    watch.observe(reported(1, a="7_d_p", b="1_d_p"))
    watch.observe(reported(2, a="7_d_p", b="1_d2_p"))
    reread(watch, store, b="1 d2 p")
    watch.observe(reported(3, {"a": ["unpublished"]}, a="8_d_", b="1_d2_p"))
    assert (watch.changed, watch.replaced) == (frozenset(), {A: "8 d "})
    watch.observe(reported(4, a="8_d_p2", b="1_d2_p"))
    assert watch.changed == watch.republished == {A}


@pytest.mark.parametrize("definition", ["7 d2 p2", "8 d2 p2"])
def test_writers_are_awaited_after_a_place_in_the_publication_that_only_a_re_read_saw(
    store: RowStore, definition: str
) -> None:
    """It left the publication and came back, or was replaced, between the heartbeat and the re-read: transactions that
    wrote to it in between have no event, and those that still ran are not in the rows either."""
    watch = monitor(store, {"public.a": definition})
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, a="7_d2_p"))
    assert watch.changed == {A}
    assert watch.republished == frozenset()
    reread(watch, store, a=definition)
    assert watch.changed == watch.republished == {A}
    assert "public.a changed" in watch.reason

    again = monitor(store, {"public.a": definition})
    again.observe(reported(3, a=definition.replace(" ", "_")))
    for each in (watch, again):
        assert each.changed == each.republished == {A}, "a restart forgets nothing"
    reread(again, store, a=definition)
    again.observe(reported(4, a=definition.replace(" ", "_")))
    again.observe(reported(5, a=definition.replace(" ", "_")))
    assert (again.changed, again.reason) == (frozenset(), "")


def test_writers_are_awaited_when_the_publication_changes_after_a_re_read(store: RowStore) -> None:
    watch = monitor(store, {"public.a": "8 d p2"})
    watch.observe(reported(1, a="7_d_p"))
    watch.request_resync([A])
    with store.transaction():
        watch.record_resync({"public.a": "8 d "}, "", {A: ("unpublished",)})
    watch.observe(reported(2, a="8_d_p2"))
    assert watch.changed == watch.republished == {A}


def test_a_table_that_the_connector_does_not_know(store: RowStore) -> None:
    watch = monitor(store)
    watch.observe(reported(1))
    assert "rowtide connectors apply" in watch.reason
    watch.observe(reported(2, a="7_d_p"))
    assert watch.changed == {A}


def test_a_heartbeat_of_an_earlier_version_tells_what_is_away(store: RowStore) -> None:
    watch = IdentityMonitor(store, BOTH, dict)
    watch.observe(heartbeat(a="1", b="1"))
    watch.observe(heartbeat(2, b="1"))
    assert watch.changed == frozenset()
    assert "public.a: the table does not exist" in watch.reason
    watch.observe(heartbeat(3, a="1", b="1"))
    assert (watch.changed, watch.reason) == (frozenset(), "")


def test_a_schema_that_was_away_and_a_grant(store: RowStore) -> None:
    watch = monitor(store)
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, schema="2 b", a="7_d_p"))
    assert watch.changed == frozenset()
    watch.observe(reported(3, schema="3 a", a="7_d_p"))
    assert watch.changed == {A}


def test_a_foreign_key_is_reviewed_once_and_after_a_restart_while_it_is_missing(store: RowStore) -> None:
    watch = monitor(store)
    watch.observe(reported(1, keys="k", a="7_d_p"))
    seen = [watch.keys_changed]
    watch.observe(reported(2, a="7_d_p"))
    seen.append(watch.keys_changed)
    watch.record_review("Write `on:`.")
    watch.observe(reported(3, a="7_d_p"))
    assert [*seen, watch.keys_changed] == [False, True, False]
    assert (watch.notice, watch.reason) == ("Write `on:`.", "")
    again = monitor(store)
    again.observe(reported(4, a="7_d_p"))
    assert again.keys_changed
    again.record_review("")
    last = monitor(store)
    last.observe(reported(5, a="7_d_p"))
    assert not last.keys_changed


def test_the_worker_reads_another_database_than_the_connector(store: RowStore) -> None:
    watch = monitor(store, {"public.a": "99 d p"})
    watch.observe(reported(1, a="7_d_p"))
    watch.observe(reported(2, a="7_d2_p"))
    reread(watch, store, a="99 d p")
    for lsn in (3, 4):
        watch.observe(reported(lsn, a="7_d2_p"))
        assert "another database than the connector's: public.a has OID 99 there and 7 in the log" in watch.reason
        assert watch.changed == frozenset()


def test_many_faults_are_counted(store: RowStore) -> None:
    tables = {TableName("public", f"t{number}"): () for number in range(9)}
    watch = IdentityMonitor(store, tables, dict)
    watch.observe(reported(1, {name: ["unpublished"] for _, name in tables}, **{name: "1_d_" for _, name in tables}))
    assert watch.reason.count("not in publication") == 3
    assert "6 more tables: `rowtide connectors diff` lists them." in watch.reason
