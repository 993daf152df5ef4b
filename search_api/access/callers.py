"""Who asks, and what of an index they may see. Nothing outside of this room decides it a second time."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import msgspec

from read_model.elasticsearch.index_body import FLAGS
from search_api.query.schema import IndexSchema

Scope = Literal["search", "export", "aggregate", "explain", "save"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

READING: frozenset[Scope] = frozenset(("search", "aggregate", "explain"))
"""Scopes of who reads a search at a time, and neither takes whole results along nor keeps anything here."""

ALL = "*"
"""In `indexes` and `unmasked`: every one, also those that come later."""


@dataclass(frozen=True)
class Caller:
    """An API key, or anybody (`name` is "" then).

    `filters` are conditions, in a reader's syntax, that every document must fulfil to exist for this caller: a tenant's.
    `unmasked` are the kinds of personal data that it sees; a field of any other kind does not exist for it. `label` is for people."""

    name: str = ""
    scopes: frozenset[Scope] = frozenset()
    indexes: frozenset[str] = frozenset()
    filters: tuple[str, ...] = ()
    unmasked: frozenset[str] = frozenset()
    label: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether it may do this kind of thing."""
        return scope in self.scopes

    def sees(self, index: str) -> bool:
        """Whether it may read this index."""
        return ALL in self.indexes or index in self.indexes

    def view(self, schema: IndexSchema) -> IndexSchema:
        """The fields that exist for this caller."""
        if ALL in self.unmasked:
            return schema
        seen = tuple(field for field in schema.fields if field.pii <= self.unmasked)
        if len(seen) < len(schema.fields):  # What a document had to leave out may be a masked field.
            seen = tuple(field for field in seen if not field.name.startswith(f"{FLAGS}."))
        return replace(schema, fields=seen)

    @cached_property
    def fingerprint(self) -> str:
        """Differs between callers, and with what a caller may see: answers of one are not answers of another."""
        seen = (self.name, sorted(self.indexes), self.filters, sorted(self.unmasked))
        return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:12]

    def secret(self, secret: bytes) -> bytes:
        """A secret of this caller's own, so that nothing that is signed with it serves another."""
        return hmac.digest(secret, self.fingerprint.encode(), "sha256")


def anybody(scopes: frozenset[Scope], unmasked: frozenset[str]) -> Caller:
    """The caller without a key, who reads every index."""
    return Caller("", scopes, frozenset({ALL}), (), unmasked)
