"""The caller of a request, and what it may see of an index. No other room decides this again."""

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
"""The scopes of a caller that neither exports whole results nor stores anything."""

ALL = "*"
"""In `indexes` and `unmasked`: all of them, including future ones."""


@dataclass(frozen=True)
class Caller:
    """An API key, or a client without one, whose `name` is "".

    `filters` are conditions in the API's syntax that a document must match to exist for this caller, such as its
    tenant. `unmasked` are the kinds of personal data that it sees; fields of other kinds do not exist for it. `label`
    is for people.
    """

    name: str = ""
    scopes: frozenset[Scope] = frozenset()
    indexes: frozenset[str] = frozenset()
    filters: tuple[str, ...] = ()
    unmasked: frozenset[str] = frozenset()
    label: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether the caller has this scope."""
        return scope in self.scopes

    def sees(self, index: str) -> bool:
        """Whether the caller may read this index."""
        return ALL in self.indexes or index in self.indexes

    def view(self, schema: IndexSchema) -> IndexSchema:
        """The schema without the fields that are masked for this caller."""
        if ALL in self.unmasked:
            return schema
        seen = tuple(field for field in schema.fields if field.pii <= self.unmasked)
        if len(seen) < len(schema.fields):  # The flags of dropped fields may name a masked field.
            seen = tuple(field for field in seen if not field.name.startswith(f"{FLAGS}."))
        return replace(schema, fields=seen)

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of the caller and what it may see. Cursors and ETags of different callers differ by it."""
        seen = (self.name, sorted(self.indexes), self.filters, sorted(self.unmasked))
        return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:12]

    def secret(self, secret: bytes) -> bytes:
        """A secret derived for this caller, so that another caller cannot use what it signs."""
        return hmac.digest(secret, self.fingerprint.encode(), "sha256")


def anybody(scopes: frozenset[Scope], unmasked: frozenset[str]) -> Caller:
    """The caller without a key, which reads every index."""
    return Caller("", scopes, frozenset({ALL}), (), unmasked)
