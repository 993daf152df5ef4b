"""The fields of an index, as its live mapping tells them. Nothing else decides what can be searched, filtered or sorted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

FieldKind = Literal["text", "keyword", "integer", "number", "date", "boolean", "json", "other"]

KINDS: Mapping[str, FieldKind] = {
    "text": "text",
    "keyword": "keyword",
    "constant_keyword": "keyword",
    "byte": "integer",
    "short": "integer",
    "integer": "integer",
    "long": "integer",
    "half_float": "number",
    "float": "number",
    "double": "number",
    "date": "date",
    "date_nanos": "date",
    "boolean": "boolean",
    "flattened": "json",
}
"""Elasticsearch's types, as readers need to tell them apart. A type that is not here can be shown, and no more."""

ANY_PII = "personal"
"""The kind of personal data of a field whose spec says `pii: true`."""

ORDERED: frozenset[FieldKind] = frozenset({"integer", "number", "date"})
"""Kinds that can be asked for by range."""


LAST = 100_000
"""The place of a field that nobody knows one of."""


@dataclass(frozen=True, slots=True)
class IndexField:
    """One leaf of a document. `exact` is the mapped name that filters and sorts use, "" where there is none.

    `words` is the mapped name that a text search asks, "" where there is none. `boost` is what the spec says a match is worth.
    `nested` is the path of the array it lies in, "" outside of arrays. `pii` are the kinds of personal data that it shows;
    a copy of other fields shows theirs. `analyzer` is what cuts and folds a text that is searched here; fields with the same
    one have the same words. `label` is what the spec calls it. `money` tells an amount's currency: a code, or the field that holds it.
    `place` is that among the fields of a document. A `state` has one of few values that somebody chose: an enum, a boolean."""

    name: str
    kind: FieldKind
    type: str
    exact: str
    words: str
    nested: str = ""
    boost: float = 1.0
    pii: frozenset[str] = frozenset()
    analyzer: str = ""
    label: str = ""
    money: str = ""
    place: int = LAST
    state: bool = False

    @property
    def title(self) -> str:
        """What people call it: what the spec says, else its name in words."""
        return self.label or in_words(self.name)

    @property
    def searchable(self) -> bool:
        """Whether the words of the search box look here."""
        return bool(self.words)

    @property
    def filterable(self) -> bool:
        """Whether a value can be asked for exactly."""
        return bool(self.exact)

    @property
    def sortable(self) -> bool:
        """Whether hits can be ordered by it."""
        return bool(self.exact) and self.kind != "json"

    @property
    def ranged(self) -> bool:
        """Whether it can be compared with < and >."""
        return self.filterable and self.kind in ORDERED


@dataclass(frozen=True)
class IndexSchema:
    """All fields of one index, in the order of their names."""

    fields: tuple[IndexField, ...]

    @cached_property
    def by_name(self) -> Mapping[str, IndexField]:
        """The fields by their full names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def in_order(self) -> tuple[IndexField, ...]:
        """The fields as a document has them."""
        return tuple(sorted(self.fields, key=lambda field: (field.place, field.name)))

    @cached_property
    def parts(self) -> Mapping[str, bool]:
        """The objects and arrays that hold fields, by path: whether their elements are kept apart."""
        found: dict[str, bool] = {}
        for field in self.fields:
            path = field.name.rpartition(".")[0]
            while path:
                found[path] = found.get(path, False) or path == field.nested
                path = path.rpartition(".")[0]
        return found

    def below(self, path: str) -> tuple[IndexField, ...]:
        """The fields of a part; all fields for ""."""
        return tuple(field for field in self.fields if not path or field.name.startswith(f"{path}."))

    @cached_property
    def facets(self) -> tuple[IndexField, ...]:
        """Fields whose values are worth counting: a mapping has plain keywords for enums, booleans and identifiers."""
        return tuple(f for f in self.in_order if f.type in {"keyword", "boolean"} and f.filterable)


def in_words(name: str) -> str:
    """A field's name in words: `ship_to.postal_code` is `Ship to › postal code`."""
    text = name.replace("_", " ").replace(".", " › ").strip()
    return text[:1].upper() + text[1:]


def read_mapping(mapping: Mapping[str, Any]) -> IndexSchema:
    """Read the `mappings` of an index: `properties`, and in `_meta` what the spec says of ranking and of personal data."""
    meta, properties = mapping.get("_meta", {}), mapping.get("properties", {})
    search, described = meta.get("search", {}), meta.get("fields", {})
    boosts = search.get("boost", {})
    money = {path: currency for currency, paths in search.get("money", {}).items() for path in paths}
    places = {path: place for place, path in enumerate(meta.get("order", ()))}
    states = frozenset(meta.get("states", ()))
    personal = _personal(properties, described)
    told = (
        replace(
            field,
            boost=float(boosts.get(field.name, 1)),
            pii=frozenset(personal.get(field.name, ())),
            label=str(described.get(field.name, {}).get("label", "")),
            money=money.get(field.name, ""),
            place=places.get(field.name, LAST),
            state=field.kind == "boolean" or field.name in states,
        )
        for field in _fields(properties, "", "")
    )
    return IndexSchema(tuple(sorted(told, key=lambda field: field.name)))


def _personal(properties: Mapping[str, Any], described: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """The kinds of personal data by field: the spec's, and for a `copy_to` target those of all that is copied."""
    personal: dict[str, set[str]] = {}
    for name, said in described.items():
        if kinds := said.get("pii"):
            several = kinds if isinstance(kinds, list) else [kinds]
            personal.setdefault(name, set()).update(ANY_PII if one is True else str(one) for one in several)
    for name, target in _copies(properties, ""):
        personal.setdefault(target, set()).update(personal.get(name, ()))
    return personal


def _copies(properties: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, mapping in properties.items():
        targets = mapping.get("copy_to", ())
        yield from ((f"{prefix}{name}", one) for one in ([targets] if isinstance(targets, str) else targets))
        yield from _copies(mapping.get("properties", {}), f"{prefix}{name}.")


def _fields(properties: Mapping[str, Any], prefix: str, nested: str) -> Iterator[IndexField]:
    for name, mapping in properties.items():
        path = f"{prefix}{name}"
        if "properties" in mapping:
            inside = path if mapping.get("type") == "nested" else nested
            yield from _fields(mapping["properties"], f"{path}.", inside)
        elif mapping.get("type") != "alias":
            yield _leaf(path, mapping, nested)


def _leaf(path: str, mapping: Mapping[str, Any], nested: str) -> IndexField:
    type_name = mapping.get("type", "object")
    kind = KINDS.get(type_name, "other")
    indexed = mapping.get("index", True)
    return IndexField(
        name=path,
        kind=kind,
        type=type_name,
        exact=_exact(path, kind, mapping) if indexed else "",
        words=_words(path, kind, mapping) if indexed else "",
        nested=nested,
        analyzer=str(mapping.get("search_analyzer") or mapping.get("analyzer") or kind),
    )


def _exact(path: str, kind: FieldKind, mapping: Mapping[str, Any]) -> str:
    """A text is compared by its keyword sub-field, everything else by itself, if its values lie in columns."""
    if kind == "text":
        sub_fields = mapping.get("fields", {})
        exact = next((name for name, sub in sub_fields.items() if sub.get("type") == "keyword"), "")
        return f"{path}.{exact}" if exact else ""
    return path if kind != "other" and mapping.get("doc_values", True) else ""


def _words(path: str, kind: FieldKind, mapping: Mapping[str, Any]) -> str:
    """A keyword is searched by the sub-field that folds case and accents, if it has one."""
    if kind not in {"text", "keyword"}:
        return ""
    folded = kind == "keyword" and "folded" in mapping.get("fields", {})
    return f"{path}.folded" if folded else path
