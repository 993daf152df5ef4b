"""A whole pipeline for a test: the real programs as processes, on the servers of the stack."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

import httpx
import msgspec
import psycopg

from cdc.log.lsn import Lsn
from connections.wait import wait_until
from connections.worker import read_metrics
from connections.worker_token import TOKEN_FILE
from infra.native.ports import free_port
from read_model.freshness import Freshness
from tests.support.paths import CHECKOUT
from tests.support.servers.services import Place

ROWTIDE = [sys.executable, "-m", "rowtide"]


class Pipeline:
    """Init, connector, worker. Every process is ended by its id when the context is left."""

    def __init__(self, place: Place, spec: Path, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.spec = folder / "spec.yaml"
        self.spec.write_text(own_names(spec.read_text(encoding="utf-8"), place.pipeline), encoding="utf-8")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            **place.environment,
            "ROWTIDE_SPEC": str(self.spec),
            "ROWTIDE_SECRETS_DIR": str(folder / "secrets"),
            "ROWTIDE_WORKER_STORE": str(folder / "store"),
            "ROWTIDE_WORKER_PORT": str(self.port),
            "ROWTIDE_WORKER_URL": self.url,
        }
        self.worker: subprocess.Popen[bytes] | None = None
        self._log = (folder / "worker.log").open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.kill_worker()
        finally:
            self._log.close()

    def rowtide(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI to its end."""
        done = subprocess.run(
            [*ROWTIDE, *arguments],
            env=self.environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"rowtide {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self) -> None:
        """Prepare the source, apply the connector, start the worker."""
        self.rowtide("init")
        self.rowtide("connectors", "apply")
        self.start_worker()

    @property
    def row_store(self) -> Path:
        """The file of the worker's row store."""
        return self.folder / "store" / f"{self.place.pipeline}.sqlite"

    @property
    def signed(self) -> dict[str, str]:
        """The headers of a request with the worker's token."""
        return {"authorization": f"Bearer {(self.folder / 'store' / TOKEN_FILE).read_text().strip()}"}

    def start_worker(self, *options: str) -> None:
        """Start the worker's process."""
        self.worker = subprocess.Popen(
            [*ROWTIDE, "worker", *options],
            env=self.environment,
            cwd=CHECKOUT,
            stdout=self._log,
            stderr=self._log,
        )

    def kill_worker(self, number: signal.Signals = signal.SIGKILL) -> int | None:
        """Send a signal to the worker and wait for its end; gives its exit code."""
        if self.worker is None:
            return None
        self.worker.send_signal(number)
        code = self.worker.wait(30)
        self.worker = None
        return code

    def ended(self, seconds: float = 60) -> int:
        """Wait until the worker ends by itself; its exit code."""
        assert self.worker is not None
        code = self.worker.wait(seconds)
        self.worker = None
        return code

    def wait_log(self, words: str, seconds: float = 60) -> None:
        """Wait until the worker's log contains this text."""
        log = self.folder / "worker.log"
        assert wait_until(lambda: words in log.read_text(encoding="utf-8"), seconds, pause_seconds=0.1), self.log_tail()

    def freshness(self) -> Freshness | None:
        """The worker's freshness; None when it does not answer."""
        try:
            answer = httpx.get(f"{self.url}/freshness", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return None
        return msgspec.json.decode(answer.content, type=Freshness)

    def metric(self, name: str) -> float:
        """A metric of the worker."""
        return read_metrics(httpx.get(f"{self.url}/metrics", timeout=5, trust_env=False).text)[name]

    def wait_live(self, seconds: float = 120) -> Freshness:
        """Wait until the documents are loaded and up to date."""
        return self._wait(lambda fresh: fresh.state in ("live", "degraded"), seconds)

    def wait_state(self, state: str, seconds: float = 60) -> Freshness:
        """Wait until the worker reports this state."""
        return self._wait(lambda fresh: fresh.state == state, seconds)

    def wait_reason(self, reason: str, seconds: float = 60) -> Freshness:
        """Wait until the worker gives a reason with these words in it; with "", until it has none to give."""
        return self._wait(lambda fresh: reason in fresh.reason if reason else not fresh.reason, seconds)

    def wait_fresh(self, seconds: float = 180) -> Freshness:
        """Wait until everything committed so far is searchable."""
        with psycopg.connect(self.place.dsn, autocommit=True) as connection:
            row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        lsn = Lsn(int(row[0]))
        return self._wait(lambda fresh: fresh.searchable >= lsn and fresh.state in ("live", "degraded"), seconds)

    def wait_read(self, lsn: Lsn, seconds: float = 180) -> Freshness:
        """Wait until the worker has read the log up to there, whether it is searchable or not."""
        return self._wait(lambda fresh: fresh.watermark >= lsn, seconds)

    def _wait(self, done: Callable[[Freshness], bool], seconds: float) -> Freshness:
        deadline, pause, fresh = time.monotonic() + seconds, threading.Event(), None
        while time.monotonic() < deadline:
            fresh = self.freshness()
            if fresh is not None and done(fresh):
                return fresh
            if self.worker is not None and self.worker.poll() is not None:
                raise AssertionError(f"the worker ended with {self.worker.returncode}:\n{self.log_tail()}")
            pause.wait(0.05)
        raise AssertionError(f"not reached in {seconds} s: {fresh}\n{self.log_tail()}")

    def verify(self) -> dict[str, int]:
        """Compare all documents with the database; the number compared by document kind. Fails on any difference."""
        done = self.rowtide("verify", "--output", "json", check=False)
        assert done.returncode in (0, 1), done.stderr
        reports = msgspec.json.decode(done.stdout)["documents"]
        wrong = [report for report in reports if report["divergent"] or report["unsettled"]]
        assert not wrong, f"{wrong}\n{self.log_tail()}"
        return {report["document"].removeprefix(f"{self.place.pipeline}-"): report["compared"] for report in reports}

    def log_tail(self) -> str:
        """The end of the worker's log."""
        return (self.folder / "worker.log").read_text(encoding="utf-8")[-3000:]


Stage = Literal["spec", "source", "connector", "live"]
"""How far a pipeline is prepared: its spec is written, the source is initialized, the connector runs, documents are live."""


@contextmanager
def prepared_pipeline(
    place: Place, folder: Path, spec: str, schema: str = "", *, stage: Stage = "live", **worker_settings: str | int
) -> Iterator[Pipeline]:
    """Fill the database of `place` with `schema`, and prepare a pipeline up to `stage`.

    `worker_settings` are those of the worker: `lease_seconds=4` sets ROWTIDE_WORKER_LEASE_SECONDS.
    """
    execute(place, schema)
    (folder / "given.yaml").write_text(spec, encoding="utf-8")
    with Pipeline(place, folder / "given.yaml", folder) as pipeline:
        for name, value in worker_settings.items():
            pipeline.environment[f"ROWTIDE_WORKER_{name.upper()}"] = str(value)
        if stage != "spec":
            pipeline.rowtide("init")
        if stage in ("connector", "live"):
            pipeline.rowtide("connectors", "apply")
        if stage == "live":
            pipeline.start_worker()
            pipeline.wait_live()
        yield pipeline


def execute(place: Place, statements: str) -> None:
    """Run SQL in the database of `place`, as one transaction."""
    if statements:
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            connection.execute(statements)


def own_names(spec: str, pipeline: str) -> str:
    """The spec with its own pipeline name, and document names that no other test has."""
    spec = re.sub(r"(?m)^pipeline: .*$", f"pipeline: {pipeline}", spec)
    head, documents = re.split(r"(?m)^documents:\s*$", spec)
    return head + "documents:\n" + re.sub(r"(?m)^  (\w+):", rf"  {pipeline}-\1:", documents)
