"""Real servers for the tests: one stack for the whole run, and a database and a pipeline name for each test."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.names import connector_name
from connections.connect import client_options
from infra.addresses import Addresses
from infra.native.ports import free_ports
from infra.native.stack import Stack
from infra.settings import StackSettings
from tests.support.paths import CHECKOUT


def small_settings(name: str, data: Path) -> StackSettings:
    """Return settings for a small stack on free ports. The servers are unpacked where the checkout has them."""
    where: dict[str, Any] = {} if "ROWTIDE_CACHE" in os.environ else {"home": CHECKOUT / ".rowtide"}
    ports: dict[str, Any] = {**free_ports()}
    return StackSettings(
        stack=name, data=data, profile="test", elasticsearch_heap=512, kafka_heap=192, **where, **ports
    )


@contextmanager
def data_directory() -> Iterator[Path]:
    """Yield a new directory that the servers' user may enter (pytest's own may not be), removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="rowtide-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _kept_stack(name: str) -> Stack:
    home = Path(os.environ.get("ROWTIDE_HOME", CHECKOUT / ".rowtide"))
    variables = {"ROWTIDE_STACK": name, "ROWTIDE_PROFILE": "test", "ROWTIDE_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "rowtide", "up"],
        env=os.environ | variables,
        cwd=CHECKOUT,
        check=True,
    )
    return Stack(StackSettings(stack=name, profile="test", home=home))


@contextmanager
def running_stack(name: str = "test") -> Iterator[Stack]:
    """Start the four servers and end them. They end by themselves when this process is killed.

    ROWTIDE_TEST_STACK names a stack that keeps running between runs, on the default ports; started if needed."""
    if name_of_kept := os.environ.get("ROWTIDE_TEST_STACK"):
        yield _kept_stack(name_of_kept)
        return
    with data_directory() as data, Stack(small_settings(name, data)) as stack:
        yield stack


@dataclass(frozen=True)
class Place:
    """What one test has for itself: an empty database, and a name for its pipeline, connector, topic and indexes."""

    pipeline: str
    database: str
    dsn: str
    addresses: Addresses

    @property
    def environment(self) -> dict[str, str]:
        """The variables that programs read, with this database."""
        return {**self.addresses.environment(), "ROWTIDE_POSTGRES_DSN": self.dsn}


def elasticsearch_client(addresses: Addresses) -> httpx.Client:
    """A client of the stack's Elasticsearch, with all rights: it changes indexes behind the worker's back."""
    return httpx.Client(
        base_url=addresses.elasticsearch_url,
        auth=(addresses.elasticsearch_username, addresses.elasticsearch_password),
        trust_env=False,
        timeout=60,
    )


def connect_client(addresses: Addresses, seconds: float = 30.0) -> httpx.Client:
    """A client of the stack's Kafka Connect, signed in."""
    return httpx.Client(**client_options(addresses.connect) | {"timeout": seconds})


@contextmanager
def fresh_place(addresses: Addresses) -> Iterator[Place]:
    """Make a database and a name; at the end remove the connector of that name, and the database with its slots."""
    name = f"t{uuid.uuid4().hex[:10]}"
    place = Place(name, name, make_conninfo(addresses.postgres_dsn, dbname=name), addresses)
    with psycopg.connect(addresses.postgres_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield place
    finally:
        delete_connector(place)
        with psycopg.connect(addresses.postgres_dsn, autocommit=True) as connection:
            _drop_database(connection, name)


def delete_connector(place: Place) -> None:
    """Delete the connector of a place's pipeline."""
    with connect_client(place.addresses) as client:
        client.delete(f"/connectors/{connector_name(place.pipeline)}")


def _drop_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
        " WHERE database = %s AND active_pid IS NOT NULL",
        [name],
    )
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", [name]
    )
    connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
