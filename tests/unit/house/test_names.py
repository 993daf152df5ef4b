"""Names in code follow the glossary: no pronouns and participles as variables, no metaphors and -ing words as modules.

The rules are those of docs/decisions/20261128-a-prose-linter-and-a-naming-test.md.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from docs.prose import ROOMS
from tests.support.paths import CHECKOUT
from tests.support.syntax_trees import syntax_nodes

VARIABLES = frozenset(
    [
        "one",
        "ones",
        "found",
        "said",
        "told",
        "asked",
        "wanted",
        "kept",
        "made",
        "given",
        "amiss",
        "anew",
        "beat",
        "flying",
        "woven",
        "beside",
    ]
)
"""Participles and pronouns: they name what happened to a thing, not the thing."""

FUNCTIONS = re.compile(r"_*(tell|told|say|said|ask|asked|mend|heal)(_|$)")
METAPHORS = frozenset(
    [
        "hindrance",
        "burial",
        "outlook",
        "torment",
        "care",
        "boxes",
        "telling",
        "asking",
        "behind",
        "standing",
        "keeper",
        "wire",
        "door",
        "odd",
        "twins",
        "trial",
        "lives",
        "common",
        "utils",
        "helpers",
        "manager",
        "base",
        "core",
    ]
)
THINGS = frozenset({"paging", "pending"})
"""Words in -ing that name no activity: paging is the field's noun, pending the state of a document (glossary)."""

FOLDERS = (*ROOMS, "docs", "tests")
MODULES = sorted(path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*.py"))


def _bound(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """The names that a module binds: variables, parameters, attributes, exceptions."""
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


def bad_names(nodes: Collection[ast.AST]) -> list[str]:
    """The names in a module's syntax tree that break a rule, with their lines."""
    variables = [f"{line}: {name}" for line, name in _bound(nodes) if name.strip("_") in VARIABLES]
    functions = [
        f"{node.lineno}: {node.name}"
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (FUNCTIONS.match(node.name) or node.name.strip("_") in VARIABLES)
    ]
    return variables + functions


def nodes_of(code: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(code)))


def is_bad_module(path: Path) -> bool:
    """Whether a module's name is a metaphor or, outside the tests, an activity."""
    name = path.stem.removeprefix("test_")
    activity = name.endswith("ing") and name not in THINGS and "tests" not in path.parts
    return activity or bool(set(name.split("_")) & METAPHORS)


@pytest.mark.parametrize(
    "code",
    [
        "one = 1",
        "for one in rows: pass",
        "self.found = rows",
        "def f(told): pass",
        "def tell_status(): pass",
        "async def _ask(): pass",
        "try:\n    f()\nexcept E as said:\n    pass",
        "rows = [one for one in rows]",
    ],
)
def test_a_bad_name_is_found(code: str) -> None:
    assert len(bad_names(nodes_of(code))) == 1


def test_a_good_name_is_not_found() -> None:
    assert bad_names(nodes_of("def find(row, backlog):\n    finding = row.found\n    return finding")) == []


@pytest.mark.parametrize("name", ["telling.py", "fault_wire.py", "utils.py"])
def test_a_bad_module_name_is_found(name: str) -> None:
    assert is_bad_module(Path(name))


def test_names_follow_the_rules() -> None:
    names = {str(path.relative_to(CHECKOUT)): bad for path in MODULES if (bad := bad_names(syntax_nodes(path)))}
    assert names == {}


def test_module_names_are_nouns() -> None:
    assert [str(path.relative_to(CHECKOUT)) for path in MODULES if is_bad_module(path.relative_to(CHECKOUT))] == []
