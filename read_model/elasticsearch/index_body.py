"""An index's settings and mappings for one kind of document.

Mappings are strict: a field that the plan does not have is an error, not a new field. All field types are ones that
every distribution of Elasticsearch has. A value that the mapping cannot index (a NaN, an infinite date) stays in the
document unindexed.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from read_model.catalog.catalog import Column
from read_model.elasticsearch.analyzers import analysis, text_analyzers
from read_model.plan.field_paths import leaves, members
from read_model.plan.model import Compute, DocumentPlan, Field, Include, Node, PipelinePlan
from read_model.plan.personal_data import PersonalColumn, inherited, kinds_of, personal_columns
from read_model.types.value_forms import form

Mapping = dict[str, Any]

IGNORE_ABOVE = 8191
"""Characters of a keyword. Each has at most four bytes, and Lucene rejects terms of more than 32,766 bytes."""
IGNORE_ABOVE_FLATTENED = 4096
"""Characters of a leaf in a flattened field, which is indexed together with its path."""
DEEPEST_JSON = 500
"""Levels: Elasticsearch rejects a document with a deeper flattened value. It parses at most 1000 levels of JSON."""
SHOWN_ONLY: Mapping = {"type": "object", "enabled": False}
"""The mapping of a field of any JSON type that is shown but not searched."""
FLAGS = "_rowtide"
"""The only field that the spec does not define. Only documents with one of the flags below have it."""
LEFT_OUT = "left_out"
"""In `FLAGS`: the paths of fields that Elasticsearch rejected and that were dropped to keep the document."""
TOO_LONG = "too_long"
"""In `FLAGS`: the paths of JSON fields with a text of more than `IGNORE_ABOVE_FLATTENED` characters, which is not
indexed."""
_FLAGS: Mapping = {"properties": {LEFT_OUT: {"type": "keyword"}, TOO_LONG: {"type": "keyword"}}}
_TEXT_LENGTH = 64
"""Characters: a character(n) up to this length is taken for a code, a longer one for prose."""

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
    document: DocumentPlan, pipeline: PipelinePlan | None = None, others: Sequence[DocumentPlan] = ()
) -> dict[str, Any]:
    """The body that creates the document's index: `settings` and `mappings`.

    `others` are further documents of the pipeline, whose `pii` options also count for columns that this document
    shows. `mappings._meta` has the pipeline's name, the spec hash, `shape` (a hash of all settings and mappings: if
    it changes, a new index is needed), `order` (all field paths, in the order of a document), `states` (the paths of
    enums), `fields` (labels and personal data by field path) and `search` (the spec's search settings)."""
    properties = {**_properties(document.root, document), FLAGS: _FLAGS}
    personal = personal_columns([document, *others, *(pipeline.documents if pipeline else ())])
    settings = _settings(document, properties)
    mappings = {
        "dynamic": "strict",
        "_meta": {
            "pipeline": pipeline.pipeline if pipeline else "",
            "spec_hash": pipeline.spec_hash if pipeline else "",
            "shape": _shape(settings, properties),
            "fields": dict(_field_notes(document.root, personal)),
            "search": document.search,
            "order": [path for path, _ in leaves(document.root)],
            "states": [path for path, field in leaves(document.root) if field and field.column.kind == "e"],
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
        # The worker refreshes when documents have changed. Elasticsearch's own refreshes took a third of its time.
        "refresh_interval": "-1",
        # Elasticsearch must remember a delete's version longer than any write can be in flight (invariant 4).
        "gc_deletes": "1h",
        "analysis": analysis(document),
    }
    limits = (("total_fields", 2 * mappers, 1000), ("nested_fields", nested, 50), ("depth", depth, 20))
    for name, needed, default in limits:
        if needed > default:
            settings[f"mapping.{name}.limit"] = needed
    return settings


def flattened_paths(document: DocumentPlan) -> tuple[str, ...]:
    """The paths of the fields that are mapped as `flattened`."""
    fields = ((path, field) for path, field in leaves(document.root) if field)
    return tuple(path for path, field in fields if _field(field, document).get("type") == "flattened")


def typed_json_paths(document: DocumentPlan) -> tuple[str, ...]:
    """The paths of the fields that take JSON of any type and are mapped as one type. Elasticsearch rejects a document
    with an object there."""
    fields = ((path, field) for path, field in leaves(document.root) if field and form(field.column).kind == "json")
    return tuple(path for path, field in fields if not field.wrapped and _field(field, document) != SHOWN_ONLY)


def _sizes(properties: Mapping) -> tuple[int, int, int]:
    """The number of mappers, the number of nested fields, and the depth."""
    mappers, nested, depth = 0, 0, 1
    for mapping in properties.values():
        inner = _sizes(mapping.get("properties", {}))
        mappers += 1 + len(mapping.get("fields", {})) + inner[0]
        nested += (mapping.get("type") == "nested") + inner[1]
        depth = max(depth, 1 + inner[2] if "properties" in mapping else 1)
    return mappers, nested, depth


def _properties(node: Node, document: DocumentPlan) -> Mapping:
    properties: Mapping = {field.name: _field(field, document) for field in node.fields}
    properties.update({constant.name: _constant(constant.value) for constant in node.constants})
    properties.update({include.name: _include(include, document) for include in node.includes})
    properties.update({compute.name: _compute(compute, document) for compute in node.computes})
    return properties


def _include(include: Include, document: DocumentPlan) -> Mapping:
    properties = _properties(include.node, document)
    mapping = dict(next(iter(properties.values()))) if include.value else {"properties": properties}
    if not include.many or "properties" not in mapping:
        return mapping
    # `nested` keeps the values of one row together. The copy in the root serves plain queries, sorting and facets.
    return {"type": "nested", "include_in_root": True, **mapping}


def _field(field: Field, document: DocumentPlan) -> Mapping:
    options = field.options
    if options.get("index") is False or options.get("search") is False:
        return dict(SHOWN_ONLY)
    if "type" in options:
        return _chosen_type(options["type"], options, document)
    if field.path:
        return dict(_KEYWORD)
    return _column(field.column, options, document)


def _chosen_type(kind: str, options: dict[str, Any], document: DocumentPlan) -> Mapping:
    """The mapping of a type that the spec names."""
    if kind == "text":
        return _text(options, document)
    if kind in ("long", "integer", "double", "boolean", "ip"):
        return {"type": kind, "ignore_malformed": True}
    types: dict[str, Mapping] = {"keyword": _KEYWORD, "date": _DATE, "flattened": _flattened(), "object": SHOWN_ONLY}
    return dict(types.get(kind, {"type": kind}))


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
        return words  # Prose: not sorted by, and its values are not counted.
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


def _field_notes(root: Node, personal: tuple[PersonalColumn, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels and personal data by field path. What is computed from a personal column is also personal: the minimum
    of names is a name."""
    for path, node, member in members(root):
        if isinstance(member, Field):
            label = {key: value for key, value in member.options.items() if key == "label"}
            kinds = kinds_of(member, node.table, personal)
            if label or kinds:
                yield path, label | ({"pii": kinds} if kinds else {})
        elif (
            isinstance(member, Compute)
            and member.column
            and (kinds := inherited(member.include.node.table, member.column.name, (), personal))
        ):
            yield path, {"pii": kinds}


def readable_names(alias: str) -> list[str]:
    """The names for a reader's role: the alias, and its generations as a regular expression of Elasticsearch.

    Elasticsearch authorizes reads from a point in time by the generation's own name: with only the alias, a role could
    open one but not read it."""
    escaped = "".join(letter if letter.isalnum() else f"\\{letter}" for letter in alias)
    return [alias, f"/{escaped}\\-g[0-9]{{6}}/"]
