"""The inputs of tests/hostile: what nobody means well by. They are data, so that adding one needs no code."""

import json
from typing import Any

from tests.support.paths import TESTS

FOLDER = TESTS / "hostile"


def inputs(name: str) -> list[Any]:
    """The inputs of a file. A pair of a text and a number is that text so often."""
    read = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["inputs"]
    return [_spelled(one) for one in read]


def _spelled(one: Any) -> Any:
    if isinstance(one, list) and len(one) == 2:
        return one[0] * one[1] if isinstance(one[1], int) else [one[0], _spelled(one[1])]
    return one
