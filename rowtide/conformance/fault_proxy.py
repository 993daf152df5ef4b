"""A proxy in front of Elasticsearch that refuses, cuts and loses, as networks and busy servers do."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from infra.native.ports import LOOPBACK

Trouble = Literal["refuse", "refuse-some", "cut", "lose"]
Mode = Literal["pass"] | Trouble
EVERY_REFUSED = 3
"""Of the documents of a bulk, every third is refused in the mode `refuse-some`."""
_DROPPED = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding", "content-encoding"}
_REFUSAL = {
    "error": {"type": "es_rejected_execution_exception", "reason": "rejected by the chaos suite"},
    "status": 429,
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


def thinned(body: bytes) -> tuple[bytes, list[bytes | None]]:
    """Take documents out of a bulk's body. The list has an entry an item: None when it stays, else its action's line."""
    kept: list[bytes] = []
    fates: list[bytes | None] = []
    lines = iter(body.splitlines(keepends=True))
    for action in lines:
        item = [action] if action.startswith(b'{"delete"') else [action, next(lines, b"")]
        refused = len(fates) % EVERY_REFUSED == EVERY_REFUSED - 1
        fates.append(action if refused else None)
        kept += [] if refused else item
    return b"".join(kept), fates


def merged(answer: dict[str, Any], fates: list[bytes | None]) -> dict[str, Any]:
    """Put refusals where documents were taken out, among what became of the others."""
    if not answer.get("items") and not answer.get("errors"):
        answer = {**answer, "items": [{"index": {"status": 200}} for fate in fates if fate is None]}
    others = iter(answer.get("items", []))
    items = [next(others, {}) if fate is None else _refused(fate) for fate in fates]
    return {**answer, "errors": bool(answer.get("errors")) or any(fate is not None for fate in fates), "items": items}


def _refused(action: bytes) -> dict[str, Any]:
    ((name, target),) = json.loads(action).items()
    return {name: {"_id": target.get("_id", ""), **_REFUSAL}}


class Wire:
    """Listens on a port of its own, in a thread of its own. `put` changes the mode and cuts what is connected."""

    def __init__(self, upstream: str, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._upstream = upstream
        self._mode: Mode = "pass"
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self.hits = 0
        """Requests and connections that were treated badly."""

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._ready.wait(10.0)

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)

    def put(self, mode: Mode) -> None:
        """From now on, treat requests in this way."""
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

    async def _answer(self, request: Request) -> Answer | None:
        ways: dict[Mode, Callable[[Request], Awaitable[Answer | None]]] = {
            "refuse": self._refuse,
            "refuse-some": self._refuse_some,
            "lose": self._lose,
        }
        return await ways.get(self._mode, self._forward)(request)

    async def _forward(self, request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in _DROPPED}
        answer = await self._client.request(request.method, request.path, headers=headers, content=request.body)
        kept = {name: value for name, value in answer.headers.items() if name not in _DROPPED}
        return Answer(answer.status_code, kept, answer.content)

    async def _refuse(self, _request: Request) -> Answer:
        self.hits += 1
        headers = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
        return Answer(429, headers, json.dumps(_REFUSAL).encode())

    async def _refuse_some(self, request: Request) -> Answer:
        if "/_bulk" not in request.path:
            return await self._forward(request)
        self.hits += 1
        body, fates = thinned(request.body)
        if not body:
            return await self._refuse(request)
        answer = await self._forward(Request(request.method, request.path, request.headers, body))
        if answer.status != httpx.codes.OK:
            return answer
        return Answer(answer.status, answer.headers, json.dumps(merged(json.loads(answer.body), fates)).encode())

    async def _lose(self, request: Request) -> Answer | None:
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


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in answer.headers.items())]
    lines.append(f"content-length: {len(answer.body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
    await writer.drain()
