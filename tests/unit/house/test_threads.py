"""Types that msgspec decodes into are complete at import (docs/decisions/20261129-types-are-complete-at-import.md)."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.paths import CHECKOUT

THREADED = ("sync_worker", "read_model", "cdc", "connections", "http_server")
"""Rooms whose code runs in several threads at once. The search API decodes in one."""

WITHOUT_FIELDS = frozenset(["dict", "list", "tuple", "str", "int", "float", "bool", "Any", "Raw", "msgspec"])
"""Names in types that msgspec does not complete at their first use."""


def decoded_types(scope: ast.AST) -> Iterator[ast.expr]:
    """The types of calls of msgspec's decoders and converters below a node."""
    for call in ast.walk(scope):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            match call.func.attr, call.args:
                case "Decoder", [type_, *_]:
                    yield type_
                case "convert", [_, type_, *_]:
                    yield type_
            yield from (each.value for each in call.keywords if each.arg == "type")


def names_in(types: Iterator[ast.expr]) -> set[str]:
    return {node.id for type_ in types for node in ast.walk(type_) if isinstance(node, ast.Name)}


def late_types(source: str) -> set[str]:
    """Types that a function is the first to decode into."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    within = {name for function in functions for name in names_in(decoded_types(function))}
    top = [node for node in tree.body if isinstance(node, ast.Assign | ast.Expr)]
    at_import = {name for node in top for name in names_in(decoded_types(node))}
    return within - at_import - WITHOUT_FIELDS


@pytest.mark.parametrize("room", THREADED)
def test_no_thread_is_the_first_to_decode_into_a_type(room: str) -> None:
    late = {
        str(path.relative_to(CHECKOUT)): names
        for path in sorted((CHECKOUT / room).rglob("*.py"))
        if (names := late_types(path.read_text()))
    }
    # The types of a plan's rows are made for one decoder, by the thread that uses it.
    late.pop("sync_worker/log/row_shape.py", None)
    assert not late, f"Make a decoder of these types at the top of the module: {late}"


@pytest.mark.parametrize(
    ("source", "late"),
    [
        ("def f(text):\n    return msgspec.json.decode(text, type=list[Part])", {"Part"}),
        ("class A:\n    def f(self, text):\n        return msgspec.convert(text, _Owner)", {"_Owner"}),
        ("async def f(kind):\n    return msgspec.json.Decoder(kind)", {"kind"}),
        ("def f(text):\n    return msgspec.json.decode(text, type=dict[str, msgspec.Raw])", set()),
        ("msgspec.json.Decoder(Part)\ndef f(text):\n    return msgspec.convert(text, list[Part])", set()),
        ("_parts = msgspec.json.Decoder(list[Part])\ndef f(text):\n    return _parts.decode(text)", set()),
    ],
)
def test_what_the_rule_finds(source: str, late: set[str]) -> None:
    assert late_types(source) == late
