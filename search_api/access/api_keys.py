"""API keys: created once, shown once, stored as a hash.

A key is `rtk_<id>_<secret>`: lists and logs use the id, and secret scanners find the prefix. The secret has 256 random
bits, so a plain SHA-256 is enough: it cannot be guessed, and a deliberately slow hash, which protects passwords that
people choose, would only slow down every request.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from search_api.access.callers import Caller, Scope
from search_api.access.state import State, now_ms
from search_api.errors import InvalidApiKey

_KEY = re.compile(r"rtk_([0-9a-f]{12})_([0-9a-f]{64})")
_COLUMNS = "id, name, scopes, indexes, filters, unmasked, created_ms, expires_ms, revoked_ms, used_ms"
LAST_USE_INTERVAL_MS = 60_000
"""The last use of a key is recorded at most once in this time."""
_NO_HASH = bytes(32)


class ApiKey(Struct, frozen=True):
    """A stored key, without its secret. Times are Unix milliseconds. `filters` and `unmasked` are those of its
    Caller."""

    id: str
    name: str
    scopes: list[Scope]
    indexes: list[str]
    filters: list[str]
    unmasked: list[str]
    created_ms: int
    expires_ms: int | None = None
    revoked_ms: int | None = None
    used_ms: int | None = None

    def condition(self, now: int) -> Literal["active", "expired", "revoked"]:
        """The state of the key at the time `now` (Unix milliseconds)."""
        if self.revoked_ms is not None:
            return "revoked"
        return "expired" if self.expires_ms is not None and self.expires_ms <= now else "active"

    @property
    def caller(self) -> Caller:
        """The caller with this key."""
        return Caller(
            self.id,
            frozenset(self.scopes),
            frozenset(self.indexes),
            tuple(self.filters),
            frozenset(self.unmasked),
            self.name,
        )


class ApiKeys:
    """The keys in the state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def create(  # One parameter per option of `rowtide api keys create`.
        self,
        name: str,
        scopes: Sequence[Scope],
        indexes: Sequence[str],
        filters: Sequence[str] = (),
        unmasked: Sequence[str] = (),
        expires_ms: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key. Returns the key and its text, which cannot be shown again."""
        key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
        key = ApiKey(key_id, name, [*scopes], [*indexes], [*filters], [*unmasked], now_ms(), expires_ms)
        lists = (
            msgspec.json.encode(values).decode() for values in (key.scopes, key.indexes, key.filters, key.unmasked)
        )
        self._state.change(
            f"INSERT INTO api_keys ({_COLUMNS}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
            (key_id, name, *lists, key.created_ms, expires_ms, _hash(key_id, secret)),
        )
        return key, f"rtk_{key_id}_{secret}"

    def check(self, text: str) -> ApiKey:
        """The key for the text that a client sent. Raises InvalidApiKey, without telling what is wrong."""
        match = _KEY.fullmatch(text)
        key_id, secret = (match[1], match[2]) if match else ("", "")
        rows = self._state.rows("SELECT hash FROM api_keys WHERE id = ?", (key_id,))
        stored_hash = rows[0][0] if rows else _NO_HASH
        if not hmac.compare_digest(stored_hash, _hash(key_id, secret)):
            raise InvalidApiKey
        return self.active(key_id)

    def active(self, key_id: str) -> ApiKey:
        """The key with this id, and record its use. Raises InvalidApiKey unless the key is active."""
        key = self.get(key_id)
        now = now_ms()
        if key is None or key.condition(now) != "active":
            raise InvalidApiKey
        if key.used_ms is None or now - key.used_ms >= LAST_USE_INTERVAL_MS:
            self._state.change("UPDATE api_keys SET used_ms = ? WHERE id = ?", (now, key_id))
        return key

    def get(self, key_id: str) -> ApiKey | None:
        """The key with this id, active or not."""
        rows = self._state.rows(f"SELECT {_COLUMNS} FROM api_keys WHERE id = ?", (key_id,))
        return _key(rows[0]) if rows else None

    def all(self) -> list[ApiKey]:
        """All keys, newest first."""
        return [_key(row) for row in self._state.rows(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_ms DESC, id")]

    def revoke(self, key_id: str) -> bool:
        """Revoke a key and end its sessions. Returns False if there is no such key."""
        self._state.change("DELETE FROM sessions WHERE key_id = ?", (key_id,))
        sql = "UPDATE api_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?"
        return self._state.change(sql, (now_ms(), key_id)) == 1


def _key(row: tuple[Any, ...]) -> ApiKey:
    key_id, name, *rest = row
    values: list[Any] = [msgspec.json.decode(text) for text in rest[:4]] + rest[4:]
    return ApiKey(key_id, name, *values)


def _hash(key_id: str, secret: str) -> bytes:
    return hashlib.sha256(f"{key_id}:{secret}".encode()).digest()
