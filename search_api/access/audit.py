"""The record of who exported what, written before the first row is sent and completed at the end. It never contains row
values.
"""

from typing import Literal

from msgspec import Struct

from search_api.access.callers import Caller
from search_api.access.state import State, now_ms

ExportState = Literal["running", "complete", "cut", "failed"]
"""`cut`: the client disconnected, or the limit was reached. One still `running` after its server ended was also cut."""


class ExportRecord(Struct, frozen=True):
    """One export. `key_id` is "" without an API key; `query` is the request as JSON; `rows` is null until the end."""

    id: int
    at_ms: int
    key_id: str
    key_name: str
    address: str
    index: str
    query: str
    format: str
    rows: int | None
    ended: ExportState


class Audit:
    """The exports in the state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def begin(self, caller: Caller, address: str, index: str, query: str, format: str) -> int:
        """Record the start of an export from the client's `address`. Returns the number to pass to `end`."""
        self._state.change(
            "INSERT INTO exports (at_ms, key_id, key_name, address, index_name, query, format, ended)"
            " VALUES (?, ?, coalesce((SELECT name FROM api_keys WHERE id = ?), ''), ?, ?, ?, ?, 'running')",
            (now_ms(), caller.name, caller.name, address, index, query, format),
        )
        return self._state.last_id()

    def end(self, number: int, rows: int, ended: ExportState) -> None:
        """Record how an export ended, and how many rows it had sent."""
        self._state.change("UPDATE exports SET rows = ?, ended = ? WHERE id = ?", (rows, ended, number))

    def newest(self, limit: int) -> list[ExportRecord]:
        """The latest exports, newest first."""
        rows = self._state.rows("SELECT * FROM exports ORDER BY id DESC LIMIT ?", (limit,))
        return [ExportRecord(*row) for row in rows]
