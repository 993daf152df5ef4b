"""The sink that writes documents to Elasticsearch: bulks with retries, and refreshes."""

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from connections.elasticsearch import ElasticsearchAccess, client_options
from read_model.elasticsearch.index_body import IGNORE_ABOVE_FLATTENED
from sync_worker.elasticsearch.bulk_response import Outcome, Refusal, refusals, refused_whole, unfit
from sync_worker.elasticsearch.dropped_fields import Bodies
from sync_worker.elasticsearch.oversized_text import flagged_write
from sync_worker.elasticsearch.sink_health import SinkHealth
from sync_worker.loop.document_sink import Target
from sync_worker.store.bulk import BulkOutcome, Conflict, DocumentWrite, Rejection

LONGEST_PAUSE = 15.0
"""Seconds between two attempts."""
LONGEST_NAMES = 3500
"""Characters of index names in the first line of one request."""
GATE_SECONDS = 0.1
"""Seconds between two looks at a closed gate."""
CONNECTIONS = 8
"""Connections to each node: more than there are sender threads by default."""


class WriteGate(Protocol):
    """Whether this worker may write documents now. Any thread may call this."""

    @property
    def held(self) -> bool:
        """False while another worker may have the right to write."""


def connect(access: ElasticsearchAccess) -> Elasticsearch:
    """A client for the sink, the index administration and the lease. It never retries by itself."""
    return Elasticsearch(access.url, **client_options(access), connections_per_node=CONNECTIONS)


class ElasticsearchSink:
    """A `DocumentSink`. Targets are index generations, written through the alias `<generation>-write`.

    Versions are Elasticsearch's external versions (`external_gte`). With `leave_out` a document that Elasticsearch
    refuses for one field goes without that field, flagged; so does one with JSON of a type that the field does not
    have."""

    def __init__(
        self, client: Elasticsearch, gate: WriteGate, stopping: threading.Event, leave_out: bool = False
    ) -> None:
        self._client = client
        self._gate = gate
        self._stopping = stopping
        self._leave_out = leave_out
        self._health = SinkHealth()

    @property
    def reason(self) -> str:
        """Why Elasticsearch has been taking nothing for a while; empty while it works."""
        return self._health.reason

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        """Send until every write is taken or rejected; None when the worker stops before that.

        Waits out an Elasticsearch that is away or overloaded, with growing pauses: nothing is dropped (invariant 7)."""
        bodies = Bodies(_bodies(target, writes), self._leave_out, target.typed_json_fields)
        waiting = list(range(len(writes)))
        rejected: list[Rejection] = []
        conflicts: list[Conflict] = []
        retries = 0
        while waiting:
            if retries and self._stopping.wait(_pause(retries)):
                return None
            while not self._gate.held:
                if self._stopping.wait(GATE_SECONDS):
                    return None
            refused = [r._replace(place=waiting[r.place]) for r in self._attempt(target, bodies.of(waiting))]
            again = [refusal for refusal in refused if refusal.outcome is Outcome.RETRY]
            self._record(target, again if len(again) == len(waiting) else [])
            waiting = [refusal.place for refusal in again]
            retries += bool(waiting)
            conflicts += [Conflict(r.place, r.version) for r in refused if r.outcome is Outcome.STALE]
            for refusal in refused:
                if refusal.outcome is not Outcome.REJECTED:
                    continue
                if bodies.without(refusal):
                    waiting.append(refusal.place)
                else:
                    rejected.append(Rejection(refusal.place, refusal.reason))
        return BulkOutcome(rejected, retries, bodies.dropped, conflicts)

    def _record(self, target: Target, all_again: list[Refusal]) -> None:
        """Note whether Elasticsearch took something of an attempt, or nothing."""
        name = target.document
        if all_again:
            self._health.failed(name, f"Elasticsearch takes no documents of {name}: {all_again[0].reason.rstrip('.')}.")
        else:
            self._health.succeeded(name)

    def _attempt(self, target: Target, bodies: list[bytes]) -> list[Refusal]:
        try:
            response = self._client.perform_request(
                "POST",
                f"/{target.name}-write/_bulk",
                params={"require_alias": "true", "filter_path": "errors,items.*.status,items.*._id,items.*.error"},
                headers={
                    "content-type": "application/x-ndjson",
                    "accept": "application/json",
                },
                body=b"".join(bodies),
            )
        except ApiError as error:
            if reason := refused_whole(error.status_code, error.body):
                return self._halves(target, bodies, reason)
            reason = f"it answers {error.status_code} {error.error}"
            return [Refusal(place, "", Outcome.RETRY, reason) for place in range(len(bodies))]
        except TransportError as error:
            reason = f"it does not answer ({type(error).__name__})"
            return [Refusal(place, "", Outcome.RETRY, reason) for place in range(len(bodies))]
        return refusals(response.body, len(bodies))

    def _halves(self, target: Target, bodies: list[bytes], reason: str) -> list[Refusal]:
        """Send a request that Elasticsearch refuses as a whole in halves, until only what it refuses is left: that is
        rejected.

        One document with an id that is too long costs one more request, and the others nothing."""
        faults = {place: fault for place, body in enumerate(bodies) if (fault := unfit(body))}
        if faults:
            good = [place for place in range(len(bodies)) if place not in faults]
            later = self._attempt(target, [bodies[place] for place in good]) if good else []
            refused = [fault._replace(place=place) for place, fault in faults.items()]
            return refused + [refusal._replace(place=good[refusal.place]) for refusal in later]
        if len(bodies) == 1:
            return [Refusal(0, "", Outcome.REJECTED, reason)]
        middle = len(bodies) // 2
        refused = self._attempt(target, bodies[:middle])
        return refused + [r._replace(place=r.place + middle) for r in self._attempt(target, bodies[middle:])]

    def refresh(self, targets: Sequence[Target]) -> bool:
        """Make acknowledged writes searchable; False when that failed this time."""
        try:
            responses = [
                self._client.indices.refresh(index=[f"{name}-write" for name in names])
                for names in request_parts(tuple(target.name for target in targets))
            ]
        except (TransportError, ApiError) as error:
            self._health.failed("refresh", f"Elasticsearch makes nothing searchable: {type(error).__name__}.")
            return False
        done = all(int(response["_shards"]["failed"]) == 0 for response in responses)
        if done:
            self._health.succeeded("refresh")
        else:
            self._health.failed("refresh", "Elasticsearch makes nothing searchable: a shard failed.")
        return done


def _bodies(target: Target, writes: list[DocumentWrite]) -> list[bytes]:
    """The writes' lines. A document is flagged when a text in a JSON field of it is too long for the index to find."""
    paths = target.json_fields
    if not paths:
        return [write.body for write in writes]
    return [
        flagged_write(write.body, paths) if len(write.body) > IGNORE_ABOVE_FLATTENED else write.body for write in writes
    ]


def request_parts(names: tuple[str, ...]) -> Iterator[list[str]]:
    """Names of generations in parts that fit into the first line of a request, of which Elasticsearch takes 4 kB."""
    part: list[str] = []
    for name in names:
        if part and sum(len(each) + len("-write%2C") for each in (*part, name)) > LONGEST_NAMES:
            yield part
            part = []
        part.append(name)
    if part:
        yield part


def _pause(attempt: int) -> float:
    """Seconds before an attempt, with full jitter: anything up to a bound that doubles."""
    return random.uniform(0, min(LONGEST_PAUSE, 0.1 * 2**attempt))
