"""What the log says about a request, and what it does not."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from search_api.http.request_log import RequestLog


@pytest.fixture
def application() -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestLog)

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.get("/v1/{index}/{id:path}")
    def document(index: str, id: str) -> str:
        if id == "bug":
            raise RuntimeError("an address: ann@example.org")
        return index

    return app


def line(application: FastAPI, address: str, **headers: str) -> tuple[dict[str, Any], str]:
    """The line of one request, and the id in the response."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(address, headers=headers)

    with capture_logs() as logs:
        response = asyncio.run(request())
    (entry,) = logs
    return dict(entry), response.headers.get("X-Request-ID", "")


def test_a_line_names_the_route_and_no_value_of_the_address(application: FastAPI) -> None:
    entry, request_id = line(application, "/v1/orders/ann@example.org?q=ann")
    assert entry.pop("duration_ms") >= 0
    assert entry == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/v1/{index}/{id:path}",
        "index": "orders",
        "status": 200,
    }
    assert re.fullmatch(r"[0-9a-f]{32}", request_id)


def test_an_address_that_no_route_has_is_not_quoted(application: FastAPI) -> None:
    entry, _ = line(application, "/ann@example.org")
    assert (entry["path"], entry["status"], entry["index"]) == ("(no route)", 404, None)
    assert "ann" not in str(entry)


def test_the_id_of_a_proxy_is_kept_unless_it_is_no_id(application: FastAPI) -> None:
    assert line(application, "/v1/orders/1", **{"X-Request-ID": "trace-7.a_b"})[1] == "trace-7.a_b"
    assert re.fullmatch(r"[0-9a-f]{32}", line(application, "/v1/orders/1", **{"X-Request-ID": "a b"})[1])
    assert re.fullmatch(r"[0-9a-f]{32}", line(application, "/v1/orders/1", **{"X-Request-ID": "x" * 65})[1])


def test_failures_are_errors_and_health_checks_are_details(application: FastAPI) -> None:
    assert line(application, "/health")[0]["log_level"] == "debug"
    entry, _ = line(application, "/v1/orders/bug")
    assert entry["log_level"] == "error"
    assert "ann" not in str(entry)
