"""`rowtide quarantine retry` waits for the documents that it retries."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from typer.testing import CliRunner

from cdc.log.lsn import Lsn
from rowtide.cli import app
from rowtide.commands import quarantine

END = Lsn(1000)
"""Where the source's WAL ends, and up to where the worker has read the log."""
SETTINGS = {
    "ROWTIDE_POSTGRES_DSN": "postgresql://reader@127.0.0.1:1/shop",
    "ROWTIDE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "ROWTIDE_ELASTICSEARCH_URL": "http://127.0.0.1:1",
    "ROWTIDE_SPEC": "none",
}


@dataclass
class WorkerDouble:
    """A worker that retries two documents. `awaited` are the positions that a client waits for."""

    awaited: list[Lsn] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait_until_started(self, seconds: float) -> None:
        """It runs."""

    def retry(self, document: str | None, id_: str | None) -> int:
        """They are pending from now on, with the position after the end."""
        return 2

    def wait_until_searchable(self, lsn: Lsn, seconds: float) -> None:
        """They are."""
        self.awaited.append(lsn)


def test_retried_documents_are_beyond_the_end_of_an_idle_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker = WorkerDouble()
    monkeypatch.setattr(quarantine, "WorkerClient", lambda *_: worker)
    monkeypatch.setattr(quarantine, "_require_own_worker", lambda *_: None)
    monkeypatch.setattr(quarantine, "source_lsn", lambda _: END)
    monkeypatch.setattr(quarantine, "_read", lambda *_: [])
    result = CliRunner().invoke(
        app(), ["quarantine", "retry"], env={**SETTINGS, "ROWTIDE_WORKER_STORE": str(tmp_path)}, catch_exceptions=False
    )
    assert (result.exit_code, worker.awaited) == (0, [END + 1])
    assert "2 retried, 0 still in quarantine." in result.stdout
