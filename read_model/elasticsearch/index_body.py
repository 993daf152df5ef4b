"""An index's settings and mappings for one kind of document.

Mappings are strict: a field that the plan does not have is an error, not a new field. Used alone are types that every
distribution of Elasticsearch has. What the mapping cannot index (a NaN, an infinite date) stays in the document unindexed.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from read_model.catalog.catalog import Column
from read_model.elasticsearch.analyzers import analysis, text_analyzers
from read_model.plan.model import Compute, DocumentPlan, Field, Include, Node, PipelinePlan
from read_model.plan.personal_data import Personal, inherited, kinds_of, personal_data
from read_model.types.value_forms import form

Mapping = dict[str, Any]

IGNORE_ABOVE = 8191
"""Characters of a keyword: four bytes each at most, and Lucene refuses terms of more than 32,766 bytes."""
IGNORE_ABOVE_FLATTENED = 4096
"""A flattened leaf is indexed together with its path."""
DEEPEST_JSON = 500
"""Elasticsearch refuses a document with a deeper flattened value; it reads JSON of 1000 levels at most."""
SHOWN_ONLY: Mapping = {"type": "object", "enabled": False}
"""Kept in the document, of whatever JSON type, and not searched."""
FLAGS = "_rowtide"
"""The one field that is ours and not the spec's: present only in a document of which something must be said."""
LEFT_OUT = "left_out"
"""In `FLAGS`: the paths of fields that Elasticsearch refused, so that the rest of the document could be kept."""
TOO_LONG = "too_long"
"""In `FLAGS`: the paths of json fields with a text of more than `IGNORE_ABOVE_FLATTENED` characters, which the index passes over."""
_FLAGS: Mapping = {"properties": {LEFT_OUT: {"type": "keyword"}, TOO_LONG: {"type": "keyword"}}}
_TEXT_LENGTH = 64
"""A character(n) of up to so many characters is a code; longer ones are prose."""

_DATE: Mapping = {"type": "date", "format": "strict_date_optional_time", "ignore_malformed": True}
_KEYWORD: Mapping = {
    "type": "keyword",
    "ignore_above": IGNORE_ABOVE,
    "fields": {"folded": {"type": "keyword", "normalizer": "folded", "ignore_above": IGNORE_ABOVE}},
}
_TYPES: dict[str, Mapping] = {
    "int2": {"type": "short"},
    "int4": {"type": "integer"},
    "int8": {"type": "long"},
    "oid": {"type": "long"},
    "bool": {"type": "boolean"},
    "float4": {"type": "float", "ignore_malformed": True},
    "float8": {"type": "double", "ignore_malformed": True},
    "money": {"type": "double", "ignore_malformed": True},
    "date": _DATE,
    "timestamp": _DATE,
    "timestamptz": _DATE,
    "inet": {"type": "ip", "ignore_malformed": True, "fields": {"keyword": {"type": "keyword"}}},
    "bytea": {"type": "binary"},
}


def index_body(
    document: DocumentPlan, pipeline: PipelinePlan | None = None, beside: Sequence[DocumentPlan] = ()
) -> dict[str, Any]:
    """The body that creates an index for the document: `settings` and `mappings`. `beside` are the documents of the pipeline,
    which may call a column personal that this one shows, too.

    `mappings._meta` names the pipeline and the spec's hash, has a hash of all settings and mappings (`shape`: another one needs another
    index), lists all field paths as documents have them (`order`) and those of enums
    (`states`), and holds for each field path what the spec says of it (`fields`)
    and the search options (`search`)."""
    properties = {**_properties(document.root, document), FLAGS: _FLAGS}
    personal = personal_data([document, *beside, *(pipeline.documents if pipeline else ())])
    settings = _settings(document, properties)
    mappings = {
        "dynamic": "strict",
        "_meta": {
            "pipeline": pipeline.pipeline if pipeline else "",
            "spec_hash": pipeline.spec_hash if pipeline else "",
            "shape": _shape(settings, properties),
            "fields": dict(_described(document.root, personal)),
            "search": document.search,
            "order": [path for path, _ in _leaves(document.root)],
            "states": [path for path, field in _leaves(document.root) if field and field.column.kind == "e"],
        },
        "properties": properties,
    }
    return {"settings": settings, "mappings": mappings}


def _shape(settings: Mapping, properties: Mapping) -> str:
    return sha256(json.dumps([settings, properties], sort_keys=True).encode()).hexdigest()[:16]


def _settings(document: DocumentPlan, properties: Mapping) -> dict[str, Any]:
    mappers, nested, depth = _sizes(properties)
    settings: dict[str, Any] = {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        # The worker refreshes, when there is something to see: Elasticsearch doing it, too, took a third of its time.
        "refresh_interval": "-1",
        # A delete's version must be remembered longer than any write can be under way.
        "gc_deletes": "1h",
        "analysis": analysis(document),
    }
    limits = (("total_fields", 2 * mappers, 1000), ("nested_fields", nested, 50), ("depth", depth, 20))
    for name, needed, default in limits:
        if needed > default:
            settings[f"mapping.{name}.limit"] = needed
    return settings


def flattened_paths(document: DocumentPlan) -> tuple[str, ...]:
    """The paths of fields whose json the index holds text by text."""
    leaves = ((path, field) for path, field in _leaves(document.root) if field)
    return tuple(path for path, field in leaves if _field(field, document).get("type") == "flattened")


def _sizes(properties: Mapping) -> tuple[int, int, int]:
    """How many mappers and nested fields there are, and how deep."""
    mappers, nested, depth = 0, 0, 1
    for mapping in properties.values():
        inner = _sizes(mapping.get("properties", {}))
        mappers += 1 + len(mapping.get("fields", {})) + inner[0]
        nested += (mapping.get("type") == "nested") + inner[1]
        depth = max(depth, 1 + inner[2] if "properties" in mapping else 1)
    return mappers, nested, depth


def _properties(node: Node, document: DocumentPlan) -> Mapping:
    found: Mapping = {field.name: _field(field, document) for field in node.fields}
    found.update({constant.name: _constant(constant.value) for constant in node.constants})
    found.update({include.name: _include(include, document) for include in node.includes})
    found.update({compute.name: _compute(compute, document) for compute in node.computes})
    return found


def _include(include: Include, document: DocumentPlan) -> Mapping:
    properties = _properties(include.node, document)
    if include.value:
        return dict(next(iter(properties.values())))
    if not include.many:
        return {"properties": properties}
    # Nested keeps the values of one row together; the copy in the root serves plain queries, sorting and facets.
    return {"type": "nested", "include_in_root": True, "properties": properties}


def _field(field: Field, document: DocumentPlan) -> Mapping:
    options = field.options
    if options.get("index") is False or options.get("search") is False:
        return dict(SHOWN_ONLY)
    if "type" in options:
        return _asked(options["type"], options, document)
    if field.path:
        return dict(_KEYWORD)
    return _column(field.column, options, document)


def _asked(kind: str, options: dict[str, Any], document: DocumentPlan) -> Mapping:
    """The mapping of a type that the spec names."""
    if kind == "text":
        return _text(options, document)
    if kind in ("long", "integer", "double", "ip"):
        return {"type": kind, "ignore_malformed": True}
    named: dict[str, Mapping] = {"keyword": _KEYWORD, "date": _DATE, "flattened": _flattened(), "object": SHOWN_ONLY}
    return dict(named.get(kind, {"type": kind}))


def _column(column: Column, options: dict[str, Any], document: DocumentPlan) -> Mapping:
    kind = form(column).kind
    if kind == "array":
        return _column(_element(column), options, document)
    if kind == "json":
        return _flattened()
    if column.kind != "e" and (_is_prose(column) or "analyzer" in options):
        return _text(options, document)
    if kind in ("scaled", "decimal") and column.type == "numeric":
        return _number(column)
    return dict(_TYPES.get(column.type, _KEYWORD))


def _element(column: Column) -> Column:
    return Column(column.name, column.element or "text", kind=column.element_kind or "b")


def _is_prose(column: Column) -> bool:
    if column.type == "bpchar":
        return (column.length or 1) > _TEXT_LENGTH
    return column.type in ("text", "varchar", "citext", "name", "xml")


def _number(column: Column) -> Mapping:
    whole = column.scale == 0 and (column.precision or 99) <= 18
    return {"type": "long" if whole else "double", "ignore_malformed": True}


def _text(options: dict[str, Any], document: DocumentPlan) -> Mapping:
    words = {"type": "text", **text_analyzers(options.get("analyzer"), document)}
    if "analyzer" in options:
        return words  # Prose in a language: nobody sorts by it or counts its values.
    return words | {"fields": {"keyword": {"type": "keyword", "ignore_above": IGNORE_ABOVE}}}


def _flattened() -> Mapping:
    return {"type": "flattened", "ignore_above": IGNORE_ABOVE_FLATTENED, "depth_limit": DEEPEST_JSON}


def _constant(value: str | int | bool | None) -> Mapping:
    if isinstance(value, bool):
        return {"type": "boolean"}
    return {"type": "long"} if isinstance(value, int) else dict(_KEYWORD)


def _compute(compute: Compute, document: DocumentPlan) -> Mapping:
    if compute.column is None:
        return {"type": "long"}
    if compute.function == "sum":
        whole = form(compute.column).kind == "int"
        return {"type": "long" if whole else "double", "ignore_malformed": True}
    if form(compute.column).kind == "text":
        return dict(_KEYWORD)
    return _column(compute.column, {}, document)


def _described(node: Node, personal: tuple[Personal, ...], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """What the spec says of fields beside their mapping: labels and personal data, by path. What is computed of a personal
    column, or taken from it a second time, is as personal: the least of some names is a name."""
    for field in node.fields:
        said = {key: value for key, value in field.options.items() if key == "label"}
        kinds = kinds_of(field, node.table, personal)
        if said or kinds:
            yield prefix + field.name, said | ({"pii": kinds} if kinds else {})
    for include in node.includes:
        for path, said in _described(include.node, personal):
            yield prefix + (include.name if include.value else f"{include.name}.{path}"), said
    for compute in node.computes:
        if compute.column and (kinds := inherited(compute.include.node.table, compute.column.name, (), personal)):
            yield prefix + compute.name, {"pii": kinds}


def _leaves(node: Node, prefix: str = "") -> Iterator[tuple[str, Field | None]]:
    """Every path that holds a value, in the order of a document, with its field; constants and computes have none."""
    for field in node.fields:
        yield prefix + field.name, field
    for constant in node.constants:
        yield prefix + constant.name, None
    for include in node.includes:
        if include.value:
            yield prefix + include.name, next(iter(include.node.fields), None)
        else:
            yield from _leaves(include.node, f"{prefix}{include.name}.")
    for compute in node.computes:
        yield prefix + compute.name, None


def readable_names(alias: str) -> list[str]:
    """The names in a reader's role: the alias, and its generations as a regular expression of Elasticsearch's.

    A point in time is read by its generation's own name, so a role with the alias alone could open one, and not read it."""
    escaped = "".join(one if one.isalnum() else f"\\{one}" for one in alias)
    return [alias, f"/{escaped}\\-g[0-9]{{6}}/"]
