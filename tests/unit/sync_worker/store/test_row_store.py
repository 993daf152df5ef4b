"""Deleted rows leave no trace in the row store's file."""

from pathlib import Path

from sync_worker.store.row_store import RowStore


def test_deleted_rows_are_in_no_page_of_the_file(tmp_path: Path) -> None:
    with RowStore(tmp_path / "store.sqlite") as store:
        store.execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, name TEXT)")
        with store.transaction():
            for number in range(500):
                canary = "canary" * (2000 if number % 10 == 0 else 10)
                store.execute("INSERT INTO rows VALUES (?, ?)", (number, canary if number % 2 == 0 else "other"))
                store.execute("INSERT INTO spool(value) VALUES (?)", (canary.encode(),))
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"canary" in (tmp_path / "store.sqlite").read_bytes()
        with store.transaction():
            store.execute("DELETE FROM rows WHERE id % 2 = 0")
            store.execute("DELETE FROM spool")
    files = [path for path in tmp_path.iterdir() if b"canary" in path.read_bytes()]
    assert files == []
