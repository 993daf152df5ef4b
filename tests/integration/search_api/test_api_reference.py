"""The examples of docs/reference/api.md, executed as written."""

from functools import reduce
from typing import Any

import pytest

from docs.api_examples import EXAMPLES, Example
from docs.api_reference import document
from tests.support.servers.search_api import Api


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation}: {example.title}")
def test_an_example_is_answered_as_the_page_says(api: Api, example: Example) -> None:
    answer = api.request("POST" if example.body else "GET", example.address, json=example.body)
    assert answer.status_code == example.status, answer.text
    for path, value in example.values.items():
        assert _at(answer.json(), path) == value, path
    for text in example.texts:
        assert text in answer.content.decode()


def test_every_address_has_an_example() -> None:
    operations = {
        operation["operationId"] for methods in document()["paths"].values() for operation in methods.values()
    }
    assert {example.operation for example in EXAMPLES} == operations


def _at(answer: Any, path: str) -> Any:
    return reduce(lambda part, name: part[int(name)] if isinstance(part, list) else part[name], path.split("."), answer)
