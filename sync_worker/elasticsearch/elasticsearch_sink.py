"""Elasticsearch, as the worker uses it: bulks with retries, refreshes, and the generations of an index.

Names: `<alias>-g000001` is a generation, `<alias>` what readers search, `<alias>-g000001-write` where the worker writes. Each
generation has a name of its own for writing: who still writes to an older one, after another worker took over, does not reach this.
"""

import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from connections.elasticsearch import ElasticsearchAccess, client_options, refuses_credentials
from sync_worker.elasticsearch.access import credentials_refused, unreachable
from sync_worker.elasticsearch.bulk import BY_STATUS, Outcome, Refusal, action_of, refusals, refused_whole, unfit
from sync_worker.elasticsearch.dropped_fields import Bodies, DroppedFields
from sync_worker.elasticsearch.sink_health import SinkHealth
from sync_worker.errors import ServiceMissing, WorkerError

GENERATION = re.compile(r"-g(\d{6})$")
LONGEST_PAUSE = 15.0
"""Seconds between two attempts at most."""
LONGEST_NAMES = 3500
"""Characters of names in one request's first line."""


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a bulk: its pending row and its lines of the request body."""

    touch: int
    body: bytes

    @property
    def id(self) -> str:
        """The document's id, read from the action line; rarely asked for."""
        return action_of(self.body)[1]


def deletion(id_: str, version: int) -> Item:
    """An item that deletes a document, unless it has a higher version."""
    meta = {"_id": id_, "version": version, "version_type": "external_gte"}
    return Item(0, msgspec.json.encode({"delete": meta}) + b"\n")


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of a bulk: the items that Elasticsearch refused for good, by place. Everything else is taken.

    `left_out` are taken items that had to do without some fields, by place."""

    rejected: list[Refusal]
    retries: int
    left_out: dict[int, DroppedFields] = field(default_factory=dict)


class Index:
    """The client. Its bulk and refresh calls may run in several threads at once."""

    def __init__(self, access: ElasticsearchAccess, stopping: threading.Event, leave_out: bool = False) -> None:
        self.url = access.url
        self.client = Elasticsearch(access.url, **client_options(access), connections_per_node=8)
        self._stopping = stopping
        self._leave_out = leave_out
        self.health = SinkHealth()
        self.may_write: Callable[[], bool] = lambda: True
        self.targets: dict[str, str] = {}
        """The generation that is written to, by alias."""

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def check(self) -> None:
        """Fail early and clearly when Elasticsearch is not there or does not let us in."""

        self._guard(self.client.cluster.health)

    def send(self, alias: str, items: list[Item]) -> BulkOutcome | None:
        """Send until every item is taken or rejected; None when the worker stops before that.

        Waits out an Elasticsearch that is away or overloaded, with growing pauses: nothing is dropped (invariant 7)."""
        bodies = Bodies([item.body for item in items], self._leave_out)
        waiting = list(range(len(items)))
        rejected: list[Refusal] = []
        retries = 0
        while waiting:
            if retries and self._stopping.wait(_pause(retries)):
                return None
            while not self.may_write():
                if self._stopping.wait(0.1):
                    return None
            refused = [r._replace(place=waiting[r.place]) for r in self._attempt(alias, bodies.of(waiting))]
            again = [refusal for refusal in refused if refusal.outcome is Outcome.RETRY]
            self._note(alias, again if len(again) == len(waiting) else [])
            waiting = [refusal.place for refusal in again]
            retries += bool(waiting)
            for refusal in refused:
                if refusal.outcome is not Outcome.REJECTED:
                    continue
                if bodies.without(refusal):
                    waiting.append(refusal.place)
                else:
                    rejected.append(refusal)
        return BulkOutcome(rejected, retries, bodies.left_out)

    def _note(self, alias: str, all_again: list[Refusal]) -> None:
        """Nothing of an attempt was taken, or something."""
        if all_again:
            self.health.failed(alias, f"Elasticsearch takes no documents of {alias}: {all_again[0].reason}")
        else:
            self.health.succeeded(alias)

    def _attempt(self, alias: str, bodies: list[bytes]) -> list[Refusal]:
        try:
            response = self.client.perform_request(
                "POST",
                f"/{self.targets[alias]}-write/_bulk",
                params={"require_alias": "true", "filter_path": "errors,items.*.status,items.*._id,items.*.error"},
                headers={
                    "content-type": "application/x-ndjson",
                    "accept": "application/json",
                },
                body=b"".join(bodies),
            )
        except ApiError as error:
            if why := refused_whole(error.status_code, error.body):
                return self._apart(alias, bodies, why)
            why = f"it answers {error.status_code} {error.error}"
            return [Refusal(place, "", Outcome.RETRY, why) for place in range(len(bodies))]
        except TransportError as error:
            why = f"it does not answer ({type(error).__name__})"
            return [Refusal(place, "", Outcome.RETRY, why) for place in range(len(bodies))]
        return refusals(response.body, len(bodies))

    def _apart(self, alias: str, bodies: list[bytes], why: str) -> list[Refusal]:
        """A request that Elasticsearch refuses whole goes in parts, until what it refuses is alone: that is rejected.

        One document with an id that is too long costs one request more, and the others nothing."""
        faults = {place: fault for place, body in enumerate(bodies) if (fault := unfit(body))}
        if faults:
            good = [place for place in range(len(bodies)) if place not in faults]
            later = self._attempt(alias, [bodies[place] for place in good]) if good else []
            refused = [fault._replace(place=place) for place, fault in faults.items()]
            return refused + [refusal._replace(place=good[refusal.place]) for refusal in later]
        if len(bodies) == 1:
            return [Refusal(0, "", Outcome.REJECTED, why)]
        middle = len(bodies) // 2
        refused = self._attempt(alias, bodies[:middle])
        return refused + [r._replace(place=r.place + middle) for r in self._attempt(alias, bodies[middle:])]

    def refresh(self, aliases: tuple[str, ...]) -> bool:
        """Make what was acknowledged searchable; False when that did not work this time."""
        try:
            names = tuple(self.targets[alias] for alias in aliases)
            answers = [
                self.client.indices.refresh(index=[f"{name}-write" for name in some]) for some in parts_of(names)
            ]
        except (TransportError, ApiError) as error:
            self.health.failed("refresh", f"Elasticsearch makes nothing searchable: {type(error).__name__}")
            return False
        done = all(int(answer["_shards"]["failed"]) == 0 for answer in answers)
        if done:
            self.health.succeeded("refresh")
        else:
            self.health.failed("refresh", "Elasticsearch makes nothing searchable: a shard failed")
        return done

    def generations(self, alias: str) -> list[str]:
        """The generations that exist, oldest first."""
        found = self._guard(lambda: self.client.indices.get(index=f"{alias}-g*", expand_wildcards="open"))
        return sorted(name for name in found if GENERATION.search(name))

    def meta(self, generation: str) -> dict[str, Any] | None:
        """The `_meta` of a generation's mapping, or None when there is no such index."""
        found = self._found(lambda: self.client.indices.get_mapping(index=generation))
        return None if found is None else dict(found[generation]["mappings"].get("_meta", {}))

    def create_generation(self, alias: str, body: dict[str, Any]) -> str:
        """Create the next generation, with its name for writing. Readers do not see it yet."""
        numbers = [int(name[-6:]) for name in self.generations(alias)]
        name = f"{alias}-g{max(numbers, default=0) + 1:06d}"
        self._guard(lambda: self.client.indices.create(index=name, aliases={f"{name}-write": {}}, **body))
        return name

    def identity(self, generation: str) -> str:
        """What tells an index from another one of the same name."""
        found = self._guard(lambda: self.client.indices.get_settings(index=generation, name="index.uuid"))
        return str(found[generation]["settings"]["index"]["uuid"])

    def behind(self, alias: str) -> list[str]:
        """The indexes that an alias points to."""
        return sorted(self._found(lambda: self.client.indices.get_alias(name=alias)) or ())

    def aliases(self) -> dict[str, list[str]]:
        """The indexes behind every alias that we may see."""
        found: dict[str, list[str]] = {}
        for name, entry in sorted(self.client.indices.get_alias(index="*").items()):
            for alias in entry["aliases"]:
                found.setdefault(alias, []).append(name)
        return found

    def nodes(self) -> frozenset[str]:
        """The running processes of Elasticsearch, each with an id of its own; none where that is not told."""
        found = self.client.nodes.info(metric="jvm", filter_path="nodes.*.jvm.start_time_in_millis").get("nodes", {})
        return frozenset(f"{name}@{node['jvm']['start_time_in_millis']}" for name, node in found.items())

    def show(self, alias: str, generation: str) -> None:
        """Let readers see this generation, in one step, and remove the older ones."""
        self.point(alias, generation)
        older = [name for name in self.generations(alias) if name < generation]
        if older:
            self._guard(lambda: self.client.indices.delete(index=older, ignore_unavailable=True))

    def point(self, alias: str, generation: str) -> None:
        """Let an alias point to this index alone."""
        actions: list[dict[str, Any]] = [{"add": {"index": generation, "alias": alias}}]
        actions += [{"remove": {"index": name, "alias": alias}} for name in self.behind(alias) if name != generation]
        self._guard(lambda: self.client.indices.update_aliases(actions=actions))

    def _found(self, call: Callable[[], Any]) -> Any | None:
        """What the call gives, None when what it names is not there."""

        def or_none() -> Any | None:
            try:
                return call()
            except NotFoundError:
                return None

        return self._guard(or_none)

    def _guard(self, call: Callable[[], Any]) -> Any:
        """Turn an error of an administrative call into a sentence. What passes by itself counts as a service that is away."""
        try:
            return call()
        except TransportError as error:
            raise unreachable(self.url, error) from error
        except ApiError as error:
            if refuses_credentials(error):
                raise credentials_refused(self.url) from error
            if BY_STATUS.get(error.status_code) is Outcome.RETRY:
                raise ServiceMissing(f"Elasticsearch at {self.url} is not ready: {error}") from error
            raise WorkerError(f"Elasticsearch at {self.url} refused: {error}") from error


def parts_of(aliases: tuple[str, ...]) -> Iterator[list[str]]:
    """Aliases in parts that fit into the first line of a request, of which Elasticsearch takes 4 kB."""
    part: list[str] = []
    for alias in aliases:
        if part and sum(len(each) + len("-write%2C") for each in (*part, alias)) > LONGEST_NAMES:
            yield part
            part = []
        part.append(alias)
    if part:
        yield part


def _pause(attempt: int) -> float:
    """Full jitter: anything up to a bound that doubles."""
    return random.uniform(0, min(LONGEST_PAUSE, 0.1 * 2**attempt))
