"""Searches that a caller saved under a name. A saved search is the query string of its address, without results."""

import secrets

from msgspec import Struct

from search_api.access.state import State, now_ms

MAX_PER_CALLER = 200
MAX_NAME_LENGTH = 100
MAX_QUERY_LENGTH = 8_000


class SavedSearch(Struct, frozen=True):
    """`query` is the part of the address after the `?`; `saved_ms` is in Unix milliseconds."""

    id: str
    index: str
    name: str
    query: str
    saved_ms: int


class InvalidSavedSearch(Exception):
    """The search cannot be saved; the message explains why."""


class SavedSearches:
    """The saved searches in the state file. `owner` is a caller's name; a caller sees only its own."""

    def __init__(self, state: State) -> None:
        self._state = state

    def save(self, owner: str, index: str, name: str, query: str) -> SavedSearch:
        """Save a search. One with the same name is replaced and keeps its id. Raises InvalidSavedSearch."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            raise InvalidSavedSearch(f"The name must have 1 to {MAX_NAME_LENGTH} characters.")
        if len(query) > MAX_QUERY_LENGTH:
            raise InvalidSavedSearch(f"The search has {len(query)} characters; the limit is {MAX_QUERY_LENGTH}.")
        others = [saved for saved in self.all(owner) if (saved.index, saved.name) != (index, name)]
        if len(others) >= MAX_PER_CALLER:
            raise InvalidSavedSearch(f"The limit of {MAX_PER_CALLER} saved searches is reached; remove one first.")
        self._state.change(
            "INSERT INTO saved_searches VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (owner, index_name, name)"
            " DO UPDATE SET query = excluded.query, saved_ms = excluded.saved_ms",
            (secrets.token_hex(8), owner, index, name, query, now_ms()),
        )
        return next(saved for saved in self.all(owner, index) if saved.name == name)

    def all(self, owner: str, index: str = "") -> list[SavedSearch]:
        """The searches of an owner, in one index or in all, ordered by name."""
        rows = self._state.rows(
            "SELECT id, index_name, name, query, saved_ms FROM saved_searches WHERE owner = ?1"
            " AND (?2 = '' OR index_name = ?2) ORDER BY index_name, name",
            (owner, index),
        )
        return [SavedSearch(*row) for row in rows]

    def get(self, owner: str, search_id: str) -> SavedSearch | None:
        """The owner's search with this id, or None."""
        return next((saved for saved in self.all(owner) if saved.id == search_id), None)

    def remove(self, owner: str, search_id: str) -> bool:
        """Remove a search of this owner. Returns False if there is none."""
        sql = "DELETE FROM saved_searches WHERE owner = ? AND id = ?"
        return self._state.change(sql, (owner, search_id)) == 1
