"""The worker's HTTP endpoint. It reads what the loop publishes, and hands commands to the loop."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel

from http_server.client_network import Proxies
from http_server.open_connections import ConnectionLimits
from http_server.server import http_server
from sync_worker.errors import InvalidRequest, ServiceMissing, SettingsError, WorkerError, describe
from sync_worker.http.request_guard import EndpointAccess, RequestGuard, has_token
from sync_worker.loop.publisher import FreshnessFeed
from sync_worker.resync.row_repair import RepairOutcome, RepairRequest
from sync_worker.store.quarantine import Retry

ANSWER_SECONDS = 30.0
"""Seconds until a command times out. The loop does one thing at a time."""
REREAD_SECONDS = 300.0
"""Seconds until a repair times out. It waits until the log has caught up with the rows that were read."""
MOST_WAITING = 16
"""Requests that may wait for news at the same time; others are answered at once. Each holds one of the endpoint's 40
threads."""
MOST_WAITING_OPENLY = 12
"""Those without the token may take so many of these places, so that a search API with the token finds one."""


T = TypeVar("T")


class RepairBody(BaseModel):
    """The documents to repair: their kind and their ids."""

    document: str
    ids: list[str]


class RemovalBody(RepairBody):
    """Documents that the source did not have at `lsn`."""

    lsn: int


class RetryBody(BaseModel):
    """The quarantined documents to retry: of one kind or of all kinds, one id or all ids."""

    document: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """What the endpoint may have the loop do. All of it is safe to call from any thread."""

    refresh: Callable[[], None]
    retry: Callable[[Retry], None]
    reread: Callable[[RepairRequest], "Future[RepairOutcome]"]
    remove: Callable[[str, list[str], int], None]


def endpoint(feed: FreshnessFeed, commands: Commands, registry: CollectorRegistry, access: EndpointAccess) -> FastAPI:
    """The application. It reads what the loop publishes, and hands commands to the loop, which fulfils them in its
    turn. Requests that change something need the token of `access`."""
    app = FastAPI(title="Rowtide sync worker", docs_url=None, redoc_url=None)
    app.add_middleware(RequestGuard, access=access)
    places = _WaitingPlaces()

    @app.get("/freshness")
    def read_freshness(
        request: Request,
        beyond: Annotated[str, Query(max_length=64)] = "",
        wait: Annotated[float, Query(ge=0, le=30)] = 0,
    ) -> dict[str, object]:
        """The freshness. With `wait` (seconds), once it is no longer at `beyond` (`epoch:searchable`); that
        requests a refresh. How often the worker refreshes for readers is up to its policy."""
        if wait and feed.is_at(beyond):
            commands.refresh()
            places.use(lambda: feed.beyond(beyond, wait), openly=not has_token(request))
        return asdict(feed.now)

    @app.get("/health")
    def read_health(response: Response) -> dict[str, object]:
        fresh = feed.now
        if fresh.state == "stopped":
            response.status_code = 503
        return {"state": fresh.state, "reason": fresh.reason}

    @app.post("/refresh", status_code=202)
    def request_refresh() -> None:
        commands.refresh()

    @app.get("/metrics")
    def read_metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app.include_router(_repair_routes(commands))
    return app


class _WaitingPlaces:
    """The places of requests that wait for news."""

    def __init__(self) -> None:
        self._all = threading.BoundedSemaphore(MOST_WAITING)
        self._open = threading.BoundedSemaphore(MOST_WAITING_OPENLY)

    def use(self, wait: Callable[[], object], *, openly: bool) -> None:
        """Wait in a place; do not wait if none is free. `openly`: the request has no token."""
        with ExitStack() as held:
            for places in (self._open, self._all) if openly else (self._all,):
                if not places.acquire(blocking=False):
                    return
                held.callback(places.release)
            wait()


def _repair_routes(commands: Commands) -> APIRouter:
    """The routes that correct documents."""
    router = APIRouter()

    @router.post("/quarantine/retry")
    def retry_quarantined(body: RetryBody) -> dict[str, int]:
        """Build quarantined documents again. Answers with their number once they are pending."""
        retry = Retry(body.document, body.id)
        commands.retry(retry)
        return {"retried": _answer(retry.count, ANSWER_SECONDS)}

    @router.post("/repairs")
    def repair(body: RepairBody) -> dict[str, int]:
        """Re-read the rows of documents from the source. Answers once the row store has them: they are searchable
        at `lsn`."""
        return asdict(_answer(commands.reread(RepairRequest({body.document: body.ids})), REREAD_SECONDS))

    @router.post("/removals", status_code=204)
    def remove(body: RemovalBody) -> None:
        """Delete documents that the source does not have. Answers once a search no longer finds them."""
        try:
            commands.remove(body.document, body.ids, body.lsn)
        except InvalidRequest as error:
            raise HTTPException(422, describe(error)) from error
        except WorkerError as error:
            raise HTTPException(409, describe(error)) from error

    return router


def _answer(future: "Future[T]", seconds: float) -> T:
    try:
        return future.result(seconds)
    except TimeoutError as error:
        raise HTTPException(503, f"The worker did not handle the request within {seconds:.0f} s. Try again.") from error
    except ServiceMissing as error:
        raise HTTPException(503, describe(error)) from error
    except WorkerError as error:
        raise HTTPException(409, describe(error)) from error


class EndpointThread:
    """Serves the endpoint in its own thread."""

    def __init__(self, app: FastAPI, host: str, port: int, limits: ConnectionLimits) -> None:
        self._server = http_server(app, limits, Proxies(), log_level="warning")
        self._host, self._port = host, port
        self._thread = threading.Thread(target=self._serve, name="endpoint", daemon=True)

    def start(self) -> None:
        """Listen. Raises SettingsError when the address cannot be used."""
        self._listener = listening(self._host, self._port)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; waits for up to 5 seconds."""
        self._server.should_exit = True
        self._thread.join(5)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])


def listening(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError when the address is not local, or the port is in use."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop the program that listens there, or set"
            " ROWTIDE_WORKER_HOST and ROWTIDE_WORKER_PORT."
        ) from error
