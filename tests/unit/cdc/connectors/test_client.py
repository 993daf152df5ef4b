"""The client of Kafka Connect, against a double that returns Connect's responses."""

from collections.abc import Callable, Iterable

import httpx
import pytest

from cdc.connectors.client import Connect
from cdc.errors import OperatorError
from connections.connect import ConnectAccess


class PlayedConnect(httpx.BaseTransport):
    """Returns the responses in order, the last one repeatedly, and records the requests."""

    def __init__(self, answers: Iterable[httpx.Response]) -> None:
        self._answers = list(answers)
        self.requests: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.raw_path.decode()}")
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def played(*answers: httpx.Response) -> tuple[Connect, PlayedConnect]:
    transport = PlayedConnect(answers)
    return Connect(ConnectAccess("http://connect:8083"), transport), transport


def test_a_rebalance_is_waited_out() -> None:
    connect, transport = played(httpx.Response(409, json={"message": "rebalance"}), httpx.Response(204))
    with connect:
        connect.delete("rowtide-shop")
    assert transport.requests == ["DELETE /connectors/rowtide-shop"] * 2


@pytest.mark.parametrize("ask", [lambda connect: connect.config("x"), lambda connect: connect.status("x")])
def test_a_connector_that_is_not_there_is_none(ask: Callable[[Connect], object]) -> None:
    with played(httpx.Response(404, json={"error_code": 404, "message": "no"}))[0] as connect:
        assert ask(connect) is None


def test_an_error_names_the_url_and_what_connect_said() -> None:
    with (
        played(httpx.Response(500, json={"message": "first line\nsecond"}))[0] as connect,
        pytest.raises(OperatorError, match=r"PUT http://connect:8083/connectors/x/pause answered 500: first line$"),
    ):
        connect.pause("x")


def test_somebody_else_at_that_address_is_noticed() -> None:
    with (
        played(httpx.Response(200, text="<html>"))[0] as connect,
        pytest.raises(OperatorError, match="is not a response of Kafka Connect"),
    ):
        connect.plugins()


def test_validation_gives_the_errors_under_their_keys() -> None:
    entries = [{"value": {"name": "a", "errors": []}}, {"value": {"name": "b", "errors": ["wrong"]}}]
    connect, transport = played(httpx.Response(200, json={"error_count": 1, "configs": entries}))
    with connect:
        assert connect.validate("x", {"connector.class": "io.X"}) == {"b": ["wrong"]}
    assert transport.requests == ["PUT /connector-plugins/io.X/config/validate"]


def test_names_are_quoted_in_the_path() -> None:
    connect, transport = played(httpx.Response(204))
    with connect:
        connect.resume("a/b c")
    assert transport.requests == ["PUT /connectors/a%2Fb%20c/resume"]
