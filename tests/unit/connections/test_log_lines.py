"""The one form of log lines."""

import io
import json
import logging
import re

import pytest
import structlog
from starlette.applications import Starlette

from connections.log_lines import LogSettings, configure_logging
from http_server.client_network import Proxies
from http_server.open_connections import ConnectionLimits
from http_server.server import http_server


def lines(form: str, level: str = "info") -> list[str]:
    """What a program and a library write."""
    stream = io.StringIO()
    settings = LogSettings.model_validate({"log_format": form, "log_level": level})
    configure_logging(settings, stream, pipeline="shop")
    log = structlog.get_logger()
    log.debug("detail")
    log.info("tables re-read", tables="a, b", differing=3, new_documents=False)
    log.warning("two\nlines", reason="first\nsecond")
    logging.getLogger("elastic_transport.transport").info("a request")
    logging.getLogger("elastic_transport.transport").warning("a failure")
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "here")
    return stream.getvalue().splitlines()


def test_a_line_has_a_time_with_its_zone_a_level_an_event_and_fields() -> None:
    first, second, third, fourth = lines("text")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z INFO tables re-read pipeline=shop"
        r' tables="a, b" differing=3 new_documents=false',
        first,
    )
    assert second.endswith(r"WARNING two\nlines pipeline=shop reason=first\nsecond")
    assert third.endswith("WARNING a failure pipeline=shop")
    assert fourth.endswith("INFO Uvicorn running on here pipeline=shop")


def test_the_level_of_a_server_made_before_does_not_last() -> None:
    http_server(Starlette(), ConnectionLimits(), Proxies(), "critical")
    assert len(lines("text")) == 4


def test_json_has_one_object_on_each_line() -> None:
    first, second, *_ = map(json.loads, lines("json"))
    assert list(first) == ["time", "level", "event", "pipeline", "tables", "differing", "new_documents"]
    assert first["time"].endswith("Z")
    assert (first["level"], first["event"], first["pipeline"]) == ("info", "tables re-read", "shop")
    assert (first["differing"], first["new_documents"]) == (3, False)
    assert second["reason"] == "first\nsecond"


@pytest.mark.parametrize(("level", "count"), [("debug", 5), ("info", 4), ("warning", 2), ("error", 0)])
def test_the_level_holds_for_our_lines_and_those_of_libraries(level: str, count: int) -> None:
    assert len(lines("text", level)) == count


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_part_of_its_line(form: str) -> None:
    stream = io.StringIO()
    configure_logging(LogSettings.model_validate({"log_format": form}), stream)
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    written = stream.getvalue()
    assert "ValueError: bad" in written
    assert len(written.splitlines()) == 1 or form == "text"
