"""Reads from Elasticsearch, and does nothing else with it. Answers stay bytes; `results` gives them their meaning."""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import elastic_transport
import msgspec
from elasticsearch import ApiError, AsyncElasticsearch

from connections.elasticsearch import ElasticsearchAccess, client_options
from search_api.elasticsearch.privileges import can_more_than_read, privileges_question
from search_api.elasticsearch.responses import read_aliases, read_newest_mapping
from search_api.errors import (
    CredentialsRefused,
    CredentialsTooStrong,
    ElasticsearchAway,
    IndexUnknown,
    SearchRefused,
    SearchTooSlow,
)
from search_api.paging.cursor import CursorExpired
from search_api.query.schema import IndexSchema, read_mapping

SCHEMA_SECONDS = 5.0
"""A new field or index is noticed after so long."""

log = logging.getLogger("rowtide.search_api")


class RawJson(elastic_transport.Serializer):
    """Leaves answers as they came, so that no number passes through a float."""

    mimetype = "application/json"

    def loads(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

    def dumps(self, data: Any) -> bytes:
        """Encode a body."""
        return data if isinstance(data, bytes) else msgspec.json.encode(data)


def connect(access: ElasticsearchAccess) -> AsyncElasticsearch:
    """A client that never retries by itself: a reader's time is short, and the next request may do better."""
    return AsyncElasticsearch(
        access.url,
        **client_options(access),
        node_class=elastic_transport.HttpxAsyncHttpNode,
        serializers={"application/json": RawJson()},
    )


class _Refusal(msgspec.Struct):
    error: dict[str, Any]


@dataclass(slots=True)
class _Kept:
    aliases: tuple[str, ...] = ()
    until: float = 0.0
    schemas: dict[str, tuple[float, IndexSchema]] = field(default_factory=dict)


class IndexReader:
    """The indexes that the credentials can read. Raises IndexUnknown, SearchRefused, SearchTooSlow,
    ElasticsearchAway, or CredentialsTooStrong unless `allow_writer`."""

    def __init__(self, client: AsyncElasticsearch, allow_writer: bool = False) -> None:
        self._client = client
        self._read_only_known = allow_writer
        self._kept = _Kept()

    async def indices(self) -> tuple[str, ...]:
        """The names that can be read, sorted. They are the only ones that ever reach Elasticsearch in a path."""
        if time.monotonic() >= self._kept.until:
            aliases = read_aliases(await self._ask("GET", "/_alias"))
            await self._check_credentials(aliases)
            self._kept.aliases = aliases
            self._kept.until = time.monotonic() + SCHEMA_SECONDS
        return self._kept.aliases

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index, at most some seconds old."""
        if index not in await self.indices():
            raise IndexUnknown(index)
        until, schema = self._kept.schemas.get(index, (0.0, IndexSchema(())))
        if time.monotonic() >= until:
            schema = read_mapping(read_newest_mapping(await self._ask("GET", f"/{index}/_mapping")))
            self._kept.schemas[index] = (time.monotonic() + SCHEMA_SECONDS, schema)
        return schema

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Run a search on an index whose schema was asked for; with `pit` in the body, at that point in time, or CursorExpired."""
        if "pit" not in body:
            return await self._ask("POST", f"/{index}/_search", body)
        try:
            return await self._ask("POST", "/_search", body)
        except IndexUnknown:
            raise CursorExpired from None

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Keep an index readable as it is now, for so long after each use."""
        if index not in await self.indices():
            raise IndexUnknown(index)
        answer = await self._ask("POST", f"/{index}/_pit?keep_alive={keep_alive}")
        return str(msgspec.json.decode(answer, type=dict[str, Any])["id"])

    async def close_point(self, point: str) -> None:
        """Let a point in time go; nothing happens when it is gone already."""
        with suppress(IndexUnknown, ElasticsearchAway):
            await self._ask("DELETE", "/_pit", {"id": point})

    async def document(self, index: str, document_id: str) -> bytes:
        """Look one document up as it is now, searchable or not; the id travels in the body, so it may hold anything."""
        if index not in await self.indices():
            raise IndexUnknown(index)
        return await self._ask("POST", f"/{index}/_mget", {"ids": [document_id]})

    async def ready(self) -> None:
        """Return if Elasticsearch answers these credentials, and they are not too strong."""
        await self._check_credentials(read_aliases(await self._ask("GET", "/_alias")))

    async def _check_credentials(self, aliases: tuple[str, ...]) -> None:
        """Raise CredentialsTooStrong; asked until Elasticsearch has said once that they are weak enough."""
        if self._read_only_known:
            return
        try:
            answer = await self._ask("POST", "/_security/user/_has_privileges", privileges_question(aliases))
        except (SearchRefused, IndexUnknown):  # A server without security lets everybody write.
            raise CredentialsTooStrong from None
        if can_more_than_read(answer):
            raise CredentialsTooStrong
        self._read_only_known = True

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        headers = {"accept": "application/json", "accept-encoding": "identity"} | (
            {"content-type": "application/json"} if body is not None else {}
        )
        try:
            answer = await self._client.perform_request(method, path, headers=headers, body=body)
        except ApiError as error:
            raise _meaning(error, path) from error
        except elastic_transport.ConnectionTimeout as error:
            raise SearchTooSlow from error
        except elastic_transport.TransportError as error:
            raise ElasticsearchAway("Elasticsearch does not answer.") from error
        return bytes(answer.body)


def _meaning(error: ApiError, path: str) -> Exception:
    """What a refusal means to a reader. Elasticsearch's own words are left out: they may quote documents and names."""
    match error.meta.status:
        case 400 | 413:
            log.warning("Elasticsearch refused %s: %s", path, _refusal(error))
            return SearchRefused("The search is too large or asks for something that the index cannot do.")
        case 403 if path == "/_search":
            return ElasticsearchAway("The key of this API cannot page; its operator makes a new one: rowtide api key.")
        case 403 | 404 | 503 if error.meta.status != 503 or (path == "/_search" and _shards_are_gone(error)):
            return IndexUnknown(path.split("/")[1])
        case 401:
            return CredentialsRefused("Elasticsearch does not accept the credentials of this API.")
        case 429:
            return ElasticsearchAway("Elasticsearch has too much to do.")
        case _:
            return ElasticsearchAway("Elasticsearch could not answer.")


def _shards_are_gone(error: ApiError) -> bool:
    """Whether the index of a point in time is not there any more, and the point with it."""
    body = error.body if isinstance(error.body, (bytes, str)) else b""
    try:
        causes = msgspec.json.decode(body, type=_Refusal).error["root_cause"]
        return {one["type"] for one in causes} == {"no_shard_available_action_exception"}
    except (msgspec.DecodeError, KeyError, TypeError):
        return False


def _refusal(error: ApiError) -> str:
    """The name of the fault, which is safe to log; its reason would quote what was searched for."""
    body = error.body if isinstance(error.body, (bytes, str)) else b""
    try:
        return str(msgspec.json.decode(body, type=_Refusal).error["type"])
    except (msgspec.DecodeError, KeyError):
        return f"status {error.meta.status}"
