"""Resolves a field name as a person writes it: in full, by its unambiguous end, or as the path of an object or
array."""

from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches

from search_api.query.schema import IndexField, IndexSchema

CHOICES = 6
"""How many names an error message lists."""
SIMILARITY_MARGIN = 0.05
"""A name is proposed together with the most similar one if its similarity (0 to 1) is at most this much lower."""


@dataclass(frozen=True, slots=True)
class ObjectField:
    """An object or array that contains fields. `nested`: Elasticsearch keeps its elements apart, so that conditions can
    be about the same element.
    """

    path: str
    nested: bool


@dataclass(frozen=True, slots=True)
class AmbiguousField:
    """A short name that matches several fields."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A name that matches no field; `near` are similar names."""

    near: tuple[str, ...]


FieldLookup = IndexField | ObjectField | AmbiguousField | UnknownField


def find_field(name: str, schema: IndexSchema, scope: str = "") -> FieldLookup:
    """Look up a name. Inside `scope`, the path of an object or array, names may be relative to it."""
    if scope and not isinstance(field := _find(f"{scope}.{name}", schema), UnknownField):
        return field
    return _find(name, schema, f"{scope}." if scope else "")


def _find(name: str, schema: IndexSchema, below: str = "") -> FieldLookup:
    if name in schema.by_name:
        return schema.by_name[name]
    if name in schema.parts:
        return ObjectField(name, schema.parts[name])
    if inside_json := _inside_json(name, schema):
        return inside_json
    ends = [field for field in schema.fields if field.name.endswith(f".{name}")]
    inside = [field for field in ends if field.name.startswith(below)] or ends
    if len(inside) == 1:
        return inside[0]
    if inside:
        return AmbiguousField(tuple(field.name for field in inside))
    folded = [field for field in schema.fields if field.name.lower() == name.lower()]
    return folded[0] if len(folded) == 1 else UnknownField(_near(name, schema))


def _inside_json(name: str, schema: IndexSchema) -> IndexField | None:
    """A value inside a JSON field, by its path."""
    path = name.rpartition(".")[0]
    while path:
        field = schema.by_name.get(path)
        if field is not None and field.kind == "json":
            return replace(field, name=name, exact=name)
        path = path.rpartition(".")[0]
    return None


def _near(name: str, schema: IndexSchema) -> tuple[str, ...]:
    """Similar names in full, even where only the last part is similar."""
    named: dict[str, str] = {}
    for field in schema.fields:
        named.setdefault(field.name.rpartition(".")[2].lower(), field.name)
    named |= {field.name.lower(): field.name for field in schema.fields}
    close = get_close_matches(name.lower(), named, n=3, cutoff=0.75)
    ratios = {known: SequenceMatcher(None, known, name.lower()).ratio() for known in close}
    return tuple(
        dict.fromkeys(named[known] for known in close if ratios[known] >= ratios[close[0]] - SIMILARITY_MARGIN)
    )
