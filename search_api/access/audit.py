"""Who exported what: noted before the first row leaves, and again at the end. Values of rows are never in it."""

from typing import Literal

from msgspec import Struct

from search_api.access.callers import Caller
from search_api.access.state import State, now_ms

ExportOutcome = Literal["running", "complete", "cut", "failed"]
"""`cut`: the reader went away, or a limit was reached. A `running` one of a server that is gone was cut too."""


class ExportRecord(Struct, frozen=True):
    """One export. `key_id` is "" without an API key; `query` is what was asked, as JSON; `rows` is null until the end."""

    id: int
    at_ms: int
    key_id: str
    key_name: str
    address: str
    index: str
    query: str
    format: str
    rows: int | None
    ended: ExportOutcome


class Audit:
    """The exports in the state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def begin(self, caller: Caller, address: str, index: str, query: str, format: str) -> int:
        """Note that an export begins; `address` is the client's. Returns the number to end it by."""
        self._state.change(
            "INSERT INTO exports (at_ms, key_id, key_name, address, index_name, query, format, ended)"
            " VALUES (?, ?, coalesce((SELECT name FROM api_keys WHERE id = ?), ''), ?, ?, ?, ?, 'running')",
            (now_ms(), caller.name, caller.name, address, index, query, format),
        )
        return self._state.last_id()

    def end(self, number: int, rows: int, ended: ExportOutcome) -> None:
        """Note how an export ended, and how many rows had left by then."""
        self._state.change("UPDATE exports SET rows = ?, ended = ? WHERE id = ?", (rows, ended, number))

    def newest(self, most: int) -> list[ExportRecord]:
        """The latest exports, the newest first."""
        rows = self._state.rows("SELECT * FROM exports ORDER BY id DESC LIMIT ?", (most,))
        return [ExportRecord(*row) for row in rows]
