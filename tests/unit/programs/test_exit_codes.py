"""The same error has the same exit code in every program (docs/reference/exit-codes.md); those that need no server."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cdc.source.database import operator_error
from connections.postgres import is_wrong_login
from infra.errors import WrongSettings
from infra.native.ports import require_free
from rowtide.cli import app
from sync_worker.errors import SettingsError
from sync_worker.http.endpoint import listening
from writer.database import login_refused

NOWHERE = "127.0.0.1:1"
DSN = f"postgresql://reader:secret-canary@{NOWHERE}/shop"
SPEC = "pipeline: small\ndocuments:\n  things:\n    from: things\n    fields: [name]\n"
SETTINGS = {
    "ROWTIDE_POSTGRES_DSN": DSN,
    "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": NOWHERE,
    "ROWTIDE_CONNECT_URL": f"http://{NOWHERE}",
    "ROWTIDE_ELASTICSEARCH_URL": f"http://{NOWHERE}",
    "ROWTIDE_ELASTICSEARCH_USERNAME": "elastic",
    "ROWTIDE_ELASTICSEARCH_PASSWORD": "secret-canary",
    "ROWTIDE_WORKER_URL": f"http://{NOWHERE}",
    "ROWTIDE_API_STATE": ":memory:",
}
READ_THE_SPEC = (
    "init",
    "connectors apply",
    "connectors status",
    "resnapshot",
    "documents check",
    "worker",
    "elasticsearch-key worker",
    "elasticsearch-key search",
    "credentials worker",
    "credentials search",
    "worker-key",
    "verify",
    "explain things 1",
    "repair",
    "quarantine list",
)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def taken() -> Iterator[int]:
    """A port with a listener."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def rowtide(command: str, spec: Path, **more: str) -> Result:
    where = {"ROWTIDE_SPEC": str(spec), "ROWTIDE_WORKER_STORE": str(spec.parent), "ROWTIDE_HOME": str(spec.parent)}
    return CliRunner().invoke(app(), command.split(), env={**SETTINGS, **where, **more}, catch_exceptions=False)


@pytest.mark.parametrize("command", READ_THE_SPEC)
def test_a_spec_that_cannot_be_used_is_a_wrong_setting(command: str, spec: Path) -> None:
    spec.write_text(SPEC.replace("[name]", "[name, {x: {colum: y}}]"), encoding="utf-8")
    faulty = rowtide(command, spec)
    assert (faulty.exit_code, "spec.yaml:5" in faulty.stderr) == (2, True), faulty.stderr
    spec.write_bytes(SPEC.encode() + b"# caf\xe9\n")
    encoded = rowtide(command, spec)
    assert (encoded.exit_code, "not UTF-8 text" in encoded.stderr) == (2, True), encoded.stderr
    absent = rowtide(command, spec.with_name("nowhere.yaml"))
    assert (absent.exit_code, "ROWTIDE_SPEC" in absent.stderr) == (2, True), absent.stderr


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("init", "PostgreSQL at 127.0.0.1:1/shop"),
        ("documents check", "PostgreSQL at 127.0.0.1:1/shop"),
        ("connectors apply", "PostgreSQL at 127.0.0.1:1/shop"),
        ("connectors list", "ROWTIDE_CONNECT_URL"),
        ("connectors status", "ROWTIDE_CONNECT_URL"),
        ("resnapshot", "ROWTIDE_CONNECT_URL"),
        ("worker", "ROWTIDE_ELASTICSEARCH_URL"),
        ("worker-key", "ROWTIDE_ELASTICSEARCH_URL"),
        ("elasticsearch-key worker", "ROWTIDE_ELASTICSEARCH_URL"),
        ("elasticsearch-key search things", "ROWTIDE_ELASTICSEARCH_URL"),
        ("credentials search things", "ROWTIDE_ELASTICSEARCH_URL"),
        ("verify", "ROWTIDE_POSTGRES_DSN"),
        ("repair", "ROWTIDE_POSTGRES_DSN"),
        ("explain things 1", "ROWTIDE_POSTGRES_DSN"),
        ("quarantine retry --wait 0", "ROWTIDE_WORKER_URL"),
        ("api key things", "ROWTIDE_ELASTICSEARCH_URL"),
        ("api keys create me --index things", "ROWTIDE_ELASTICSEARCH_URL"),
        ("status", "No server of stack default runs"),
    ],
)
def test_a_service_that_is_not_there_is_named(command: str, names: str, spec: Path) -> None:
    away = rowtide(command, spec)
    assert away.exit_code == 3, away.stderr
    assert names in " ".join((away.stderr + away.stdout).split())
    assert "secret-canary" not in away.stderr + away.stdout


@pytest.mark.parametrize("command", ["init", "documents check", "connectors apply", "worker", "verify"])
def test_settings_that_cannot_be_are_named_without_their_values(command: str, spec: Path) -> None:
    wrong = {"ROWTIDE_POSTGRES_DSN": "secret-canary", "ROWTIDE_ELASTICSEARCH_URL": "secret-canary:9200"}
    result = rowtide(command, spec, **wrong)
    assert result.exit_code == 2, result.stderr
    assert result.stderr.startswith("Error: ")
    assert "ROWTIDE_POSTGRES_DSN" in result.stderr or "ROWTIDE_ELASTICSEARCH_URL" in result.stderr
    assert "secret-canary" not in result.stderr


def test_a_taken_port_is_a_wrong_setting(taken: int, spec: Path) -> None:
    served = rowtide("api serve", spec, ROWTIDE_API_PORT=str(taken))
    assert (served.exit_code, f"127.0.0.1:{taken}: Address already in use" in served.stderr) == (2, True)
    assert served.stderr.startswith("Error: ")
    assert "ROWTIDE_API_PORT" in served.stderr
    with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{taken}: .*ROWTIDE_WORKER_PORT"):
        listening("127.0.0.1", taken)
    with pytest.raises(WrongSettings, match=rf"{taken} for kafka, by .*; ROWTIDE_KAFKA_PORT sets another one"):
        require_free({"kafka": taken})


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ('connection failed: FATAL:  password authentication failed for user "shop"', True),
        ('connection failed: FATAL:  database "shop" does not exist', True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "shop", database "shop", no encryption', True),
        ("connection failed: fe_sendauth: no password supplied", True),
        ("connection failed: FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ('FATAL:  too many connections for role "shop"', False),
        ("FATAL:  terminating connection due to administrator command", False),
        ("connection failed: Connection refused\n\tIs the server running on that host?", False),
        ("[Errno -2] Name or service not known", False),
    ],
)
def test_a_wrong_login_differs_from_a_busy_server(message: str, wrong: bool) -> None:
    assert (is_wrong_login(message), login_refused(message)) == (wrong, wrong)


def test_certificates_are_settings() -> None:
    assert is_wrong_login("connection failed: SSL error: certificate verify failed")
    assert is_wrong_login("connection failed: server does not support SSL, but SSL was required")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.OperationalError("the connection is lost"), 3),
        (psycopg.errors.AdminShutdown("terminating connection due to administrator command"), 3),
        (psycopg.errors.TooManyConnections("sorry, too many clients already"), 3),
        (psycopg.OperationalError('FATAL:  role "shop" does not exist'), 2),
        (psycopg.errors.ObjectInUse('replication slot "rowtide_shop" is active'), 1),
        (psycopg.errors.InsufficientPrivilege("permission denied"), 1),
    ],
)
def test_an_error_of_postgresql_has_the_code_of_what_it_means(error: psycopg.Error, code: int) -> None:
    mapped = operator_error(error, DSN)
    assert (mapped.exit_code, "secret-canary" in str(mapped)) == (code, False)
