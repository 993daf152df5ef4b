"""The commands of the README, the tutorial and the page on containers work as a newcomer types them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infra.native.stack import Stack
from tests.support.docs.doc_shell import Folder, blocks
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import ROWTIDE
from tests.support.servers.services import elasticsearch_client

README = CHECKOUT / "README.md"
TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
PIPELINES = ("postgres", "shop")
CONTAINERS = CHECKOUT / "docs" / "how-to" / "run-with-containers.md"
DOCUMENTS = ("orders", "products")


@pytest.fixture
def folder(stack: Stack, tmp_path: Path) -> Iterator[Folder]:
    """A working folder. What the pages create on the servers is removed before and after."""
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
    with elasticsearch_client(addresses) as client:
        for document in DOCUMENTS:
            held = client.get(f"/_alias/{document}")
            for index in held.json() if held.is_success else ():
                client.delete(f"/{index}").raise_for_status()


def test_the_readmes_ten_lines(folder: Folder) -> None:
    steps = blocks(README)
    first = next(number for number, block in enumerate(steps) if "rowtide up" in block)
    lines, change = steps[first : first + 2]
    assert lines.count("\n") <= 10
    # A second is long enough for a reader, but not on every machine; `verify` waits for the documents.
    output, changed = folder.run([lines, change], {"sleep 1": "rowtide verify >verify.log"})
    assert "orders: 2000 compared" in output
    assert ": equal" in output
    response = json.loads(output[output.index("{\n") :])
    assert response["total"]["value"] > 100
    assert response["freshness"]["degraded"] is False
    first_line, _, answer = changed.strip().partition("\n")
    assert first_line == "UPDATE 1"
    assert json.loads(answer)["total"]["value"] > 0
    assert "Zanzibar desk" in answer


def test_the_tutorial(folder: Folder) -> None:
    *steps, clean_up = blocks(TUTORIAL)
    assert "rowtide down --purge" in clean_up
    # The servers are those of all tests: they stay, and are no part of the folder.
    elsewhere = f"export ROWTIDE_STACK=none ROWTIDE_DATA={folder.path / 'none'}\n"
    outputs = folder.run([*steps, elsewhere + clean_up], {"--seconds 60": "--seconds 2"})
    worker, search, change, verify = outputs[5], outputs[6], outputs[7], outputs[9]
    assert json.loads(worker)["state"] == "live"
    assert json.loads(search)["items"][0]["document"]["status"] == "shipped"
    first_line, _, answer = change.strip().partition("\n")
    assert first_line == "UPDATE 1"
    assert "Zanzibar lantern" in answer
    assert json.loads(answer)["freshness"] | {"consistency": "now", "met": True} == json.loads(answer)["freshness"]
    assert verify.count(": equal") == len(DOCUMENTS)


def test_the_page_of_containers_with_programs_as_processes(folder: Folder, stack: Stack) -> None:
    addresses, settings = stack.addresses, stack.settings
    here = {
        "superuser": addresses.postgres_dsn,
        "port of worker": str(folder.worker_port),
        "port of api": str(folder.api_port),
        "postgres:5432": f"127.0.0.1:{settings.postgres_port}",
        "kafka:9092": addresses.kafka.servers,
        "PLAIN": addresses.kafka.mechanism,
        "ROWTIDE_KAFKA_PASSWORD": addresses.kafka.password,
        "http://connect:8083": addresses.connect.url,
        "ROWTIDE_CONNECT_PASSWORD": addresses.connect.password,
        "/var/lib/rowtide-connect": str(addresses.connect_secrets),
        "http://elasticsearch:9200": addresses.elasticsearch_url,
        "http://worker:9470": f"http://127.0.0.1:{folder.worker_port}",
        "0.0.0.0": "127.0.0.1",
    }
    docker = folder.path / "docker"
    docker.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m tests.support.fakes.docker "$@"\n')
    docker.chmod(0o755)
    plain = {name: value for name, value in folder.environment.items() if not name.startswith("ROWTIDE_")}
    path = f"{folder.path}:{plain['PATH']}"
    typed = replace(folder, environment={**plain, "PATH": path, "ADDRESSES": json.dumps(here)})
    outputs = typed.run(
        blocks(CONTAINERS), {"ROWTIDE_PASSWORD=…": f"ROWTIDE_PASSWORD={addresses.elasticsearch_password}"}
    )
    assert outputs[-1].count(": equal") == len(DOCUMENTS)


def test_the_compose_file_says_what_its_page_says() -> None:
    page = [line.partition("#")[0].strip() for block in blocks(CONTAINERS) for line in block.splitlines()]
    head = (CHECKOUT / "infra" / "compose.yaml").read_text(encoding="utf-8").partition("services:")[0]
    typed = [
        line.removeprefix("#   ").partition(" #")[0].strip() for line in head.splitlines() if line.startswith("#   ")
    ]
    assert [line.replace("...", "…") for line in typed] == page
