"""How large rooms, files and functions may be, held over the syntax tree of the production code."""

import ast
from pathlib import Path

import pytest

from docs.prose import ROOMS
from tests.support.paths import CHECKOUT
from tests.support.syntax_trees import syntax_nodes

MOST_IN_A_ROOM = 12
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_BODY = 50
LONGER_FILES = frozenset({"sync_worker/store/applier.py", "rowtide/commands/connectors.py"})
"""Files above the limit. The list only shrinks."""
LONGER_ROOMS = frozenset({"writer"})
"""Rooms with more at their top level. The list only shrinks."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> list[Path]:
    return sorted(path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def functions(path: Path) -> list[Function]:
    return [node for node in syntax_nodes(path) if isinstance(node, Function)]


def body_lines(function: Function) -> int:
    """From the first to the last line of a body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def members(room: Path) -> list[str]:
    """The modules and folders with modules directly in a room."""
    return [
        path.name
        for path in room.iterdir()
        if (path.suffix == ".py" and not path.stem.startswith("__")) or (path.is_dir() and any(path.rglob("*.py")))
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_few_things_at_its_top_level(room: str) -> None:
    if room not in LONGER_ROOMS:
        assert len(members(CHECKOUT / room)) <= MOST_IN_A_ROOM, sorted(members(CHECKOUT / room))


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE}.keys() == LONGER_FILES


def test_functions_are_short() -> None:
    lengths = {
        f"{name_of(path)}:{function.lineno}: {function.name}": body_lines(function)
        for path in files()
        for function in functions(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_BODY} == {}


def test_public_functions_are_typed() -> None:
    untyped = [
        f"{name_of(path)}:{function.lineno}: {function.name}"
        for path in files()
        for function in functions(path)
        if not function.name.startswith("_") and function.returns is None
    ]
    assert untyped == []
