"""Searches that a caller keeps under a name. A search is the query of its address, and holds no results."""

import secrets

from msgspec import Struct

from search_api.access.state import State, now_ms

MOST = 200
"""Saved searches of one caller."""
LONGEST_NAME = 100
LONGEST_QUERY = 8_000


class SavedSearch(Struct, frozen=True):
    """A search that was kept. `query` is what stands behind the `?` of its address."""

    id: str
    index: str
    name: str
    query: str
    saved_ms: int


class InvalidSavedSearch(Exception):
    """A search that cannot be kept; the message says why."""


class SavedSearches:
    """The saved searches in the state file. `owner` is a caller's name; nobody sees those of another."""

    def __init__(self, state: State) -> None:
        self._state = state

    def save(self, owner: str, index: str, name: str, query: str) -> SavedSearch:
        """Keep a search; one with the same name is replaced and keeps its id. Raises InvalidSavedSearch."""
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise InvalidSavedSearch(f"Give the search a name of up to {LONGEST_NAME} characters.")
        if len(query) > LONGEST_QUERY:
            raise InvalidSavedSearch(f"The search has {len(query)} characters; up to {LONGEST_QUERY} can be kept.")
        others = [one for one in self.all(owner) if (one.index, one.name) != (index, name)]
        if len(others) >= MOST:
            raise InvalidSavedSearch(f"{MOST} searches are kept already; remove one first.")
        self._state.change(
            "INSERT INTO saved_searches VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (owner, index_name, name)"
            " DO UPDATE SET query = excluded.query, saved_ms = excluded.saved_ms",
            (secrets.token_hex(8), owner, index, name, query, now_ms()),
        )
        return next(one for one in self.all(owner, index) if one.name == name)

    def all(self, owner: str, index: str = "") -> list[SavedSearch]:
        """The searches of an owner, of one index or of all, in the order of their names."""
        rows = self._state.rows(
            "SELECT id, index_name, name, query, saved_ms FROM saved_searches WHERE owner = ?1"
            " AND (?2 = '' OR index_name = ?2) ORDER BY index_name, name",
            (owner, index),
        )
        return [SavedSearch(*row) for row in rows]

    def get(self, owner: str, search_id: str) -> SavedSearch | None:
        """A search of this owner, or None."""
        return next((one for one in self.all(owner) if one.id == search_id), None)

    def remove(self, owner: str, search_id: str) -> bool:
        """Forget a search of this owner; False when there is none."""
        sql = "DELETE FROM saved_searches WHERE owner = ? AND id = ?"
        return self._state.change(sql, (owner, search_id)) == 1
