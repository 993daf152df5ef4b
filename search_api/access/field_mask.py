"""Masked fields: which they are, documents without them, and a last look at a search before it leaves.

A masked field is already missing in the schema that a search is made from. The last look is there for the day when
somebody makes a search in another way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from search_api.access.field_references import UnknownClause, referenced_fields
from search_api.query.schema import IndexSchema

Tree = dict[str, "Tree"]
"""The paths of masked fields, a level a key; a field itself has no keys."""


class ForbiddenSearch(Exception):
    """A search that would tell what its caller may not see. It is a fault of this program, and is not sent."""


@dataclass(frozen=True)
class Mask:
    """The fields of an index that do not exist for a caller."""

    names: frozenset[str]
    tree: Tree

    def __bool__(self) -> bool:
        return bool(self.names)


def mask_of(schema: IndexSchema, view: IndexSchema) -> Mask:
    """The fields of `schema` that `view` lacks."""
    names = schema.by_name.keys() - view.by_name.keys()
    tree: Tree = {}
    for name in names:
        level = tree
        for part in name.split("."):
            level = level.setdefault(part, {})
    return Mask(frozenset(names), tree)


def masked_document(document: Raw, tree: Tree) -> Raw:
    """A document, or a part of one, without its masked fields. What stays is not touched: numbers keep their digits."""
    match bytes(document).lstrip()[:1]:
        case b"{":
            fields = msgspec.json.decode(document, type=dict[str, Raw])
            return Raw(msgspec.json.encode(dict(_kept(fields, tree))))
        case b"[":
            elements = msgspec.json.decode(document, type=list[Raw])
            return Raw(msgspec.json.encode([masked_document(one, tree) for one in elements]))
        case _:
            return document


def _kept(fields: dict[str, Raw], tree: Tree) -> Iterator[tuple[str, Raw]]:
    for name, value in fields.items():
        below = tree.get(name)
        if below is None:
            yield name, value
        elif below:
            yield name, masked_document(value, below)


def masked_hits(body: bytes, tree: Tree) -> bytes:
    """The answer of a search, with masked fields taken out of its documents."""
    answer = msgspec.json.decode(body, type=dict[str, Raw])
    hits = msgspec.json.decode(answer["hits"], type=dict[str, Raw])
    items = msgspec.json.decode(hits["hits"], type=list[dict[str, Raw]])
    hits["hits"] = Raw(msgspec.json.encode([_sourced(item, tree) for item in items]))
    answer["hits"] = Raw(msgspec.json.encode(hits))
    return msgspec.json.encode(answer)


def masked_documents(body: bytes, tree: Tree) -> bytes:
    """The answer of a multi-get, likewise."""
    docs = msgspec.json.decode(body, type=dict[str, list[dict[str, Raw]]])["docs"]
    return msgspec.json.encode({"docs": [_sourced(one, tree) for one in docs]})


def _sourced(item: dict[str, Raw], tree: Tree) -> dict[str, Raw]:
    if "_source" in item:
        item["_source"] = masked_document(item["_source"], tree)
    return item


def check_search(body: Mapping[str, Any], mask: Mask, tenant: bool) -> None:
    """Raise ForbiddenSearch when a search names a masked field, or counts beyond the documents of a tenant."""
    if mask:
        try:
            named = list(referenced_fields(body))
        except UnknownClause as error:
            raise ForbiddenSearch(f"a search has a part, {error}, of which nobody knows what it names") from None
        if any("*" in name or _masked(name, mask.names) for name in named):
            raise ForbiddenSearch("a search names a field that its caller may not see")
    if tenant and any(_counts_all(one) for one in body.get("aggs", {}).values()):
        raise ForbiddenSearch("a search counts documents of other tenants")


def _counts_all(aggregation: Mapping[str, Any]) -> bool:
    return "global" in aggregation or any(_counts_all(one) for one in aggregation.get("aggs", {}).values())


def _masked(name: str, names: frozenset[str]) -> bool:
    """Whether a name, which may carry a boost and a sub-field, is that of a masked field."""
    bare = name.partition("^")[0]
    while bare:
        if bare in names:
            return True
        bare = bare.rpartition(".")[0]
    return False
