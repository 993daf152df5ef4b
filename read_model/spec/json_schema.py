"""The JSON Schema of a spec file, for completion and validation in editors.

The parser checks more than the schema can."""

from collections.abc import Mapping
from typing import Any

from read_model.spec.keywords import (
    AGGREGATED,
    COMPUTE,
    DOCUMENT,
    FIELD,
    INCLUDE,
    INDEX_TYPES,
    OPERATORS,
    ROOT,
    SEARCH,
    THROUGH,
    VALUE,
)

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
NAMES: Schema = {"oneOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
PAIRS: Schema = {"type": "object", "additionalProperties": TEXT, "minProperties": 1}
SIDE: Schema = {"oneOf": [NAMES, PAIRS]}
CONSTANT: Schema = {"type": ["string", "integer", "number", "boolean", "null"]}
CONSTANTS: Schema = {"type": "array", "items": CONSTANT, "minItems": 1}
DIRECTION: Schema = {"type": "object", "additionalProperties": {"enum": ["asc", "desc"]}}
FIELD_SHAPES: dict[str, Schema] = {
    "column": TEXT,
    "path": NAMES,
    "type": {"enum": list(INDEX_TYPES)},
    "analyzer": {"type": "string"},
    "pii": {"type": ["string", "boolean"]},
    "label": {"type": "string"},
    "index": {"type": "boolean"},
}
NODE_SHAPES: dict[str, Schema] = {
    "fields": {"oneOf": [{"$ref": "#/$defs/field"}, {"type": "array", "items": {"$ref": "#/$defs/field"}}]},
    "exclude": NAMES,
    "constants": {"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean", "null"]}},
    "where": {"$ref": "#/$defs/where"},
    "include": {"type": "object", "additionalProperties": {"$ref": "#/$defs/include"}},
    "compute": {"type": "object", "additionalProperties": {"$ref": "#/$defs/compute"}},
}
RELATION_SHAPES: dict[str, Schema] = {
    "one": TEXT,
    "many": TEXT,
    "through": {"oneOf": [TEXT, {"$ref": "#/$defs/through"}]},
    "by": NAMES,
    "on": PAIRS,
}


def spec_schema() -> Schema:
    """The schema of the whole file (JSON Schema 2020-12)."""
    documents = {"type": "object", "additionalProperties": {"$ref": "#/$defs/document"}, "minProperties": 1}
    root = _object(ROOT, {"pipeline": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,40}$"}, "documents": documents})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rowtide document spec",
        **root,
        "required": list(ROOT),
        "$defs": _definitions(),
    }


def _definitions() -> Schema:
    choice = [{"required": ["one"]}, {"required": ["many"]}]
    shapes = RELATION_SHAPES | {"where": NODE_SHAPES["where"]}
    return {
        "document": _object(DOCUMENT, {"from": TEXT, "id": NAMES, "search": _search(), **NODE_SHAPES})
        | {"required": ["from"]},
        "include": _object(INCLUDE, {**RELATION_SHAPES, **NODE_SHAPES, **_array_shapes()}) | {"oneOf": choice},
        "relation": _object(AGGREGATED, shapes) | {"required": ["many"]},
        "through": _object(THROUGH, {"table": TEXT, "from": SIDE, "to": SIDE}) | {"required": ["table"]},
        "options": _object(FIELD, FIELD_SHAPES),
        "field": {
            "oneOf": [TEXT, {"type": "object", "additionalProperties": {"oneOf": [TEXT, {"$ref": "#/$defs/options"}]}}]
        },
        "where": {"type": "object", "additionalProperties": {"oneOf": [CONSTANT, CONSTANTS, _comparisons()]}},
        "compute": _compute(),
    }


def _array_shapes() -> dict[str, Schema]:
    term = {"oneOf": [TEXT, DIRECTION]}
    constant = _object(VALUE, {"constant": NODE_SHAPES["constants"]["additionalProperties"]}) | {
        "required": list(VALUE)
    }
    return {
        "value": {"oneOf": [TEXT, {"$ref": "#/$defs/options"}, constant, {"$ref": "#/$defs/include"}]},
        "order_by": {"oneOf": [term, {"type": "array", "items": term, "minItems": 1}]},
        "limit": {"type": "integer", "minimum": 1},
    }


def _comparisons() -> Schema:
    lists = {"oneOf": [CONSTANT, CONSTANTS]}
    return _object(OPERATORS, {word: lists if word in {"in", "not_in"} else CONSTANT for word in OPERATORS})


def _compute() -> Schema:
    relation = {"$ref": "#/$defs/relation"}
    shapes: dict[str, Schema] = {
        **dict.fromkeys(("sum", "min", "max"), TEXT),
        "count": {"oneOf": [TEXT, relation]},
        "of": relation,
    }
    functions = [{"required": [function]} for function in COMPUTE if function != "of"]
    return _object(COMPUTE, shapes) | {"oneOf": functions}


def _search() -> Schema:
    boost = {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}
    money = {"type": "object", "additionalProperties": NAMES}
    return _object(SEARCH, {"boost": boost, "money": money, "synonyms": NAMES})


def _object(words: Mapping[str, str], shapes: Mapping[str, Schema]) -> Schema:
    """A mapping with exactly these keys. Raises KeyError if a keyword has no shape."""
    properties = {word: {"description": meaning, **shapes[word]} for word, meaning in words.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}
