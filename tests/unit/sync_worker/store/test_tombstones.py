"""Tombstones: deletes are kept, and sent again when Elasticsearch may have forgotten them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_worker.store.position import EPOCH_BITS
from sync_worker.store.row_store import RowStore
from sync_worker.store.tombstones import Tombstones


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RowStore]:
    with RowStore(tmp_path / "tombstones.sqlite") as store:
        with store.transaction():
            store.move_log(watermark=70)
            store.move(epoch=2)
        yield store


def test_what_is_buried_is_due_until_it_was_sent(store: RowStore) -> None:
    tombstones = Tombstones(store)
    with store.transaction():
        tombstones.add("things", ["a", "b"])
    assert tombstones.oldest() == [70]
    taken = tombstones.next_due()
    assert taken is not None
    document, items = taken
    assert (document, [item.id for item in items]) == ("things", ["a", "b"])
    assert str((2 << EPOCH_BITS) | 70).encode() in items[0].body
    with store.transaction():
        tombstones.mark_sent(document, items)
    assert (tombstones.next_due(), tombstones.oldest()) == (None, [])


def test_another_process_of_elasticsearch_makes_all_due(store: RowStore) -> None:
    tombstones = Tombstones(store)
    tombstones.observe_nodes(frozenset({"one"}))
    with store.transaction():
        tombstones.add("things", ["a"])
    taken = tombstones.next_due()
    assert taken is not None
    with store.transaction():
        tombstones.mark_sent(*taken)
    tombstones.observe_nodes(frozenset({"one"}))
    tombstones.observe_nodes(frozenset())
    assert tombstones.next_due() is None, "the same process, or one that does not answer, has forgotten nothing"
    tombstones.observe_nodes(frozenset({"two"}))
    assert tombstones.next_due() is not None
    again = Tombstones(store)
    assert again.next_due() is not None, "it is due after a restart of the worker, too"


def test_old_ones_are_dropped(store: RowStore) -> None:
    tombstones = Tombstones(store)
    with store.transaction():
        store.execute("INSERT INTO tombstones VALUES ('things', 'old', 1, 1000, 0), ('things', 'due', 1, 1000, 5)")
    tombstones.mark_all_due()
    taken = tombstones.next_due()
    assert taken is not None
    assert [item.id for item in taken[1]] == ["due"]
