"""Which fields the table of hits shows: those that the address names, or those that tell most about such documents."""

from collections.abc import Iterable, Iterator
from typing import Any

from search_api.schema import IndexField, IndexSchema

MOST_COLUMNS = 24
DEFAULT_COLUMNS = 8
PER_KIND = {"keyword": 2, "number": 1, "date": 1}
"""How many fields of the document itself are shown without being asked for, by kind."""


def leaves(document: Any, prefix: str = "") -> Iterator[str]:
    """The paths of a document's values in their order, each once; an array counts as one of its elements."""
    match document:
        case dict():
            for key, value in document.items():
                yield from leaves(value, f"{prefix}.{key}" if prefix else key)
        case list() if any(isinstance(one, dict) for one in document):
            yield from dict.fromkeys(path for one in document for path in leaves(one, prefix))
        case _:
            yield prefix


def in_document_order(schema: IndexSchema, documents: Iterable[dict[str, Any]]) -> list[str]:
    """All fields: first as the documents have them, then those that none of these has."""
    seen = dict.fromkeys(path for document in documents for path in leaves(document) if path in schema.by_name)
    return list(dict.fromkeys((*seen, *schema.by_name)))


def default_columns(schema: IndexSchema, ordered: list[str], facets: frozenset[str]) -> tuple[str, ...]:
    """The first field, what the spec says is worth finding, and a state, a quantity and a time of the document itself."""
    wanted = {ordered[0]} if ordered else set()
    wanted |= {name for name in ordered if schema.by_name[name].boost > 1}
    if len(wanted) == 1:
        wanted |= set(_names_of_objects(schema, ordered))
    for kind, most in PER_KIND.items():
        found = [name for name in ordered if _is_own(schema.by_name[name], kind, facets)]
        wanted |= set(found[:most])
    return tuple(name for name in ordered if name in wanted)[:DEFAULT_COLUMNS]


def _is_own(field: IndexField, kind: str, facets: frozenset[str]) -> bool:
    if field.kind != kind or "." in field.name:
        return False
    return kind != "keyword" or field.name in facets


def _names_of_objects(schema: IndexSchema, ordered: list[str]) -> Iterator[str]:
    """The first words in each object of the document."""
    seen: set[str] = set()
    for name in ordered:
        parent = name.rpartition(".")[0]
        field = schema.by_name[name]
        if parent and not field.nested and parent not in seen and field.searchable and field.kind == "text":
            seen.add(parent)
            yield name
