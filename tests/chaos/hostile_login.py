"""A login without a single grant that attacks a running pipeline all the while: with messages in the WAL, and with
requests to the worker's endpoint. It may also read the topic, so that it can emit copies of genuine messages."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import httpx
import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from cdc.log.control import SnapshotMessage
from cdc.log.envelope import LogicalMessage
from cdc.log.heartbeat import SYSTEM_QUERY, Heartbeat
from cdc.log.names import CONTROL_PREFIXES, HEARTBEAT_PREFIX, MARKER_PREFIX, SNAPSHOT_PREFIX, slot_name
from cdc.log.signature import ControlKey
from rowtide.local_pipeline import database

ROLE = "stranger"
BETWEEN_SECONDS = 0.1
LARGE_BYTES = 17 * 1024 * 1024
"""More than the connector's producer accepts."""
COPIES = 200
"""Genuine messages that are kept to be emitted again, old and new ones."""
READ_EVERY = 100
"""Attacks between two looks into the topic."""
REFUSALS = (401, 403, 413, 421)
_WRONG_KEY = ControlKey("0" * 64)
_SHOWN = 20

ReadTopic = Callable[[], list[LogicalMessage]]
"""The newest messages of the topic; empty while Kafka does not answer."""


class Attack(NamedTuple):
    """A message to emit."""

    kind: str
    prefix: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """What any login can learn: the slot, the database's system identifier, and where its WAL is."""

    slot: str
    system: str
    lsn: int


def attack(random: Random, target: Target, copies: list[LogicalMessage]) -> Attack:
    """The next message. Pure."""
    (make,) = random.choices((_forged, _malformed, _oversized, _replayed, _marker), (40, 25, 1, 25, 10))
    return make(random, target, copies)


def _forged(random: Random, target: Target, _copies: list[LogicalMessage]) -> Attack:
    """All that a message of the pipeline has, except for the signature."""
    far = target.lsn + random.choice((0, 1, -(10**6), 2**40))
    messages: tuple[tuple[str, Any], ...] = (
        (HEARTBEAT_PREFIX, Heartbeat(target.system, random.choice((1, 99)), target.slot, 2**52, {}, target.lsn)),
        (HEARTBEAT_PREFIX, Heartbeat("1", 1, target.slot, 5, {"public.orders": "0"}, target.lsn)),
        (SNAPSHOT_PREFIX, SnapshotMessage(target.slot, max(0, far), target.lsn)),
    )
    prefix, content = random.choice(messages)
    body = msgspec.json.encode(content)
    signature = random.choice((b"", b"0" * 64 + b" ", _WRONG_KEY.sign(prefix, b"")))
    return Attack("forged", prefix, random.choice((signature + body, _WRONG_KEY.sign(prefix, body))))


def _malformed(random: Random, _target: Target, _copies: list[LogicalMessage]) -> Attack:
    content = random.choice(
        (b"", b"x", b"garbage", b"99999999999", b"{}", b"[" * 100_000, random.randbytes(200), b"\xff" * 5_000_000)
    )
    return Attack("malformed", random.choice((*CONTROL_PREFIXES, "rowtide-x", "")), content)


def _oversized(random: Random, _target: Target, _copies: list[LogicalMessage]) -> Attack:
    return Attack("oversized", random.choice((*CONTROL_PREFIXES, "rowtide-x")), b"x" * LARGE_BYTES)


def _replayed(random: Random, target: Target, copies: list[LogicalMessage]) -> Attack:
    if not copies:
        return _forged(random, target, copies)
    copy = random.choice(copies)
    return Attack("replayed", copy.prefix, copy.content or b"")


def _marker(random: Random, _target: Target, _copies: list[LogicalMessage]) -> Attack:
    return Attack("marker", MARKER_PREFIX, random.choice((b"", b"99999999999999")))


class HostileLogin:
    """Emits and sends until it is stopped. `counts` are by kind; `accepted` are requests that were not refused."""

    def __init__(self, admin_dsn: str, dsn: str, pipeline: str, worker_url: str, seed: int, read: ReadTopic) -> None:
        """`admin_dsn` is for the role, `dsn` has the pipeline's database."""
        self._admin_dsn = admin_dsn
        self._dsn = make_conninfo(dsn, user=ROLE, password=ROLE)
        self._slot = slot_name(pipeline)
        self._http = httpx.Client(base_url=worker_url, timeout=10.0, trust_env=False)
        self._random = Random(f"chaos-hostile-{seed}")
        self._read = read
        self._copies: list[LogicalMessage] = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._emit, self._request)]
        self.counts: Counter[str] = Counter()
        self.accepted: list[str] = []
        self.fault = ""

    def start(self) -> None:
        """Create the role, and begin."""
        with database(self._admin_dsn) as connection:
            connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(ROLE), ROLE))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the attacks under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60.0)
        self._http.close()

    def _emit(self) -> None:
        try:
            while not self._stopping.is_set():
                with suppress(psycopg.OperationalError):
                    self._connected()
                self._stopping.wait(0.5)
        except Exception as error:  # noqa: BLE001 An attacker that does not attack proves nothing: reported at the end of the run.
            self.fault = f"hostile login: {type(error).__name__}: {error}"

    def _connected(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            while not self._stopping.is_set():
                if self.counts.total() % READ_EVERY == 0 or not self._copies:
                    self._copies = [*self._copies, *self._read()][-COPIES:]
                kind, prefix, content = attack(self._random, self._target(connection), self._copies)
                connection.execute(
                    "SELECT pg_logical_emit_message(%s, %s, %b)", (self._random.random() < 0.3, prefix, content)
                )
                self.counts[kind] += 1
                self._stopping.wait(BETWEEN_SECONDS)

    def _target(self, connection: psycopg.Connection[Any]) -> Target:
        row = connection.execute(f"SELECT ({SYSTEM_QUERY}), pg_current_wal_insert_lsn() - '0/0'".encode()).fetchone()
        assert row is not None
        return Target(self._slot, str(row[0]), int(row[1]))

    def _request(self) -> None:
        """Requests that would change something, each with something missing."""
        removal = {"document": "orders", "ids": ["1", "2"], "lsn": 0}
        requests: tuple[tuple[str, dict[str, str], Any], ...] = (
            ("/removals", {}, removal),
            ("/removals", {"authorization": "Bearer guess"}, removal),
            ("/removals", {"host": "evil.example"}, removal),
            ("/removals", {"origin": "http://evil.example"}, removal),
            ("/removals", {"authorization": "Bearer guess"}, {**removal, "ids": ["x" * 5_000_000]}),
            ("/repairs", {}, {"document": "orders", "ids": ["1"]}),
            ("/quarantine/retry", {}, {}),
        )
        while not self._stopping.wait(BETWEEN_SECONDS):
            path, headers, body = self._random.choice(requests)
            try:
                status = self._http.post(path, headers=headers, json=body).status_code
            except httpx.TransportError:
                self.counts["requests without an answer"] += 1
                continue
            self.counts["requests"] += 1
            if status not in REFUSALS and len(self.accepted) < _SHOWN:
                self.accepted.append(f"the worker answered an unauthenticated POST {path} with {status}")
