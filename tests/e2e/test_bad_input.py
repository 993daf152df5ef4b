"""What an operator can get wrong: each has its own error and exit code, and nothing is lost."""

import socket
import subprocess
import sys

import pytest
from confluent_kafka import Producer
from psycopg.conninfo import make_conninfo

from cdc.log.names import changes_topic
from connections.kafka import client_settings
from infra.native.ports import free_port
from tests.e2e.conftest import LivePipeline
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import Pipeline

SPEC = """\
pipeline: small
documents:
  things:
    from: things
    fields: [name]
"""


SCHEMA = "CREATE TABLE things(id int PRIMARY KEY, name text); INSERT INTO things VALUES (1, 'one')"


@pytest.fixture
def small(live_pipeline: LivePipeline) -> Pipeline:
    """One table and one document; nothing runs yet."""
    return live_pipeline(SPEC, SCHEMA, stage="spec")


def failed(pipeline: Pipeline, command: str) -> tuple[int, str]:
    """Run a command that must fail, `writer …` or one of `rowtide`; its exit code and its standard error."""
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
    code, error = failed(small, command)
    assert code == 2, error
    assert "spec.yaml:6: " in error
    assert "Unknown key 'colum'" in error


def test_a_missing_table(small: Pipeline) -> None:
    small.spec.write_text(small.spec.read_text().replace("from: things", "from: thinks"))
    code, error = failed(small, "init")
    assert code == 2, error
    assert "Table 'thinks' does not exist" in error


def test_settings_that_are_not_there(small: Pipeline) -> None:
    for name in ("ROWTIDE_KAFKA_BOOTSTRAP_SERVERS", "ROWTIDE_ELASTICSEARCH_URL"):
        del small.environment[name]
    code, error = failed(small, "worker")
    assert code == 2, error
    assert "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS" in error
    assert "ROWTIDE_ELASTICSEARCH_URL" in error


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
    code, error = failed(small, "worker")
    assert code == 3, error
    assert "does not answer" in error


@pytest.mark.parametrize("command", ["worker", "elasticsearch-key worker", "api keys create me --index things"])
def test_wrong_credentials_of_elasticsearch(small: Pipeline, command: str) -> None:
    small.environment["ROWTIDE_ELASTICSEARCH_PASSWORD"] = "wrong-canary"
    code, error = failed(small, command)
    assert code == 2, error
    assert "credentials" in error or "refused to create the key" in error
    assert "ROWTIDE_ELASTICSEARCH_" in error
    assert "wrong-canary" not in error


def test_a_login_that_kafka_does_not_take(small: Pipeline) -> None:
    access = {"SECURITY_PROTOCOL": "sasl_plaintext", "USERNAME": "me", "PASSWORD": "wrong-canary"}
    small.environment |= {f"ROWTIDE_KAFKA_{name}": value for name, value in access.items()}
    code, error = failed(small, "worker")
    assert code == 2, error
    assert "rejected the request to read the log: " in error
    assert "ROWTIDE_KAFKA_USERNAME" in error
    assert "wrong-canary" not in error


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
    code, error = failed(small, command)
    assert code == 2, error
    assert "rejected the connection" in error
    assert "_DSN" in error
    assert "wrong-canary" not in error


def test_a_port_that_is_taken(small: Pipeline) -> None:
    small.rowtide("init")
    small.rowtide("connectors", "apply")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", small.port))
        taken.listen()
        code, error = failed(small, "worker")
    assert code == 2, error
    assert f"127.0.0.1:{small.port}" in error
    assert "ROWTIDE_WORKER_PORT" in error


def test_an_undecodable_record_stops_the_worker(small: Pipeline) -> None:
    small.start()
    small.wait_live()
    producer = Producer(client_settings(small.place.addresses.kafka))
    producer.produce(changes_topic(small.place.pipeline), b"secret-canary", partition=0)
    assert producer.flush(30) == 0
    assert small.ended() == 1
    assert "record at offset" in small.log_tail()
    assert "secret-canary" not in small.log_tail()
