"""A proxy in front of Elasticsearch that rejects requests, cuts connections and loses responses."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from infra.native.ports import LOOPBACK

NetworkFault = Literal["refuse", "refuse-some", "cut", "lose"]
Mode = Literal["pass"] | NetworkFault
REJECTED_EVERY = 3
"""In the mode `refuse-some`, one in this many documents of a bulk request is rejected."""
_HOP_HEADERS = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding", "content-encoding"}
_REJECTION = {
    "error": {"type": "es_rejected_execution_exception", "reason": "rejected by the chaos suite"},
    "status": 429,
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


def drop_documents(body: bytes) -> tuple[bytes, list[bytes | None]]:
    """Remove documents from the body of a bulk request.

    The list has an entry for each item: None if it remains, or the line of its action if it was removed.
    """
    remaining: list[bytes] = []
    fates: list[bytes | None] = []
    lines = iter(body.splitlines(keepends=True))
    for action in lines:
        item = [action] if action.startswith(b'{"delete"') else [action, next(lines, b"")]
        dropped = len(fates) % REJECTED_EVERY == REJECTED_EVERY - 1
        fates.append(action if dropped else None)
        remaining += [] if dropped else item
    return b"".join(remaining), fates


def merge_rejections(answer: dict[str, Any], fates: list[bytes | None]) -> dict[str, Any]:
    """Insert a rejection for each removed document into the response to the others."""
    if not answer.get("items") and not answer.get("errors"):
        answer = {**answer, "items": [{"index": {"status": 200}} for fate in fates if fate is None]}
    others = iter(answer.get("items", []))
    items = [next(others, {}) if fate is None else _rejection(fate) for fate in fates]
    return {**answer, "errors": bool(answer.get("errors")) or any(fate is not None for fate in fates), "items": items}


def _rejection(action: bytes) -> dict[str, Any]:
    ((name, target),) = json.loads(action).items()
    return {name: {"_id": target.get("_id", ""), **_REJECTION}}


class FaultProxy:
    """Listens on its own port in its own thread. `set_mode` also cuts the open connections."""

    def __init__(self, upstream: str, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._upstream = upstream
        self._mode: Mode = "pass"
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self.hits = 0
        """Requests and connections that met a fault."""

    def start(self) -> None:
        """Start to listen."""
        self._thread.start()
        self._ready.wait(10.0)

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)

    def set_mode(self, mode: Mode) -> None:
        """Handle requests in this mode from now on."""
        self._loop.call_soon_threadsafe(self._change, mode)

    def _change(self, mode: Mode) -> None:
        self._mode = mode
        for writer in self._writers:
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._client = httpx.AsyncClient(base_url=self._upstream, timeout=120.0, trust_env=False)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, LOOPBACK, self._port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._client.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, httpx.TransportError, httpx.StreamError):
                self.hits += self._mode == "cut"
                while self._mode != "cut" and (request := await _read(reader)):
                    answer = await self._answer(request)
                    if answer is None:
                        break
                    await _write(writer, answer)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, request: Request) -> Response | None:
        handlers: dict[Mode, Callable[[Request], Awaitable[Response | None]]] = {
            "refuse": self._refuse,
            "refuse-some": self._refuse_some,
            "lose": self._lose,
        }
        return await handlers.get(self._mode, self._forward)(request)

    async def _forward(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_HEADERS}
        answer = await self._client.request(request.method, request.path, headers=headers, content=request.body)
        returned = {name: value for name, value in answer.headers.items() if name not in _HOP_HEADERS}
        return Response(answer.status_code, returned, answer.content)

    async def _refuse(self, _request: Request) -> Response:
        self.hits += 1
        headers = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
        return Response(429, headers, json.dumps(_REJECTION).encode())

    async def _refuse_some(self, request: Request) -> Response:
        if "/_bulk" not in request.path:
            return await self._forward(request)
        self.hits += 1
        body, fates = drop_documents(request.body)
        if not body:
            return await self._refuse(request)
        answer = await self._forward(Request(request.method, request.path, request.headers, body))
        if answer.status != httpx.codes.OK:
            return answer
        return Response(
            answer.status, answer.headers, json.dumps(merge_rejections(json.loads(answer.body), fates)).encode()
        )

    async def _lose(self, request: Request) -> Response | None:
        self.hits += 1
        await self._forward(request)
        return None


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _write(writer: asyncio.StreamWriter, answer: Response) -> None:
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in answer.headers.items())]
    lines.append(f"content-length: {len(answer.body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
    await writer.drain()
