"""Runs schemathesis with every check: valid and invalid requests generated from the OpenAPI document."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from docs.api_reference import document
from infra.native.ports import free_ports
from search_api.access.api_keys import ApiKeys
from search_api.access.callers import SCOPES
from search_api.access.state import State
from tests.support.paths import TESTS
from tests.support.servers.search_api import Library

SEED = 20261124
SECONDS = 45
"""At most; what was not tried by then is not tried."""
CONFIG = TESTS / "support" / "schemathesis.toml"


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """The program itself, on its own port."""
    port = free_ports()["elasticsearch_port"]
    url = f"http://127.0.0.1:{port}"
    order = (sys.executable, "-m", "search_api")
    with subprocess.Popen(order, env=environment | {"ROWTIDE_API_PORT": str(port)}) as program:
        try:
            transport = httpx.HTTPTransport(retries=8)
            with httpx.Client(transport=transport, trust_env=False) as client:
                assert client.get(f"{url}/health").status_code == 200
            yield url
        finally:
            program.terminate()


def test_every_answer_is_as_the_openapi_document_says(library: Library, tmp_path: Path) -> None:
    state_file = tmp_path / "state.db"
    with closing(State(state_file)) as state:
        _, key = ApiKeys(state).create("schemathesis", SCOPES, ["*"], unmasked=["*"])
    environment = dict(os.environ) | {
        "ROWTIDE_ELASTICSEARCH_URL": library.url,
        "ROWTIDE_ELASTICSEARCH_API_KEY": library.key,
        "ROWTIDE_API_STATE": str(state_file),
        "ROWTIDE_API_ANONYMOUS": "false",
        "ROWTIDE_API_RATE": "1000000",
        "ROWTIDE_API_BURST": "1000000000",
    }
    schemathesis = Path(sys.executable).parent / "schemathesis"
    with serving(environment) as url:
        options = [
            "--checks",
            "all",
            "--seed",
            str(SEED),
            "--max-time",
            str(SECONDS),
            "--max-examples",
            "40",
            "--no-color",
            "--report-ndjson-path",
            str(tmp_path / "events.ndjson"),
        ]
        header = f"Authorization: Bearer {key}"
        command = [str(schemathesis), "--config-file", str(CONFIG), "run", f"{url}/openapi.json", "--header", header]
        run = subprocess.run(
            [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=5 * SECONDS, check=False
        )
    if run.returncode:
        pytest.fail(run.stdout[-20_000:] + run.stderr[-2_000:])
    assert f"Seed: {SEED}" in run.stdout
    paths = document()["paths"]
    expected = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert tried(tmp_path / "events.ndjson") >= expected


def tried(events: Path) -> set[str]:
    """The operations that a request was sent for."""
    return set(re.findall(r'"label":\s*"([A-Z]+ /[^"]*)"', events.read_text(encoding="utf-8")))
