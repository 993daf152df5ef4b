"""The client of the sync worker's HTTP endpoint: its freshness, its metrics and its commands."""

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from connections.worker_token import TokenSource, no_token, signing
from read_model.freshness import Freshness, Origin

_STATUS_SECONDS = 5.0
_FRESHNESS_SECONDS = 10.0
_WORK_SECONDS = 600.0
"""How long re-reading rows and removing documents may take."""
_POLL_SECONDS = 0.02
_STARTING_POLL_SECONDS = 0.2

_freshness = msgspec.json.Decoder(Freshness)


class WorkerAccessError(Exception):
    """The worker cannot do what was requested. `exit_code` is what the command line returns for it."""

    exit_code = 1


class WorkerUrlError(WorkerAccessError):
    """ROWTIDE_WORKER_URL is not a URL."""

    exit_code = 2


class WorkerUnavailable(WorkerAccessError):
    """No worker answers."""

    exit_code = 3


class WorkerTokenRejected(WorkerAccessError):
    """The request has no token, or not the worker's."""

    exit_code = 2


class WorkerMismatch(WorkerAccessError):
    """The worker of another pipeline or database answers, or one that another worker has replaced."""

    exit_code = 2


class WorkerNotListening(WorkerUnavailable):
    """Nothing listens at the URL; the worker may be about to start."""


class RowsReread(NamedTuple):
    """What a re-read did: the rows read, those of them that differed from the row store's, and the position (LSN) at
    which all of it is searchable."""

    lsn: int
    rows: int
    changed: int


class WorkerClient:
    """One worker's endpoint. Safe to construct before the worker runs; close it, or use it as a context manager.

    `report` receives a sentence, once a wait, when the client waits for a worker that does not answer yet. `token`
    returns the worker's token: without one, the client can only read. Whatever reads or needs the freshness raises
    WorkerMismatch when the worker is not one of `origin`; None accepts any."""

    def __init__(
        self,
        url: str,
        report: Callable[[str], None] = lambda _: None,
        token: TokenSource = no_token,
        origin: Origin | None = None,
    ) -> None:
        self._url = url
        self._origin = origin
        self._checked = origin is None
        self._report = report
        self._http = httpx.Client(base_url=url, timeout=_FRESHNESS_SECONDS, trust_env=False, auth=signing(token))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def freshness(self) -> Freshness | None:
        """The current freshness; None while no worker answers."""
        return self._freshness("/freshness")

    def next_freshness(self, known: Freshness, seconds: float = 2.0) -> Freshness | None:
        """The freshness as soon as it is beyond `known`, or after `seconds`; None while no worker answers.

        The worker hurries for a reader that waits."""
        return self._freshness(f"/freshness?beyond={known.epoch}:{known.searchable}&wait={seconds}")

    def metrics(self) -> dict[str, float]:
        """The worker's metrics by name, those without labels; empty while no worker answers."""
        response = self._get("/metrics")
        return read_metrics(response.text) if response else {}

    def require_freshness(self) -> Freshness:
        """The current freshness. Raises WorkerUnavailable, or WorkerUrlError."""
        try:
            response = self._http.get("/freshness")
            self._check_token(response)
            response.raise_for_status()
            return self._of_origin(_freshness.decode(response.content))
        except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
            raise WorkerUnavailable(
                f"The server at {self._url} is not a Rowtide worker. Correct ROWTIDE_WORKER_URL."
            ) from error
        except httpx.UnsupportedProtocol as error:
            raise WorkerUrlError(
                f"ROWTIDE_WORKER_URL {self._url} is not a valid URL. Write http://host:port."
            ) from error
        except httpx.TransportError as error:
            raise WorkerNotListening(self._no_answer()) from error

    def wait_until_started(self, seconds: float) -> Freshness:
        """The freshness of a worker that has `seconds` to start. Raises WorkerUnavailable when it does not."""
        return self._freshness_before(monotonic() + seconds, seconds)

    def wait_until_searchable(self, lsn: int, seconds: float) -> Freshness:
        """Return when everything up to `lsn` is searchable. Raises WorkerAccessError when that takes more than
        `seconds`.

        A worker that does not listen yet has the same time to start; raises WorkerUnavailable when it does not."""
        deadline = monotonic() + seconds
        pause = threading.Event()
        while True:
            fresh = self._freshness_before(deadline, seconds)
            if fresh.searchable >= lsn:
                return fresh
            if monotonic() > deadline:
                raise WorkerAccessError(
                    f"The documents did not catch up within {seconds:.0f} s: the worker is {fresh.state},"
                    f" {lsn - fresh.searchable:,} bytes of WAL behind, with {fresh.pending:,} documents pending."
                )
            pause.wait(_POLL_SECONDS)

    def retry(self, document: str | None, id_: str | None) -> int:
        """Have quarantined documents built again: all, those of one kind, or one. Returns how many."""
        return int(self._post("/quarantine/retry", {"document": document, "id": id_})["retried"])

    def reread(self, document: str, ids: Sequence[str]) -> RowsReread:
        """Have the rows of these documents read again; returns when the row store has them."""
        answer = self._post("/repairs", {"document": document, "ids": ids})
        return RowsReread(answer["lsn"], answer["rows"], answer["changed"])

    def remove(self, document: str, ids: Sequence[str], lsn: int) -> None:
        """Have documents deleted that the source did not have at `lsn`."""
        self._post("/removals", {"document": document, "ids": ids, "lsn": lsn})

    def _freshness(self, path: str) -> Freshness | None:
        response = self._get(path)
        return self._of_origin(_freshness.decode(response.content)) if response else None

    def _of_origin(self, fresh: Freshness) -> Freshness:
        """The freshness, if it is about the documents that the client is about."""
        if self._origin is not None:
            require_origin(self._url, fresh, self._origin)
        self._checked = True
        return fresh

    def _get(self, path: str) -> httpx.Response | None:
        try:
            response = self._http.get(path, timeout=_STATUS_SECONDS)
        except httpx.TransportError:
            return None
        return response if response.is_success else None

    def _freshness_before(self, deadline: float, seconds: float) -> Freshness:
        pause = threading.Event()
        reported = False
        while True:
            try:
                return self.require_freshness()
            except WorkerNotListening:
                if monotonic() > deadline:
                    raise
            if not reported:
                self._report(
                    f"The worker at {self._url} does not answer yet; waiting up to {seconds:.0f} s for it to start."
                )
                reported = True
            pause.wait(_STARTING_POLL_SECONDS)

    def _post(self, path: str, body: object) -> dict[str, Any]:
        if not self._checked:
            self.require_freshness()
        try:
            response = self._http.post(path, json=body, timeout=_WORK_SECONDS)
        except httpx.HTTPError as error:
            raise WorkerUnavailable(self._no_answer()) from error
        self._check_token(response)
        if response.is_error:
            raise WorkerAccessError(f"The worker at {self._url} rejected the request. {_detail(response)}")
        return dict(response.json()) if response.content else {}

    def _check_token(self, response: httpx.Response) -> None:
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise WorkerTokenRejected(
                f"The worker at {self._url} rejects the request without its token. Run the command as the worker's user"
                " and with its ROWTIDE_WORKER_STORE, or set ROWTIDE_WORKER_TOKEN_FILE to a copy of its worker.token."
            )

    def _no_answer(self) -> str:
        return f"The worker at {self._url} does not answer. Start it (rowtide worker) or correct ROWTIDE_WORKER_URL."


def require_origin(url: str, fresh: Freshness, origin: Origin) -> None:
    """Raise WorkerMismatch when this is not the freshness of a worker of this origin."""
    if fresh.origin.contradicts(origin):
        raise WorkerMismatch(
            f"The worker at {url} is that of {fresh.origin}, not of {origin}. Correct ROWTIDE_WORKER_URL (or"
            " --worker-url), or ROWTIDE_SPEC and ROWTIDE_POSTGRES_DSN."
        )


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"It answered with status {response.status_code}."


def read_metrics(text: str) -> dict[str, float]:
    """Read the metrics without labels from Prometheus' text format."""
    metrics = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value and not line.startswith("#") and "{" not in name:
            metrics[name] = float(value)
    return metrics
