"""Rows of composite types are read as PostgreSQL prints them."""

import base64
import json
import random

import pytest

from read_model.catalog.catalog import Column
from read_model.catalog.column_types import unsupported
from read_model.types.composites import composite_json


def sent(row: str) -> str:
    """What Debezium sends of a type that it does not know."""
    return base64.b64encode(row.encode()).decode()


def printed(texts: list[str | None]) -> str:
    """As PostgreSQL's record_out does it."""
    shown = []
    for text in texts:
        if text is None:
            shown.append("")
        elif text == "" or any(letter in '"\\(),' or letter.isspace() for letter in text):
            shown.append('"' + text.replace("\\", "\\\\").replace('"', '""') + '"')
        else:
            shown.append(text)
    return f"({','.join(shown)})"


@pytest.mark.parametrize("seed", range(20))
def test_any_texts_are_read_back(seed: int) -> None:
    dice = random.Random(seed)
    names = [f"n{place}" for place in range(dice.randint(1, 5))]
    layout = json.dumps([[name, "text", "b"] for name in names])
    for _ in range(50):
        texts = [
            dice.choice([None, "".join(dice.choice('a"\\(),{}\n é') for _ in range(dice.randint(0, 6)))]) for _ in names
        ]
        text = composite_json(sent(printed(texts)), layout)
        assert text is not None
        assert json.loads(text) == dict(zip(names, texts, strict=True)), f"seed {seed}"
        assert composite_json(text, layout) == text


@pytest.mark.parametrize("row", ["", "()", "(1,2", "(1,2,3)", "{}", '{"a": 1}', '("1"2,3)', "[1,2)"])
def test_a_row_of_another_shape_is_refused(row: str) -> None:
    layout = json.dumps([["a", "int4", "b"], ["b", "int4", "b"]])
    with pytest.raises(ValueError, match="composite value"):
        composite_json(row if row.startswith("{") else sent(row), layout)


def test_members_of_other_types_are_refused_by_name() -> None:
    members = (Column("a", "int4"), Column("b", "_int4"))
    assert (
        unsupported(Column("v", "pair", kind="c", members=members))
        == "the member 'b' of its type pair is of type _int4"
    )
    assert unsupported(Column("v", "pair", kind="c", members=members[:1])) is None
    assert unsupported(Column("v", "nothing", kind="c")) == "its type nothing has no members"
