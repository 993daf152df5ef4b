"""The token of the worker's endpoint: who creates it, who reads it, and what a client reports without it."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from connections.worker import WorkerClient, WorkerTokenRejected
from connections.worker_token import WorkerSettingsError, WorkerStoreSettings, WorkerTokenSettings
from tests.support.fakes.background_server import in_background


@contextmanager
def closed_worker(token: Callable[[], str]) -> Iterator[str]:
    """A worker that answers only with the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401 if self.headers["authorization"] != f"Bearer {token()}" else 204)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with in_background(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def test_the_worker_creates_the_file_that_commands_find_by_its_store(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        token = WorkerStoreSettings(worker_store=tmp_path).create_token()
    finally:
        os.umask(before)
    file = tmp_path / "worker.token"
    assert [path.name for path in tmp_path.iterdir()] == ["worker.token"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(token) >= 43
    assert WorkerStoreSettings(worker_store=tmp_path).token() == token
    assert WorkerTokenSettings(worker_token_file=file).token() == token
    file.chmod(0o644)
    assert WorkerStoreSettings(worker_store=tmp_path).create_token() == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_two_stores_have_one_token(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    tokens = {WorkerStoreSettings(worker_store=folder).create_token() for folder in (tmp_path, tmp_path / "other")}
    assert len(tokens) == 2


def test_a_token_of_a_setting_needs_no_file(tmp_path: Path) -> None:
    settings = WorkerStoreSettings(worker_store=tmp_path, worker_token="a-token-of-our-own")
    assert settings.create_token() == settings.token() == "a-token-of-our-own"
    assert list(tmp_path.iterdir()) == []
    assert "a-token-of-our-own" not in repr(settings)


def test_a_token_that_can_be_guessed_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWTIDE_WORKER_TOKEN", "short-canary")
    with pytest.raises(WorkerSettingsError, match="ROWTIDE_WORKER_TOKEN") as raised:
        WorkerStoreSettings.read()
    assert "canary" not in str(raised.value)


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "worker.token").touch()
    with pytest.raises(PermissionError, match="contains no token"):
        WorkerStoreSettings(worker_store=tmp_path).create_token()


def test_the_search_api_has_no_token_unless_one_is_set() -> None:
    assert WorkerTokenSettings().token() == ""


def test_a_client_sends_the_token_as_soon_as_there_is_one(tmp_path: Path) -> None:
    settings = WorkerStoreSettings(worker_store=tmp_path)
    with closed_worker(settings.token) as url, closing(WorkerClient(url, token=settings.token)) as client:
        with pytest.raises(WorkerTokenRejected, match="ROWTIDE_WORKER_TOKEN_FILE") as raised:
            client.remove("orders", ["1"], 7)
        assert raised.value.exit_code == 2
        with pytest.raises(WorkerTokenRejected):
            client.require_freshness()
        settings.create_token()
        client.remove("orders", ["1"], 7)


def test_a_client_without_a_token_is_told_what_to_do(tmp_path: Path) -> None:
    token = WorkerStoreSettings(worker_store=tmp_path).create_token()
    with closed_worker(lambda: token) as url, closing(WorkerClient(url)) as client:
        with pytest.raises(WorkerTokenRejected, match="as the worker's user"):
            client.retry(None, None)
        assert client.freshness() is None
