"""`rowtide api keys …` and `rowtide api audit`: what operators see, and their exit codes."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from infra.native.ports import free_ports
from rowtide.commands.api import register
from search_api.access.api_keys import ApiKeys
from search_api.access.audit import Audit
from search_api.access.callers import Caller
from search_api.access.state import State
from search_api.errors import InvalidApiKey
from tests.support.servers.search_api import Library


class Operator:
    """Runs `rowtide api` with its own state file."""

    def __init__(self, library: Library, folder: Path) -> None:
        self.path = folder / "state.db"
        self.environment = {
            "ROWTIDE_ELASTICSEARCH_URL": library.url,
            "ROWTIDE_ELASTICSEARCH_API_KEY": library.key,
            "ROWTIDE_API_STATE": str(self.path),
        }

    def run(self, *words: str, **environment: str) -> Result:
        """Run a command, as on a terminal that is wide enough."""
        app = typer.Typer()
        register(app)
        return CliRunner().invoke(app, ["api", *words], env={**self.environment, "COLUMNS": "240", **environment})

    def create_key(self, *words: str) -> tuple[str, str]:
        """The id and the text of a new key."""
        result = self.run("keys", "create", *words)
        assert result.exit_code == 0, result.output
        text = result.stdout.strip()
        assert "shown only this once" in result.stderr
        assert text not in result.stderr
        return text.split("_")[1], text


@pytest.fixture
def operator(library: Library, tmp_path: Path) -> Operator:
    return Operator(library, tmp_path)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_key_is_made_listed_shown_and_revoked(operator: Operator) -> None:
    plain, _ = operator.create_key("everything")
    words = ("--index", "books", "--scope", "search", "--filter", "genre:novel", "--unmask", "*", "--days", "9")
    tenant, text = operator.create_key("novels", *words)
    with closing(State(operator.path)) as state:
        caller = ApiKeys(state).check(text).caller
    assert caller == Caller(
        tenant,
        frozenset({"search"}),
        frozenset({"books"}),
        ("genre:novel",),
        frozenset({"*"}),
        "novels",
    )
    listed = rows(operator.run("keys", "list", "-o", "json"))
    assert {key["id"]: (key["name"], key["indexes"]) for key in listed} == {
        plain: ("everything", ["*"]),
        tenant: ("novels", ["books"]),
    }
    assert "export" not in next(key for key in listed if key["id"] == plain)["scopes"]
    (shown,) = rows(operator.run("keys", "show", tenant))
    assert (shown["filters"], shown["expires_ms"] > shown["created_ms"]) == (["genre:novel"], True)
    table = operator.run("keys", "list").stdout
    assert all(word in table for word in (plain, tenant, "novels", "genre:novel", "active", "never"))
    assert operator.run("keys", "revoke", tenant).exit_code == 0
    assert "revoked" in operator.run("keys", "list").stdout
    with closing(State(operator.path)) as state, pytest.raises(InvalidApiKey):
        ApiKeys(state).check(text)
    for result in (operator.run("keys", "list"), operator.run("keys", "show", tenant)):
        assert text.rpartition("_")[2] not in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scope", "admin"), "Unknown scope"),
        (("--index", "secrets"), "There is no index 'secrets'"),
        (("--index", "books", "--filter", "nothing:1"), "does not fit the index 'books'"),
        (("--index", "books", "--unmask", "shoe size"), "of the kind 'shoe size'"),
        (("--days", "0"), "--days"),
    ],
)
def test_a_key_that_would_not_work_is_not_made(operator: Operator, words: tuple[str, ...], message: str) -> None:
    refused = operator.run("keys", "create", "wrong", *words)
    assert (refused.exit_code, message in refused.stderr) == (2, True), refused.stderr
    assert rows(operator.run("keys", "list", "-o", "json")) == []


def test_what_stands_in_the_way_has_its_exit_code(operator: Operator, tmp_path: Path) -> None:
    for command in ("show", "revoke"):
        unknown = operator.run("keys", command, "0" * 12)
        assert (unknown.exit_code, "rowtide api keys list" in unknown.stderr) == (1, True)
    nowhere = {"ROWTIDE_ELASTICSEARCH_URL": f"http://127.0.0.1:{free_ports()['elasticsearch_port']}"}
    away = operator.run("keys", "create", "a", "--index", "books", **nowhere)
    assert (away.exit_code, "ROWTIDE_ELASTICSEARCH_URL" in away.stderr) == (3, True)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database at all" * 100)
    for words in (["keys", "list"], ["audit"]):
        broken = operator.run(*words, ROWTIDE_API_STATE=str(damaged))
        assert (broken.exit_code, "ROWTIDE_API_STATE" in broken.stderr) == (2, True)
    assert operator.run("keys", "create", "a", ROWTIDE_ELASTICSEARCH_URL="somewhere").exit_code == 2


def test_the_audit_tells_who_exported_what(operator: Operator) -> None:
    key, _ = operator.create_key("sales")
    with closing(State(operator.path)) as state:
        audit = Audit(state)
        first = audit.begin(Caller(key), "10.0.0.1", "books", '{"q":"espresso"}', "csv")
        audit.end(first, 1234, "cut")
        audit.begin(Caller(), "10.0.0.2", "books", "{}", "ndjson")
    newest, older = rows(operator.run("audit", "-o", "json"))
    assert (newest["key_id"], newest["ended"], newest["rows"]) == ("", "running", None)
    assert (older["key_name"], older["rows"], older["ended"], older["address"]) == ("sales", 1234, "cut", "10.0.0.1")
    assert len(rows(operator.run("audit", "-o", "json", "--limit", "1"))) == 1
    table = operator.run("audit").stdout
    assert all(word in table for word in ("anybody", f"sales ({key})", "1234", "cut", "espresso"))
