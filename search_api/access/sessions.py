"""Sessions of the page: a person signs in with an API key once, and the browser keeps a cookie that stands for it."""

import hashlib
import secrets

from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.state import State, now_ms
from search_api.errors import InvalidApiKey

COOKIE = "rowtide_session"
SECONDS = 12 * 3600
"""A working day; then the key is asked for again."""


class Sessions:
    """The sessions in the state file. A session is kept as a hash, and ends with its key."""

    def __init__(self, state: State, keys: ApiKeys) -> None:
        self._state = state
        self._keys = keys

    def begin(self, key_text: str) -> str:
        """Begin a session with an API key; returns the cookie's value. Raises InvalidApiKey."""
        key = self._keys.check(key_text.strip())
        session = secrets.token_hex(32)
        now = now_ms()
        self._state.change("DELETE FROM sessions WHERE expires_ms <= ?", (now,))
        self._state.change("INSERT INTO sessions VALUES (?, ?, ?)", (_hash(session), key.id, now + SECONDS * 1000))
        return session

    def check(self, session: str) -> ApiKey:
        """The key of a session; raises InvalidApiKey."""
        sql = "SELECT key_id FROM sessions WHERE hash = ? AND expires_ms > ?"
        rows = self._state.rows(sql, (_hash(session), now_ms()))
        if not rows:
            raise InvalidApiKey
        return self._keys.active(str(rows[0][0]))

    def end(self, session: str) -> None:
        """End a session, if there is one."""
        self._state.change("DELETE FROM sessions WHERE hash = ?", (_hash(session),))


def _hash(session: str) -> bytes:
    """The rows are found by the hash: how long that takes tells nothing about the value."""
    return hashlib.sha256(session.encode()).digest()
