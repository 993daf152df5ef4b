"""`rowtide api` and `rowtide elasticsearch-key`: what operators see, and the exit codes."""

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from infra.native.ports import free_ports
from infra.native.stack import Stack
from rowtide.commands import api, elasticsearch_key
from tests.support.servers.search_api import Library


def rowtide(*words: str, **environment: str) -> Result:
    app = typer.Typer()
    for commands in (api, elasticsearch_key):
        commands.register(app)
    return CliRunner().invoke(app, words, env={f"ROWTIDE_{name.upper()}": value for name, value in environment.items()})


def test_a_key_is_printed_as_the_setting_that_takes_it(library: Library, stack: Stack) -> None:
    created = rowtide("elasticsearch-key", "search", "books", "--days", "1", **admin_of(stack))
    assert created.exit_code == 0
    name, _, key = created.stdout.strip().partition("=")
    assert name == "ROWTIDE_ELASTICSEARCH_API_KEY"
    answer = httpx.get(f"{library.url}/books/_search", headers={"authorization": f"ApiKey {key}"}, trust_env=False)
    assert answer.status_code == 200


def test_wrong_credentials_make_no_key(stack: Stack) -> None:
    refused = rowtide("elasticsearch-key", "search", "books", **{**admin_of(stack), "elasticsearch_password": "wrong"})
    assert refused.exit_code == 2
    assert "ROWTIDE_ELASTICSEARCH_PASSWORD" in refused.stderr


def test_no_server_makes_no_key() -> None:
    url = f"http://127.0.0.1:{free_ports()['elasticsearch_port']}"
    away = rowtide(
        "elasticsearch-key",
        "search",
        "books",
        elasticsearch_url=url,
        elasticsearch_username="a",
        elasticsearch_password="b",
    )
    assert away.exit_code == 3
    assert "does not answer" in away.stderr


@pytest.mark.parametrize("command", [("elasticsearch-key", "search", "books"), ("api", "serve")])
def test_wrong_settings_are_wrong_use(command: tuple[str, ...]) -> None:
    wrong = rowtide(*command, elasticsearch_url="somewhere", api_port="0")
    assert wrong.exit_code == 2


def admin_of(stack: Stack) -> dict[str, str]:
    return {
        "elasticsearch_url": stack.addresses.elasticsearch_url,
        "elasticsearch_username": stack.addresses.elasticsearch_username,
        "elasticsearch_password": stack.addresses.elasticsearch_password,
    }
