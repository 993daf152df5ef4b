"""Which worker may write the documents of a kind: the one that holds its lease, and keeps renewing it, in
Elasticsearch.

The index `rowtide-lease` has a small document for each alias, changed only by compare-and-set on its sequence number.
No two clocks are compared: a lease has expired when a worker watched it for its whole duration and it was not renewed.
"""

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from connections.elasticsearch import refuses_credentials
from read_model.freshness import Origin
from sync_worker.elasticsearch.access import credentials_refused
from sync_worker.errors import LeaseLost, ServiceMissing, WorkerError

INDEX = "rowtide-lease"
WATCH_SECONDS = 0.5
"""Seconds between two reads of a lease that another worker holds."""

_BODY: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {"dynamic": False, "properties": {"pipeline": {"type": "keyword"}, "holder": {"type": "keyword"}}},
}


@dataclass(frozen=True, slots=True)
class _Held:
    """A lease as it is in Elasticsearch."""

    seq_no: int
    primary_term: int
    source: dict[str, Any]

    @property
    def seconds(self) -> float:
        return 0 if self.source.get("released") else float(self.source.get("seconds", 60))

    @property
    def origin(self) -> Origin:
        """What the documents come from. An earlier version did not record the database."""
        return Origin(*(str(self.source.get(part, "")) for part in ("pipeline", "system", "database")))


@dataclass(slots=True)
class Lease:
    """The leases of one worker, and the sink's `WriteGate`. `seconds` is how long a lease lasts without being
    renewed. They also record whose documents these are: a lease stays when its worker is gone.

    `holder` names the row store and stays the same for it; `life` is new in each process. `epoch` rises when the
    worker of another row store takes over, so that its versions are higher than all that were written before
    (invariant 4).

    `take` and `release` belong to the main thread, `renew` to one other thread; any thread may read `held`."""

    client: Elasticsearch
    origin: Origin
    aliases: tuple[str, ...]
    holder: str
    seconds: float
    epoch: int = 1
    life: str = field(default_factory=lambda: uuid.uuid4().hex)
    _known: dict[str, _Held] = field(default_factory=dict)
    _renewed: float = 0.0

    @property
    def held(self) -> bool:
        """Whether no other worker can hold a lease of ours now."""
        return time.monotonic() < self._renewed + self.seconds

    def take(self, stopping: threading.Event, warn: Callable[[str], None]) -> bool:
        """Take all leases; True when the worker of another row store held one before.

        Waits for a lease that is not renewed. Raises WorkerError when another worker renews one, ServiceMissing when
        Elasticsearch does not answer, SettingsError when it refuses the credentials."""
        with _translated_errors():
            _create_index(self.client)
            leases = _read(self.client, self.aliases)
            others = {alias: held for alias, held in leases.items() if held.source.get("holder") != self.holder}
            unreleased = {alias: held for alias, held in others.items() if held.seconds}
            if unreleased:
                warn(f"waiting for the lease of {_holders(unreleased)} to expire")
                self._watch(unreleased, stopping)
            last = max((int(held.source.get("epoch", 1)) for held in leases.values()), default=0)
            self.epoch = max(self.epoch, last + 1 if others else last)
            began = time.monotonic()
            if self._write(leases):
                raise WorkerError("Another worker of the same documents started at the same moment. Start only one.")
        self._renewed = began
        return bool(others)

    def renew(self) -> None:
        """Renew the leases. LeaseLost when another worker took one. While Elasticsearch does not answer, they run
        out."""
        began = time.monotonic()
        try:
            conflicts = self._write(self._known)
            if conflicts:
                self._retry(conflicts)
        except (TransportError, ApiError):
            return
        self._renewed = began

    def _retry(self, conflicts: list[str]) -> None:
        """Somebody wrote our leases: this worker, if the response to an earlier renewal was lost, or a worker that
        took over."""
        _create_index(self.client)
        now = _read(self.client, conflicts)
        taken = {alias: held for alias, held in now.items() if held.source.get("life") != self.life}
        if taken:
            raise LeaseLost(
                f"Another worker took over the documents of {_holders(taken)}, so this one must not write any more."
                " Find out why there are two workers, and start only one."
            )
        for alias in conflicts:
            self._known.pop(alias, None)
        self._known.update(now)
        if self._write(self._known):
            raise LeaseLost("Another process is modifying the lease in index rowtide-lease. Find and stop it.")

    def release(self) -> None:
        """Release the leases for another worker. When Elasticsearch does not answer, they expire."""
        with suppress(TransportError, ApiError):
            self._write(self._known, released=True)

    def _watch(self, others: dict[str, _Held], stopping: threading.Event) -> None:
        """Return when each of these leases has expired. Raises WorkerError when one is renewed."""
        end = time.monotonic() + max(held.seconds for held in others.values())
        while time.monotonic() < end:
            if stopping.wait(WATCH_SECONDS):
                raise WorkerError("The worker was stopped while it waited for a lease.")
            for alias, now in _read(self.client, others).items():
                if now != others[alias]:
                    raise WorkerError(
                        f"Another worker writes the documents of {_holders({alias: now})}. Stop that worker first, or"
                        " rename the documents of one of the pipelines."
                    )

    def _write(self, before: Mapping[str, _Held], released: bool = False) -> list[str]:
        """Write all leases, each only if it is still as in `before`; returns the aliases of those that are not."""
        source: dict[str, Any] = {
            "pipeline": self.origin.pipeline,
            "system": self.origin.system,
            "database": self.origin.database,
            "holder": self.holder,
            "life": self.life,
            "host": socket.gethostname(),
            "seconds": self.seconds,
            "epoch": self.epoch,
            "released": released,
        }
        lines: list[dict[str, Any]] = []
        for alias in self.aliases:
            held = before.get(alias)
            rule = {"if_seq_no": held.seq_no, "if_primary_term": held.primary_term} if held else {}
            lines += [{"index" if held else "create": {"_id": alias, **rule}}, source]
        conflicts = []
        for item in self.client.bulk(index=INDEX, operations=lines)["items"]:
            result = next(iter(item.values()))
            if result["status"] in (404, 409):
                conflicts.append(result["_id"])
            elif result["status"] >= 300:
                raise TransportError(f"{result['status']} {result.get('error', {}).get('type', '')}")
            else:
                self._known[result["_id"]] = _Held(result["_seq_no"], result["_primary_term"], source)
        return conflicts


def read_owners(client: Elasticsearch, aliases: Iterable[str]) -> dict[str, Origin]:
    """What the documents of each alias come from, as far as a worker has ever held its lease.

    Raises ServiceMissing when Elasticsearch does not answer, SettingsError when it refuses the credentials."""
    with _translated_errors():
        _create_index(client)
        return {alias: held.origin for alias, held in _read(client, aliases).items()}


def _read(client: Elasticsearch, aliases: Iterable[str]) -> dict[str, _Held]:
    answer = client.mget(index=INDEX, ids=list(aliases))
    unread = [doc["error"] for doc in answer["docs"] if "error" in doc]
    if unread:  # A shard is still being recovered: a lease that was not read is not absent.
        raise TransportError(str(unread[0].get("type", "unread")))
    return {
        doc["_id"]: _Held(doc["_seq_no"], doc["_primary_term"], dict(doc["_source"]))
        for doc in answer["docs"]
        if doc.get("found")
    }


def _create_index(client: Elasticsearch) -> None:
    try:
        client.indices.create(index=INDEX, **_BODY)
    except BadRequestError as error:
        if "resource_already_exists" not in str(error):
            raise


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (TransportError, ApiError) as error:
        if isinstance(error, ApiError) and refuses_credentials(error):
            raise credentials_refused("ROWTIDE_ELASTICSEARCH_URL") from error
        raise ServiceMissing(
            f"Elasticsearch at ROWTIDE_ELASTICSEARCH_URL did not grant the lease: {error}. Try again later."
        ) from error


def _holders(held: dict[str, _Held]) -> str:
    return ", ".join(
        f"{alias} (pipeline {each.source.get('pipeline')} on {each.source.get('host')})" for alias, each in held.items()
    )
