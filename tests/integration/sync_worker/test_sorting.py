"""The row store sorts on disk: its memory does not grow with the rows."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os
import sys
from pathlib import Path
from tests.bench.usage import read_peak
from sync_worker.store.row_store import RowStore

with RowStore(Path(sys.argv[1])) as store, store.transaction():
    store.execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, name TEXT)")
    numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)"
    store.execute(f"INSERT INTO rows {numbers} SELECT n, hex(randomblob(60)) FROM n", (int(sys.argv[2]),)).fetchall()
    store.execute("CREATE INDEX names ON rows(name)")
print(read_peak(os.getpid()) >> 20)
"""


def peak(folder: Path, rows: int) -> int:
    """Peak memory in MiB of a process that creates an index over `rows` rows of 120 characters."""
    path = folder / f"{rows}.sqlite"
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(rows)], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


def test_memory_does_not_grow_with_the_rows_that_are_sorted(tmp_path: Path) -> None:
    few, many = peak(tmp_path, 600_000), peak(tmp_path, 1_100_000)
    assert many - few < 30, f"MiB with 600,000 and with 1,100,000 rows of 120 characters: {few}, {many}"
