"""The fields of an index, read from its live mapping. Only the mapping decides what can be searched, filtered and sorted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from read_model.elasticsearch.index_owner import IndexOwner, owner_in

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
"""The kind of each Elasticsearch type. A field of any other type is shown, but cannot be searched or filtered."""

ANY_PII = "personal"
"""The kind of personal data of a field with `pii: true` in the spec."""

ORDERED: frozenset[FieldKind] = frozenset({"integer", "number", "date"})
"""Kinds that support ranges."""

COUNTED: frozenset[FieldKind] = frozenset({"keyword", "text", "boolean"})
"""Kinds whose values are counted one by one."""

LAST = 100_000
"""The position of a field that is not in the spec."""


@dataclass(frozen=True, slots=True)
class IndexField:
    """One leaf of a document.

    `exact` is the mapped name for filters and sorts, and `words` the one for text searches; "" where there is none.
    `nested` is the path of the innermost nested array around the field, "" outside of arrays. `boost`, `label` and
    `money` come from the spec: the weight of a match, the display name, and the currency of an amount, which is a code
    or the name of the field that holds it. `pii` are the kinds of personal data that the field reveals; a `copy_to`
    target reveals those of its sources. Fields with the same `analyzer` have the same terms for a text. `place` is the
    position among the fields of the document. `state`: an enum or a boolean.
    """

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
        """The name for people: the spec's label, else the field's name in words."""
        return self.label or in_words(self.name)

    @property
    def searchable(self) -> bool:
        """Whether words without a field search it."""
        return bool(self.words)

    @property
    def filterable(self) -> bool:
        """Whether it can be compared with =."""
        return bool(self.exact)

    @property
    def sortable(self) -> bool:
        return bool(self.exact) and self.kind != "json"

    @property
    def ranged(self) -> bool:
        """Whether it can be compared with < and >."""
        return self.filterable and self.kind in ORDERED

    @property
    def facetable(self) -> bool:
        """Whether its values can be counted."""
        return self.filterable and self.kind in COUNTED


@dataclass(frozen=True)
class IndexSchema:
    """All fields of one index, ordered by name, and whose documents it has, if it says."""

    fields: tuple[IndexField, ...]
    owner: IndexOwner | None = None

    @cached_property
    def by_name(self) -> Mapping[str, IndexField]:
        """The fields by full name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def in_order(self) -> tuple[IndexField, ...]:
        """The fields in the order of the document."""
        return tuple(sorted(self.fields, key=lambda field: (field.place, field.name)))

    @cached_property
    def parts(self) -> Mapping[str, bool]:
        """The objects and arrays that contain fields, by path; True for nested arrays."""
        nested_by_path: dict[str, bool] = {}
        for field in self.fields:
            path = field.name.rpartition(".")[0]
            while path:
                nested_by_path[path] = nested_by_path.get(path, False) or path == field.nested
                path = path.rpartition(".")[0]
        return nested_by_path

    def below(self, path: str) -> tuple[IndexField, ...]:
        """The fields inside an object or array; all fields for an empty path."""
        return tuple(field for field in self.fields if not path or field.name.startswith(f"{path}."))

    @cached_property
    def facets(self) -> tuple[IndexField, ...]:
        """Fields worth counting: enums, booleans and identifiers, which the mapping has as plain keywords."""
        return tuple(f for f in self.in_order if f.type in {"keyword", "boolean"} and f.filterable)


def in_words(name: str) -> str:
    """A field name as text: `ship_to.postal_code` becomes `Ship to › postal code`."""
    text = name.replace("_", " ").replace(".", " › ").strip()
    return text[:1].upper() + text[1:]


def read_mapping(mapping: Mapping[str, Any]) -> IndexSchema:
    """Read the `mappings` of an index: `properties`, and the spec's ranking, labels and personal data in `_meta`."""
    meta, properties = mapping.get("_meta", {}), mapping.get("properties", {})
    search, described = meta.get("search", {}), meta.get("fields", {})
    boosts = search.get("boost", {})
    money = {path: currency for currency, paths in search.get("money", {}).items() for path in paths}
    places = {path: place for place, path in enumerate(meta.get("order", ()))}
    states = frozenset(meta.get("states", ()))
    personal = _personal(properties, described)
    fields = (
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
    return IndexSchema(tuple(sorted(fields, key=lambda field: field.name)), owner_in(meta))


def _personal(properties: Mapping[str, Any], described: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """The kinds of personal data by field: the spec's, and for a `copy_to` target those of its sources."""
    personal: dict[str, set[str]] = {}
    for name, description in described.items():
        if kinds := description.get("pii"):
            several = kinds if isinstance(kinds, list) else [kinds]
            personal.setdefault(name, set()).update(ANY_PII if kind is True else str(kind) for kind in several)
    for name, target in _copies(properties, ""):
        personal.setdefault(target, set()).update(personal.get(name, ()))
    return personal


def _copies(properties: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, mapping in properties.items():
        targets = mapping.get("copy_to", ())
        yield from ((f"{prefix}{name}", target) for target in ([targets] if isinstance(targets, str) else targets))
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
    """A text is compared by its keyword sub-field, any other field by itself if it has doc values."""
    if kind == "text":
        sub_fields = mapping.get("fields", {})
        exact = next((name for name, sub in sub_fields.items() if sub.get("type") == "keyword"), "")
        return f"{path}.{exact}" if exact else ""
    return path if kind != "other" and mapping.get("doc_values", True) else ""


def _words(path: str, kind: FieldKind, mapping: Mapping[str, Any]) -> str:
    """A keyword is searched by its sub-field that folds case and accents, if it has one."""
    if kind not in {"text", "keyword"}:
        return ""
    folded = kind == "keyword" and "folded" in mapping.get("fields", {})
    return f"{path}.folded" if folded else path
