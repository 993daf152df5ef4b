"""What an operator can get wrong: each has its own sentence and its exit code, and nothing is lost."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Producer
from psycopg.conninfo import make_conninfo

from cdc.log.names import changes_topic
from infra.native.ports import free_port
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place

SPEC = """\
pipeline: small
documents:
  things:
    from: things
    fields: [name]
"""


@pytest.fixture
def small(place: Place, tmp_path: Path) -> Iterator[Pipeline]:
    """One table, one document; nothing started yet."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE things(id int PRIMARY KEY, name text); INSERT INTO things VALUES (1, 'one')")
    written = tmp_path / "small.yaml"
    written.write_text(SPEC)
    with Pipeline(place, written, tmp_path) as pipeline:
        yield pipeline


def failed(pipeline: Pipeline, command: str) -> tuple[int, str]:
    """Run a command that must fail, `writer …` or one of `rowtide`: its exit code and what it said."""
    words = command.split()
    if words[0] == "writer":
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=pipeline.environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
    else:
        done = pipeline.rowtide(*words, check=False)
    return done.returncode, " ".join(done.stderr.split())


@pytest.mark.parametrize("command", ["init", "connectors apply", "worker", "verify", "documents check"])
def test_an_invalid_spec(small: Pipeline, command: str) -> None:
    small.spec.write_text(small.spec.read_text().replace("[name]", "[name, {x: {colum: y}}]"))
    code, said = failed(small, command)
    assert code == 2, said
    assert "spec.yaml:6: " in said
    assert "Unknown key 'colum'" in said


def test_a_missing_table(small: Pipeline) -> None:
    small.spec.write_text(small.spec.read_text().replace("from: things", "from: thinks"))
    code, said = failed(small, "init")
    assert code == 2, said
    assert "Table 'thinks' does not exist" in said


def test_settings_that_are_not_there(small: Pipeline) -> None:
    for name in ("ROWTIDE_KAFKA_BOOTSTRAP_SERVERS", "ROWTIDE_ELASTICSEARCH_URL"):
        del small.environment[name]
    code, said = failed(small, "worker")
    assert code == 2, said
    assert "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS" in said
    assert "ROWTIDE_ELASTICSEARCH_URL" in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROWTIDE_ELASTICSEARCH_URL", "http://127.0.0.1:{port}"),
        ("ROWTIDE_POSTGRES_DSN", "postgresql://postgres@127.0.0.1:{port}/postgres"),
        ("ROWTIDE_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:{port}"),
    ],
)
def test_a_server_that_is_not_there(small: Pipeline, variable: str, value: str) -> None:
    small.environment[variable] = value.format(port=free_port())
    code, said = failed(small, "worker")
    assert code == 3, said
    assert "does not answer" in said


@pytest.mark.parametrize("command", ["worker", "elasticsearch-key worker", "api keys create me --index things"])
def test_wrong_credentials_of_elasticsearch(small: Pipeline, command: str) -> None:
    small.environment["ROWTIDE_ELASTICSEARCH_PASSWORD"] = "wrong-canary"
    code, said = failed(small, command)
    assert code == 2, said
    assert "credentials" in said or "refused to create the key" in said
    assert "ROWTIDE_ELASTICSEARCH_" in said
    assert "wrong-canary" not in said


def test_a_login_that_kafka_does_not_take(small: Pipeline) -> None:
    told = {"SECURITY_PROTOCOL": "sasl_plaintext", "USERNAME": "me", "PASSWORD": "wrong-canary"}
    small.environment |= {f"ROWTIDE_KAFKA_{name}": value for name, value in told.items()}
    code, said = failed(small, "worker")
    assert code == 2, said
    assert "rejected the request to read the log: " in said
    assert "ROWTIDE_KAFKA_USERNAME" in said
    assert "wrong-canary" not in said


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("init", {"password": "wrong-canary"}),
        ("init", {"dbname": "nowhere"}),
        ("connectors apply", {"password": "wrong-canary"}),
        ("worker", {"password": "wrong-canary"}),
        ("verify", {"dbname": "nowhere"}),
        ("writer init", {"password": "wrong-canary"}),
    ],
)
def test_wrong_credentials_of_postgresql(small: Pipeline, command: str, wrong: dict[str, str]) -> None:
    dsn = make_conninfo(small.place.dsn, **wrong)
    small.environment |= {"ROWTIDE_POSTGRES_DSN": dsn, "ROWTIDE_WRITER_DSN": dsn}
    code, said = failed(small, command)
    assert code == 2, said
    assert "rejected the connection" in said
    assert "_DSN" in said
    assert "wrong-canary" not in said


def test_a_port_that_is_taken(small: Pipeline) -> None:
    small.rowtide("init")
    small.rowtide("connectors", "apply")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", small.port))
        taken.listen()
        code, said = failed(small, "worker")
    assert code == 2, said
    assert f"127.0.0.1:{small.port}" in said
    assert "ROWTIDE_WORKER_PORT" in said


def test_an_undecodable_record_stops_the_worker(small: Pipeline) -> None:
    small.start()
    small.wait_live()
    assert small.worker is not None
    producer = Producer({"bootstrap.servers": small.environment["ROWTIDE_KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce(changes_topic(small.place.pipeline), b"secret-canary", partition=0)
    assert producer.flush(30) == 0
    assert small.worker.wait(60) == 1
    assert "record at offset" in small.log_tail()
    assert "secret-canary" not in small.log_tail()
