"""A row store of the previous format opens: it is converted once, and nothing is lost."""

from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from cdc.log.recovery import Recovery
from sync_worker.errors import StoreError, WorkerError
from sync_worker.store.layout import FORMAT, position_of_format_2
from sync_worker.store.position import (
    NOTHING_READ,
    LogPosition,
    OpenTransaction,
    Position,
    ResyncState,
    SnapshotState,
)
from sync_worker.store.quarantine import Quarantine, QuarantineKind
from sync_worker.store.row_store import Generation, Owner, RowStore, SourceRecord
from sync_worker.verification.row_store_reader import RowStoreReader

FLAT = {
    "topic_id": "t",
    "offset": 9,
    "applied": 80,
    "watermark": 90,
    "watermark_ms": 1_000,
    "snapshot": 50,
    "snapshot_ms": 700,
    "heard_ms": 999,
    "loading": 0,
    "settled": True,
    "awaiting": False,
    "passed": 0,
    "epoch": 3,
    "published": 85,
    "spooled_tx": 7,
    "spooled_seen": 2,
    "dropped_tx": 5,
    "ended_tx": 6,
    "reread": {"public.a": "1:2:"},
    "reread_lsn": 95,
}
NESTED = Position(
    LogPosition("t", 9, 80, 90, 1_000, 999),
    SnapshotState(50, 700, 0, True, False, 0),
    OpenTransaction(7, 2, 5, 6),
    ResyncState({"public.a": "1:2:"}, 95),
    epoch=3,
    published=85,
)
META = {
    "position": msgspec.json.encode(FLAT).decode(),
    "pipeline": "shop",
    "holder": "abc",
    "facts": '{"system":"1","tables":[]}',
    "spec_hash": "hash",
    "source": '{"system":"1"}',
    "reread catalogue": '{"public.a":"A"}',
    "degraded": "new columns",
    "snapshot looked at": 50,
    "elasticsearch nodes": "n1,n2",
    "generation things": "things-g000002",
    "shown things": 1,
    "uuid things-g000002": "u2",
    "generation others": "others-g000001",
    "shown others": 0,
    "uuid others-g000001": "u1",
    "generation forgotten": "",
    "shown forgotten": 1,
}
ENTRIES = [("1", "refused"), ("2", "not built"), ("3", "left out")]


def write_format_2(path: Path, meta: dict[str, Any] = META, entries: bool = True) -> None:
    """A file of format 2."""
    connection = apsw.Connection(str(path))
    connection.execute(
        """
        PRAGMA user_version = 2;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
        CREATE TABLE spool(seq INTEGER PRIMARY KEY, value BLOB NOT NULL, old_key BLOB);
        INSERT INTO spool(value) VALUES (x'00');
        CREATE TABLE "row_public.a"(id INTEGER PRIMARY KEY);
        INSERT INTO "row_public.a" VALUES (4711);
        """
    )
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    if entries:
        connection.execute(
            """
            CREATE TABLE set_aside(
              document TEXT, id TEXT, keys TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, fields TEXT NOT NULL,
              cause INTEGER NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (document, id)
            ) STRICT, WITHOUT ROWID
            """
        )
        rows = [("things", id_, f"[{id_}]", kind, "odd", "[]", 40, 60, 1) for id_, kind in ENTRIES]
        connection.executemany("INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite"


def test_everything_that_format_2_knew_is_there(path: Path) -> None:
    write_format_2(path)
    for _ in range(2):
        with RowStore(path) as store:
            assert store.position == NESTED
            assert store.owner() == Owner("shop", "abc")
            assert store.source() == SourceRecord(
                '{"system":"1","tables":[]}', "hash", '{"system":"1"}', '{"public.a":"A"}', "new columns", 50
            )
            assert store.sink_nodes() == {"n1", "n2"}
            assert store.generation("things") == Generation("things-g000002", "u2", True)
            assert store.generation("others") == Generation("others-g000001", "u1", False)
            assert store.generation("forgotten") is None
            assert store.value('SELECT id FROM "row_public.a"') == 4711
            assert store.value("SELECT count(*) FROM spool") == 1
            quarantine = Quarantine(store)
            assert (quarantine.refused, quarantine.left_out) == (2, 1)
            assert store.value("PRAGMA user_version") == FORMAT
            assert not store.connection.table_exists(None, "meta")
    with RowStoreReader(path) as reader:
        assert reader.position == NESTED
        assert {entry.id: entry.kind for entry in reader.quarantined()} == {
            "1": QuarantineKind.REJECTED,
            "2": QuarantineKind.UNBUILDABLE,
            "3": QuarantineKind.FIELD_DROPPED,
        }


def test_a_store_of_format_2_that_was_just_created_opens(path: Path) -> None:
    write_format_2(path, {"pipeline": "shop"}, entries=False)
    with RowStore(path) as store:
        assert (store.position, store.owner()) == (Position(), Owner("shop", ""))
        assert store.source() == SourceRecord("", "", "", "", "", 0)
        assert store.sink_nodes() == frozenset()


def test_a_conversion_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    write_format_2(path, META | {"position": "no JSON"})
    with pytest.raises(StoreError, match="is damaged"):
        RowStore(path)
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == 2
    assert connection.execute("SELECT count(*) FROM meta").fetchone() == (len(META),)
    assert not connection.table_exists(None, "position")


def test_a_position_without_the_newest_fields_has_their_defaults() -> None:
    assert position_of_format_2({"offset": 4, "watermark": 8}) == Position(LogPosition(offset=4, watermark=8))
    assert position_of_format_2({}).snapshot.skipped == NOTHING_READ


def test_a_reader_refuses_a_store_that_is_not_converted_yet(path: Path) -> None:
    write_format_2(path)
    with pytest.raises(WorkerError, match=r"has format 2, not 3\. Start this version's worker once"):
        RowStoreReader(path)


def test_another_format_is_refused(path: Path) -> None:
    apsw.Connection(str(path)).pragma("user_version", 99)
    with pytest.raises(StoreError, match="has format 99") as refused:
        RowStore(path)
    assert refused.value.recovery is Recovery.REMOVE_STORE


def test_an_emptied_store_keeps_only_the_holder_and_a_new_epoch(path: Path) -> None:
    write_format_2(path)
    with RowStore(path) as store:
        store.empty()
        assert (store.owner(), store.position) == (Owner("", "abc"), Position(epoch=4))
        assert store.source().facts == ""
        assert store.generation("things") is None
        assert store.value("SELECT count(*) FROM spool") == 0
        assert not store.connection.table_exists(None, "row_public.a")
    with RowStore(path) as store:
        assert store.position == Position(epoch=4)
