"""Field masking: which fields are masked, removing them from documents, and a last check of each search before it is
sent.

A masked field is already missing in the schema from which a search is built. The last check is for searches that are
built in some other way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from search_api.access.field_references import UnknownClause, referenced_fields
from search_api.query.schema import IndexSchema

Tree = dict[str, "Tree"]
"""The paths of masked fields, one level per key; a field is a leaf."""


class ForbiddenSearch(Exception):
    """A search that would reveal masked data. It is a bug of this program, and the search is not sent."""


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
    """A document, or a part of one, without its masked fields. Everything else is copied as raw JSON, so that numbers
    keep their digits.
    """
    match bytes(document).lstrip()[:1]:
        case b"{":
            fields = msgspec.json.decode(document, type=dict[str, Raw])
            return Raw(msgspec.json.encode(dict(_visible_fields(fields, tree))))
        case b"[":
            elements = msgspec.json.decode(document, type=list[Raw])
            return Raw(msgspec.json.encode([masked_document(element, tree) for element in elements]))
        case _:
            return document


def _visible_fields(fields: dict[str, Raw], tree: Tree) -> Iterator[tuple[str, Raw]]:
    for name, value in fields.items():
        below = tree.get(name)
        if below is None:
            yield name, value
        elif below:
            yield name, masked_document(value, below)


def masked_hits(body: bytes, tree: Tree) -> bytes:
    """The response of a search without masked fields."""
    response = msgspec.json.decode(body, type=dict[str, Raw])
    hits = msgspec.json.decode(response["hits"], type=dict[str, Raw])
    items = msgspec.json.decode(hits["hits"], type=list[dict[str, Raw]])
    hits["hits"] = Raw(msgspec.json.encode([_masked_hit(item, tree) for item in items]))
    response["hits"] = Raw(msgspec.json.encode(hits))
    return msgspec.json.encode(response)


def masked_documents(body: bytes, tree: Tree) -> bytes:
    """The response of a multi-get without masked fields."""
    docs = msgspec.json.decode(body, type=dict[str, list[dict[str, Raw]]])["docs"]
    return msgspec.json.encode({"docs": [_masked_hit(document, tree) for document in docs]})


def _masked_hit(item: dict[str, Raw], tree: Tree) -> dict[str, Raw]:
    if "_source" in item:
        item["_source"] = masked_document(item["_source"], tree)
    return item


def check_search(body: Mapping[str, Any], mask: Mask, tenant: bool) -> None:
    """Raise ForbiddenSearch if a search names a masked field, or if a tenant's search counts documents of others."""
    if mask:
        try:
            named = list(referenced_fields(body))
        except UnknownClause as error:
            raise ForbiddenSearch(f"unknown clause {error} in a search with masked fields") from None
        if any("*" in name or _masked(name, mask.names) for name in named):
            raise ForbiddenSearch("the search names a field that is masked for its caller")
    if tenant and any(map(_has_global_aggregation, body.get("aggs", {}).values())):
        raise ForbiddenSearch("the search counts documents of other tenants")


def _has_global_aggregation(aggregation: Mapping[str, Any]) -> bool:
    return "global" in aggregation or any(map(_has_global_aggregation, aggregation.get("aggs", {}).values()))


def _masked(name: str, names: frozenset[str]) -> bool:
    """Whether a name, possibly with a boost and a sub-field, is that of a masked field."""
    bare = name.partition("^")[0]
    while bare:
        if bare in names:
            return True
        bare = bare.rpartition(".")[0]
    return False
