"""The hostile inputs in tests/hostile. They are data, so that adding one needs no code."""

import json
from typing import Any

from tests.support.paths import TESTS

FOLDER = TESTS / "hostile"


def inputs(name: str) -> list[Any]:
    """The inputs of a file. A pair of a text and a number is that text so often."""
    read = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["inputs"]
    return [_spelled(text) for text in read]


def _spelled(text: Any) -> Any:
    if isinstance(text, list) and len(text) == 2:
        return text[0] * text[1] if isinstance(text[1], int) else [text[0], _spelled(text[1])]
    return text
