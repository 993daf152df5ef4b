"""Administration of the documents' indexes: generations and aliases.

`<alias>-g000001` is a generation, `<alias>` is what readers search, `<alias>-g000001-write` is where the worker
writes. Each generation has its own alias for writing, so that a worker that still writes to an older
generation, after another worker took over, does not reach this one.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from connections.elasticsearch import refuses_credentials
from read_model.elasticsearch.unindexed_values import unindexed_body, unindexed_counts
from sync_worker.elasticsearch.access import credentials_refused, unreachable
from sync_worker.elasticsearch.bulk_response import BY_STATUS, Outcome
from sync_worker.errors import ServiceMissing, WorkerError

GENERATION = re.compile(r"-g\d{6}")


def is_generation(meta: Mapping[str, Any]) -> bool:
    """Whether Rowtide created the index with this `_meta`."""
    return "shape" in meta


class IndexAdmin:
    """Every call raises ServiceMissing when Elasticsearch is away or overloaded, SettingsError when it refuses the
    credentials, and WorkerError when it refuses the request. `aliases`, `nodes` and `unindexed`, which a thread calls on a
    timer, raise the client's own errors."""

    def __init__(self, client: Elasticsearch, url: str) -> None:
        self._client = client
        self._url = url

    def check(self) -> None:
        """Fail early and clearly when Elasticsearch is not there or refuses the credentials."""
        self._call(self._client.cluster.health)

    def generations(self, alias: str) -> list[str]:
        """The generations that exist, oldest first."""
        indexes = self._call(lambda: self._client.indices.get(index=f"{alias}-g*", expand_wildcards="open"))
        # `orders-g*` also matches the generations of an alias `orders-gold`.
        return sorted(name for name in indexes if GENERATION.fullmatch(name.removeprefix(alias)))

    def meta(self, generation: str) -> dict[str, Any] | None:
        """The `_meta` of a generation's mapping; None when there is no such index."""
        mappings = self._call_or_none(lambda: self._client.indices.get_mapping(index=generation))
        return None if mappings is None else dict(mappings[generation]["mappings"].get("_meta", {}))

    def metas(self, alias: str) -> dict[str, dict[str, Any]]:
        """The `_meta` of each index behind an alias, of the index of that name, and of the alias's generations."""
        names = [alias, *self.generations(alias)]
        mappings = self._call(lambda: self._client.indices.get_mapping(index=names, ignore_unavailable=True))
        return {name: dict(body["mappings"].get("_meta", {})) for name, body in sorted(mappings.items())}

    def set_meta(self, generation: str, meta: dict[str, Any]) -> None:
        """Replace the `_meta` of a generation's mapping."""
        self._call(lambda: self._client.indices.put_mapping(index=generation, meta=meta))

    def create_generation(self, alias: str, body: dict[str, Any]) -> str:
        """Create the next generation with its alias for writing. Readers do not see it yet."""
        numbers = [int(name[-6:]) for name in self.generations(alias)]
        name = f"{alias}-g{max(numbers, default=0) + 1:06d}"
        self._call(lambda: self._client.indices.create(index=name, aliases={f"{name}-write": {}}, **body))
        return name

    def uuid(self, generation: str) -> str:
        """The id that tells an index from another one of the same name."""
        settings = self._call(lambda: self._client.indices.get_settings(index=generation, name="index.uuid"))
        return str(settings[generation]["settings"]["index"]["uuid"])

    def indexes_of(self, alias: str) -> list[str]:
        """The indexes that an alias points to."""
        return sorted(self._call_or_none(lambda: self._client.indices.get_alias(name=alias)) or ())

    def aliases(self) -> dict[str, list[str]]:
        """The indexes behind every alias that the credentials may see."""
        indexes: dict[str, list[str]] = {}
        for name, entry in sorted(self._client.indices.get_alias(index="*").items()):
            for alias in entry["aliases"]:
                indexes.setdefault(alias, []).append(name)
        return indexes

    def nodes(self) -> frozenset[str]:
        """The running processes of Elasticsearch, an id for each; empty where Elasticsearch does not report them."""
        nodes = self._client.nodes.info(metric="jvm", filter_path="nodes.*.jvm.start_time_in_millis").get("nodes", {})
        return frozenset(f"{name}@{node['jvm']['start_time_in_millis']}" for name, node in nodes.items())

    def unindexed(self, generation: str, paths: Collection[str]) -> dict[str, int]:
        """How many documents have a value of each of these fields that is not indexed; only counts above 0."""
        return unindexed_counts(self._client.search(index=generation, **unindexed_body(paths)).body)

    def show(self, alias: str, generation: str) -> None:
        """Let readers see this generation, in one step, and remove the older ones, but no index of others."""
        self.point(alias, generation)
        older = [name for name in self.generations(alias) if name < generation and is_generation(self.meta(name) or {})]
        if older:
            self._call(lambda: self._client.indices.delete(index=older, ignore_unavailable=True))

    def point(self, alias: str, generation: str) -> None:
        """Let an alias point to this index only, in one step."""
        actions: list[dict[str, Any]] = [{"add": {"index": generation, "alias": alias}}]
        actions += [
            {"remove": {"index": name, "alias": alias}} for name in self.indexes_of(alias) if name != generation
        ]
        self._call(lambda: self._client.indices.update_aliases(actions=actions))

    def _call_or_none(self, call: Callable[[], Any]) -> Any | None:
        """The response; None when what the call names does not exist."""

        def response_or_none() -> Any | None:
            try:
                return call()
            except NotFoundError:
                return None

        return self._call(response_or_none)

    def _call(self, call: Callable[[], Any]) -> Any:
        """Translate the client's errors. Transient ones count as an unavailable service."""
        try:
            return call()
        except TransportError as error:
            raise unreachable(self._url, error) from error
        except ApiError as error:
            if refuses_credentials(error):
                raise credentials_refused(self._url) from error
            if BY_STATUS.get(error.status_code) is Outcome.RETRY:
                raise ServiceMissing(f"Elasticsearch at {self._url} is not ready: {error}. Try again later.") from error
            raise WorkerError(f"Elasticsearch at {self._url} refused a request: {error}.") from error
