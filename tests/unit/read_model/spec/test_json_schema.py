"""The JSON Schema accepts what the parser accepts."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from read_model.spec.errors import SpecError
from read_model.spec.json_schema import spec_schema
from read_model.spec.parser import parse_spec
from tests.support.paths import EXAMPLES

VALIDATOR = Draft202012Validator(spec_schema())


def loaded(text: str) -> Any:
    """The text as an editor sees it: plain JSON values."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(spec_schema())


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_specs_fit(example: Path) -> None:
    VALIDATOR.validate(loaded(example.read_text()))


@pytest.mark.parametrize(
    ("body", "sound"),
    [
        ("fields: all", True),
        ("fields: [a, b: c, {d: {column: e, path: f.g, type: keyword, pii: email}}]", True),
        ("fields: [{a: {typ: keyword}}]", False),
        ("fields: [{a: {type: word}}]", False),
        ("constants: {a: 1, b: null, c: x}", True),
        ("constants: {a: 1.5}", False),
        ("where: {a: null, b: [1, 2], c: {gt: 5, lte: 9.5}, d: not null}", True),
        ("where: {a: {like: x}}", False),
        ("include: {a: {one: x, by: b}}", True),
        ("include: {a: {one: x, many: y}}", False),
        ("include: {a: {fields: [b]}}", False),
        ("include: {a: {one: x, value: {one: y, by: b, value: {column: c, type: keyword}}}}", True),
        ("include: {a: {one: x, value: {constant: true}}}", True),
        ("include: {a: {one: x, value: {constant: true, column: c}}}", False),
        ("include: {a: {one: x, value: {value: c}}}", False),
        ("include: {a: {many: x, on: {b: c}, order_by: [d, {e: desc}], limit: 3, value: f}}", True),
        ("include: {a: {many: x, order_by: [{d: down}]}}", False),
        ("include: {a: {many: x, limit: 0}}", False),
        ("include: {a: {many: x, through: {table: t, from: a, to: {b: c}}}}", True),
        ("include: {a: {many: x, through: {from: a}}}", False),
        (
            "include: {x: {many: x}}\ncompute: {a: {count: x}, b: {sum: x.y}, c: {count: {many: z, where: {d: 1}}}}",
            True,
        ),
        ("compute: {a: {sum: x, of: {many: y}}}", True),
        ("compute: {a: {}}", False),
        ("compute: {a: {sum: x.y, max: x.y}}", False),
        ("search: {boost: {a: 1.5}, synonyms: ['a, b']}", True),
        ("search: {boost: {a: 0}}", False),
        ("id: [a, b]", True),
        ("idd: a", False),
    ],
)
def test_schema_and_parser_agree(body: str, sound: bool) -> None:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"pipeline: p\ndocuments:\n  d:\n    from: t\n{indented}"
    assert VALIDATOR.is_valid(loaded(text)) is sound
    if sound:
        parse_spec(text, "spec.yaml")
    else:
        with pytest.raises(SpecError):
            parse_spec(text, "spec.yaml")
