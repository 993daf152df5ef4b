"""Readers that continuously search for what must never be visible."""

import json
import threading
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import psycopg

from connections.worker import WorkerClient
from rowtide.local_pipeline import mark
from tests.chaos.invariants import contradictions

Hits = list[dict[str, Any]]
PROBES = 20
PROBE_SECONDS = 120.0
"""Seconds after which a probe that is not searchable is given up: it proves nothing about freshness."""
_PAGE = 150
_REST_SECONDS = 0.1
_SHOWN = 20


@dataclass(frozen=True)
class Access:
    """Where a reader searches, and as whom."""

    url: str
    login: tuple[str, str]


class Searcher:
    """Searches by alias; None while Elasticsearch cannot answer for every shard."""

    def __init__(self, access: Access) -> None:
        self._http = httpx.Client(base_url=access.url, auth=access.login, timeout=40.0, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def search(self, alias: str, body: dict[str, Any]) -> Hits | None:
        """The hits, their numbers exact."""
        try:
            answer = self._http.post(f"/{alias}/_search", json=body)
        except httpx.TransportError:
            return None
        if not answer.is_success:
            return None
        response = json.loads(answer.content, parse_float=Decimal)
        return None if response["_shards"]["failed"] or response["timed_out"] else response["hits"]["hits"]


def looks(random: Random) -> dict[str, dict[str, Any]]:
    """What the reader asks each alias for: the newest orders, any stretch of the boxes, all rooms."""
    start = f"{random.randrange(16**2):02x}"
    return {
        "orders": {"size": _PAGE, "sort": [{"updated_at": "desc"}]},
        "boxes": {"size": _PAGE, "sort": [{"code": "asc"}], "query": {"range": {"code": {"gte": start}}}},
        "rooms": {"size": _PAGE},
    }


class Reader:
    """Reads documents and holds each against itself. `seen` counts documents, `contradictions` tells what was wrong."""

    def __init__(self, access: Access, seed: int) -> None:
        self._searcher = Searcher(access)
        self._random = Random(f"chaos-reader-{seed}")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self.seen = 0
        self.searches: Counter[str] = Counter()
        self.half_seen = 0
        self.contradictions: list[str] = []
        self.fault = ""

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End after the search under way."""
        self._stopping.set()
        self._thread.join(60.0)
        self._searcher.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                for alias, body in looks(self._random).items():
                    self._look(alias, body)
                self._stopping.wait(_REST_SECONDS)
        except Exception as error:  # noqa: BLE001 A reader that cannot read proves nothing: reported at the end of the run.
            self.fault = f"{type(error).__name__}: {error}"

    def _look(self, alias: str, body: dict[str, Any]) -> None:
        hits = self._searcher.search(alias, {**body, "version": True})
        if hits is None:
            self.searches["unanswered"] += 1
            return
        self.searches["answered"] += 1
        for hit in hits:
            self.seen += 1
            if wrong := contradictions(alias, hit["_source"]):
                self.half_seen += 1
                if len(self.contradictions) < _SHOWN:
                    self.contradictions.append(f"{alias} {hit['_id']} at {hit['_version']}: {'; '.join(wrong)}")


@dataclass(frozen=True, slots=True)
class Probe:
    """A change that was committed before `lsn`; `value` is None when the row was deleted."""

    id: int
    value: int | None
    lsn: int


class Prober:
    """Commits a change, waits until the worker reports it as searchable, and searches immediately (invariant 6)."""

    def __init__(self, access: Access, dsn: str, worker_url: str, seed: int, place: int) -> None:
        """Probers of one run differ in `place`, and each changes its own rows."""
        self._searcher = Searcher(access)
        self._dsn = dsn
        self._worker = WorkerClient(worker_url)
        self._random = Random(f"chaos-prober-{seed}-{place}")
        self._ids = range(place * PROBES, (place + 1) * PROBES)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self._value = 0
        self.probes: Counter[str] = Counter()
        self.ahead: list[str] = []
        self.fault = ""

    def start(self) -> None:
        """Begin to probe."""
        self._thread.start()

    def stop(self) -> None:
        """End after the probe under way."""
        self._stopping.set()
        self._thread.join(90.0)
        self._searcher.close()
        self._worker.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.probes[self._probe()] += 1
        except Exception as error:  # noqa: BLE001 A prober that cannot probe proves nothing: reported at the end of the run.
            self.fault = f"{type(error).__name__}: {error}"

    def _probe(self) -> str:
        try:
            probe = self._commit()
        except psycopg.Error:
            self._stopping.wait(0.5)
            return "not committed"
        if not self._becomes_searchable(probe.lsn):
            return "not searchable in time"
        hits = None
        while hits is None and not self._stopping.is_set():
            hits = self._searcher.search("probes", {"query": {"term": {"id": probe.id}}})
        if hits is None:
            return "not searched"
        shown = [hit["_source"]["value"] for hit in hits]
        if shown == ([] if probe.value is None else [probe.value]):
            return "seen"
        self.ahead.append(f"probe {probe.id}: {probe.value} committed before {probe.lsn}, a search shows {shown}")
        return "ahead"

    def _commit(self) -> Probe:
        self._value += 1
        id_ = self._random.choice(self._ids)
        gone = self._random.random() < 0.2
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            if gone:
                connection.execute("DELETE FROM probes WHERE id = %s", (id_,))
            else:
                connection.execute(
                    "INSERT INTO probes VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
                    (id_, self._value),
                )
            return Probe(id_, None if gone else self._value, mark(connection))

    def _becomes_searchable(self, lsn: int) -> bool:
        waited = 0.0
        while waited < PROBE_SECONDS and not self._stopping.is_set():
            fresh = self._worker.freshness()
            if fresh is not None and fresh.searchable >= lsn:
                return True
            self._stopping.wait(0.02)
            waited += 0.02
        return False
