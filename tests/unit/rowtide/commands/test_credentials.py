"""What the worker and the search API get instead of an administrator's credentials."""

import shlex
import subprocess

from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from cdc.role_passwords import role_dsn
from rowtide.cli import app
from rowtide.commands.credentials import shell_commands
from search_api.settings import ApiSettings
from sync_worker.settings import WorkerSettings

ADMINISTRATOR = {
    "ROWTIDE_POSTGRES_DSN": "postgresql://postgres:canary@h/shop",
    "ROWTIDE_WRITER_DSN": "postgresql://postgres:canary@h/shop",
    "ROWTIDE_ELASTICSEARCH_USERNAME": "elastic",
    "ROWTIDE_ELASTICSEARCH_PASSWORD": "canary",
    "ROWTIDE_CONNECT_USERNAME": "connect",
    "ROWTIDE_CONNECT_PASSWORD": "canary",
    "ROWTIDE_CONNECTOR_PASSWORD": "canary",
    "ROWTIDE_STACK_PASSWORD": "canary",
}
WORKER = {"ROWTIDE_KAFKA_PASSWORD": "of the worker", "ROWTIDE_CONTROL_KEY": "of the worker"}
PLAIN = {"ROWTIDE_SPEC": "spec.yaml", "ROWTIDE_ELASTICSEARCH_URL": "http://h:9200", "PATH": "/usr/bin:/bin"}


def environment_after(commands: list[str]) -> dict[str, str]:
    """The environment of a program that is started in the subshell."""
    environment = {**ADMINISTRATOR, **WORKER, **PLAIN}
    script = "\n".join(commands)
    printed = subprocess.run(
        ["bash", "-c", f"(eval {shlex.quote(script)}; exec env -0)"], env=environment, capture_output=True, check=True
    ).stdout.decode()
    return dict(pair.split("=", 1) for pair in printed.split("\0") if pair)


def test_the_worker_keeps_no_password_of_an_administrator() -> None:
    own = {"ROWTIDE_POSTGRES_DSN": "user=rowtide_shop password='it''s $x'", "ROWTIDE_ELASTICSEARCH_API_KEY": "a2V5=="}
    environment = environment_after(shell_commands(WorkerSettings, own, {**ADMINISTRATOR, **WORKER, **PLAIN}))
    assert "canary" not in " ".join(environment.values())
    assert "ROWTIDE_ELASTICSEARCH_USERNAME" not in environment
    assert environment.items() >= {**own, **WORKER, **PLAIN}.items()


def test_the_search_api_knows_neither_the_database_nor_kafka() -> None:
    own = {"ROWTIDE_ELASTICSEARCH_API_KEY": "a2V5=="}
    environment = environment_after(shell_commands(ApiSettings, own, {**ADMINISTRATOR, **WORKER, **PLAIN}))
    secrets = {name for name in environment if name.endswith(("DSN", "PASSWORD", "USERNAME", "CONTROL_KEY"))}
    assert secrets == set()
    assert environment.items() >= {**own, **PLAIN}.items()


def test_a_program_does_not_start_when_it_has_no_credentials_of_its_own() -> None:
    environment = {**ADMINISTRATOR, **PLAIN, "ROWTIDE_ELASTICSEARCH_URL": "http://127.0.0.1:1"}
    for command in ("worker", "search things"):
        failed = CliRunner().invoke(app(), ["credentials", *command.split()], env=environment)
        assert (failed.exit_code != 0, failed.stdout) == (True, "exit 1\n")


def test_a_role_reaches_the_owners_database_with_its_own_password_only() -> None:
    owner = "postgresql://owner:canary@db:5433/shop?sslmode=verify-full&sslrootcert=/ca.pem&sslkey=/k&sslcert=/c"
    assert conninfo_to_dict(role_dsn(owner, "rowtide_shop", "it's")) == {
        "user": "rowtide_shop",
        "password": "it's",
        "host": "db",
        "port": "5433",
        "dbname": "shop",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }
