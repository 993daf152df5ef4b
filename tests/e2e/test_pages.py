"""The README's ten lines and the tutorial, as commands that are run: what a newcomer types must work."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infra.stack import Stack
from tests.support.pipeline import ROWTIDE
from tests.support.services import CHECKOUT
from tests.support.shell_page import Folder, blocks

README = CHECKOUT / "README.md"
TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
PIPELINES = ("postgres", "shop")
DOCUMENTS = ("orders", "products")


@pytest.fixture
def folder(stack: Stack, tmp_path: Path) -> Iterator[Folder]:
    """A folder to type in. What the pages make on the servers under names of their own is removed before and after."""
    stack.start()
    _remove(stack)
    try:
        yield Folder.of(tmp_path, stack.settings)
    finally:
        _remove(stack)


def _remove(stack: Stack) -> None:
    addresses = stack.addresses
    for pipeline in PIPELINES:
        dsn = make_conninfo(addresses.postgres_dsn, dbname=pipeline)
        delete = [*ROWTIDE, "connectors", "delete", "--pipeline", pipeline, "--offsets", "--slot", "--topic"]
        environment = os.environ | addresses.environment() | {"ROWTIDE_POSTGRES_DSN": dsn}
        subprocess.run(delete, env=environment, cwd=CHECKOUT, capture_output=True, timeout=60, check=False)
    with psycopg.connect(addresses.postgres_dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("DROP PUBLICATION IF EXISTS rowtide_postgres")
    login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
    with httpx.Client(base_url=addresses.elasticsearch_url, auth=login, timeout=30, trust_env=False) as client:
        for document in DOCUMENTS:
            held = client.get(f"/_alias/{document}")
            for index in held.json() if held.is_success else ():
                client.delete(f"/{index}").raise_for_status()


def test_the_readmes_ten_lines(folder: Folder) -> None:
    (lines,) = [block for block in blocks(README) if "rowtide up" in block]
    assert lines.count("\n") <= 10
    (said,) = folder.run([lines], {})
    assert "orders: 2000 compared" in said
    assert ": equal" in said
    found = json.loads(said.splitlines()[-1])
    assert found["total"]["value"] > 100
    assert found["freshness"]["degraded"] is False


def test_the_tutorial(folder: Folder) -> None:
    *steps, clean_up = blocks(TUTORIAL)
    assert "rowtide down --purge" in clean_up
    # The servers are those of all tests: they stay, and are no part of the folder.
    elsewhere = f"export ROWTIDE_STACK=none ROWTIDE_DATA={folder.path / 'none'}\n"
    said = folder.run([*steps, elsewhere + clean_up], {"--seconds 60": "--seconds 2"})
    worker, search, change, verify = said[5], said[6], said[7], said[9]
    assert json.loads(worker)["state"] == "live"
    assert json.loads(search)["items"][0]["document"]["status"] == "shipped"
    first_line, _, answer = change.strip().partition("\n")
    assert first_line == "UPDATE 1"
    assert "Zanzibar lantern" in answer
    assert json.loads(answer)["freshness"] | {"consistency": "now", "met": True} == json.loads(answer)["freshness"]
    assert verify.count(": equal") == len(DOCUMENTS)
