"""Sessions of the page: a person signs in with an API key once, and the browser keeps a cookie for it."""

import hashlib
import secrets

from search_api.access.api_keys import ApiKey, ApiKeys
from search_api.access.state import State, now_ms
from search_api.errors import InvalidApiKey

COOKIE = "rowtide_session"
MAX_AGE_SECONDS = 12 * 3600
"""A working day; then the person must sign in again."""


class Sessions:
    """The sessions in the state file. They are stored as hashes, and end when their key is revoked."""

    def __init__(self, state: State, keys: ApiKeys) -> None:
        self._state = state
        self._keys = keys

    def begin(self, key_text: str, former: str = "") -> str:
        """Begin a session with an API key, and end the browser's `former` one, whose cookie it replaces. Returns the
        cookie's value. Raises InvalidApiKey; the former session continues then.
        """
        key = self._keys.check(key_text.strip())
        session = secrets.token_hex(32)
        now = now_ms()
        self._state.change("DELETE FROM sessions WHERE expires_ms <= ? OR hash = ?", (now, _hash(former)))
        self._state.change(
            "INSERT INTO sessions VALUES (?, ?, ?)", (_hash(session), key.id, now + MAX_AGE_SECONDS * 1000)
        )
        return session

    def check(self, session: str) -> ApiKey:
        """The key of a session. Raises InvalidApiKey."""
        sql = "SELECT key_id FROM sessions WHERE hash = ? AND expires_ms > ?"
        rows = self._state.rows(sql, (_hash(session), now_ms()))
        if not rows:
            raise InvalidApiKey
        return self._keys.active(str(rows[0][0]))

    def end(self, session: str) -> None:
        """End a session, if it exists."""
        self._state.change("DELETE FROM sessions WHERE hash = ?", (_hash(session),))


def _hash(session: str) -> bytes:
    """Rows are looked up by hash, so the time it takes reveals nothing about the value."""
    return hashlib.sha256(session.encode()).digest()
