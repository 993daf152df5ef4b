"""Which field a reader means: by its full name, by the end of it where that is unambiguous, or a part of the document."""

from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches

from search_api.query.schema import IndexField, IndexSchema

CHOICES = 6
"""Names that an answer lists."""
ABOUT = 0.05
"""How much less alike than the best a name may be to be meant too."""


@dataclass(frozen=True, slots=True)
class ObjectField:
    """An object or array that has fields. `nested`: its elements are kept apart, so that conditions can mean one of them."""

    path: str
    nested: bool


@dataclass(frozen=True, slots=True)
class AmbiguousField:
    """A short name that several fields have."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownField:
    """No field; `near` are names that look alike."""

    near: tuple[str, ...]


FieldLookup = IndexField | ObjectField | AmbiguousField | UnknownField


def find_field(name: str, schema: IndexSchema, scope: str = "") -> FieldLookup:
    """The field of this name. Inside of `scope`, the path of a part, names may begin after it."""
    if scope and not isinstance(found := _find(f"{scope}.{name}", schema), UnknownField):
        return found
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
    """A value inside a field of JSON, by the path to it."""
    path = name.rpartition(".")[0]
    while path:
        field = schema.by_name.get(path)
        if field is not None and field.kind == "json":
            return replace(field, name=name, exact=name)
        path = path.rpartition(".")[0]
    return None


def _near(name: str, schema: IndexSchema) -> tuple[str, ...]:
    """Full names, also where only the end looks like what was written."""
    named: dict[str, str] = {}
    for field in schema.fields:
        named.setdefault(field.name.rpartition(".")[2].lower(), field.name)
    named |= {field.name.lower(): field.name for field in schema.fields}
    close = get_close_matches(name.lower(), named, n=3, cutoff=0.75)
    alike = {one: SequenceMatcher(None, one, name.lower()).ratio() for one in close}
    return tuple(dict.fromkeys(named[one] for one in close if alike[one] >= alike[close[0]] - ABOUT))
