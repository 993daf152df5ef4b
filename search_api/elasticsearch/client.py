"""Reads from Elasticsearch, and never writes. Responses stay bytes; `responses` decodes them."""

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
from read_model.elasticsearch.index_owner import IndexOwner
from search_api.elasticsearch.privileges import has_more_than_read, privileges_query
from search_api.elasticsearch.responses import read_aliases, read_newest_mapping
from search_api.errors import (
    CredentialsRejected,
    CursorExpired,
    ElasticsearchUnavailable,
    ExcessivePrivileges,
    IndexNotFound,
    OutOfMemory,
    SearchRejected,
    SearchTimedOut,
)
from search_api.query.schema import IndexSchema, read_mapping

SCHEMA_SECONDS = 5.0
"""How long aliases and mappings are cached: a new field or index appears after at most this time."""

log = logging.getLogger("rowtide.search_api")


class RawJson(elastic_transport.Serializer):
    """Leaves responses undecoded, so that no number passes through a float."""

    mimetype = "application/json"

    def loads(self, data: bytes) -> bytes:
        """Return the bytes unchanged."""
        return data

    def dumps(self, data: Any) -> bytes:
        """Encode a request body."""
        return data if isinstance(data, bytes) else msgspec.json.encode(data)


def connect(access: ElasticsearchAccess) -> AsyncElasticsearch:
    """A client that never retries: a caller waits for the response, and can send the request again."""
    return AsyncElasticsearch(
        access.url,
        **client_options(access),
        node_class=elastic_transport.AiohttpHttpNode,
        serializers={"application/json": RawJson()},
    )


class _ErrorResponse(msgspec.Struct):
    error: dict[str, Any]


@dataclass(slots=True)
class _Cache:
    """Expiry times are in seconds of `time.monotonic`."""

    aliases: tuple[str, ...] = ()
    expires: float = 0.0
    schemas: dict[str, tuple[float, IndexSchema]] = field(default_factory=dict)


class ElasticsearchReader:
    """The indexes that the credentials can read. Raises IndexNotFound, SearchRejected, SearchTimedOut,
    ElasticsearchUnavailable, and ExcessivePrivileges unless `allow_writer` is set."""

    def __init__(self, client: AsyncElasticsearch, allow_writer: bool = False) -> None:
        self._client = client
        self._privileges_checked = allow_writer
        self._cache = _Cache()

    async def indices(self) -> tuple[str, ...]:
        """The readable index names, sorted. No other name ever reaches Elasticsearch in a path."""
        if time.monotonic() >= self._cache.expires:
            aliases = read_aliases(await self._request("GET", "/_alias"))
            await self._check_privileges(aliases)
            self._cache.aliases = aliases
            self._cache.expires = time.monotonic() + SCHEMA_SECONDS
        return self._cache.aliases

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index, up to SCHEMA_SECONDS old."""
        await self._check_readable(index)
        expires, schema = self._cache.schemas.get(index, (0.0, IndexSchema(())))
        if time.monotonic() >= expires:
            schema = read_mapping(read_newest_mapping(await self._request("GET", f"/{index}/_mapping")))
            self._cache.schemas[index] = (time.monotonic() + SCHEMA_SECONDS, schema)
        return schema

    async def owner(self, index: str) -> IndexOwner | None:
        """Whose documents an index has; None when it does not say, or there is no such index."""
        with suppress(IndexNotFound):
            return (await self.schema(index)).owner
        return None

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Search an index whose name `schema` has accepted. With `pit` in the body it reads that point in time, and
        raises CursorExpired when the point is closed."""
        if "pit" not in body:
            return await self._request("POST", f"/{index}/_search", body)
        try:
            return await self._request("POST", "/_search", body)
        except IndexNotFound:
            raise CursorExpired from None

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Open a point in time and return its id. It expires `keep_alive` after its last use."""
        await self._check_readable(index)
        response = await self._request("POST", f"/{index}/_pit?keep_alive={keep_alive}")
        return str(msgspec.json.decode(response, type=dict[str, Any])["id"])

    async def close_point(self, point: str) -> None:
        """Close a point in time; one that is already closed is ignored."""
        with suppress(IndexNotFound, ElasticsearchUnavailable):
            await self._request("DELETE", "/_pit", {"id": point})

    async def document(self, index: str, document_id: str) -> bytes:
        """Get a document in real time, before a refresh makes it searchable. The id travels in the body, so it may
        contain any character."""
        await self._check_readable(index)
        return await self._request("POST", f"/{index}/_mget", {"ids": [document_id]})

    async def ready(self) -> None:
        """Return if Elasticsearch accepts the credentials and they are read-only; raises otherwise."""
        await self._check_privileges(read_aliases(await self._request("GET", "/_alias")))

    async def _check_readable(self, index: str) -> None:
        if index not in await self.indices():
            raise IndexNotFound(index)

    async def _check_privileges(self, aliases: tuple[str, ...]) -> None:
        """Raise ExcessivePrivileges (invariant 10). A positive result is kept, and never checked again."""
        if self._privileges_checked:
            return
        try:
            response = await self._request("POST", "/_security/user/_has_privileges", privileges_query(aliases))
        except (SearchRejected, IndexNotFound):  # A server without security lets everybody write.
            raise ExcessivePrivileges from None
        if has_more_than_read(response):
            raise ExcessivePrivileges
        self._privileges_checked = True

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        headers = {"accept": "application/json", "accept-encoding": "identity"} | (
            {"content-type": "application/json"} if body is not None else {}
        )
        try:
            response = await self._client.perform_request(method, path, headers=headers, body=body)
        except ApiError as error:
            raise _translate(error, path) from error
        except elastic_transport.ConnectionTimeout as error:
            raise SearchTimedOut from error
        except elastic_transport.TransportError as error:
            raise ElasticsearchUnavailable("Elasticsearch is not responding.") from error
        return bytes(response.body)


def _translate(error: ApiError, path: str) -> Exception:
    """The error for a response of Elasticsearch. Its own message is dropped: it may quote documents and field names."""
    match error.meta.status:
        case 400 | 413:
            log.warning("Elasticsearch rejected %s: %s", path, _error_type(error))
            return SearchRejected("The search is too large, or uses something that the index does not support.")
        case 403 if path == "/_search":
            return ElasticsearchUnavailable(
                "The API's Elasticsearch key does not permit paging; an operator must create a new one with"
                " `rowtide elasticsearch-key search`."
            )
        case 403 | 404 | 503 if error.meta.status != 503 or (path == "/_search" and _shards_are_gone(error)):
            return IndexNotFound(path.split("/")[1])
        case 401:
            return CredentialsRejected("Elasticsearch rejected the credentials of this API.")
        case 429:
            return _overloaded(error)
        case _:
            return ElasticsearchUnavailable("Elasticsearch failed to respond.")


def _shards_are_gone(error: ApiError) -> bool:
    """Whether the index of a point in time was deleted, and the point with it."""
    body = error.body if isinstance(error.body, (bytes, str)) else b""
    try:
        causes = msgspec.json.decode(body, type=_ErrorResponse).error["root_cause"]
        return {cause["type"] for cause in causes} == {"no_shard_available_action_exception"}
    except (msgspec.DecodeError, KeyError, TypeError):
        return False


def _overloaded(error: ApiError) -> ElasticsearchUnavailable:
    """Which limit of Elasticsearch was reached: of memory, or of requests. Only the shards' causes tell."""
    if "circuit_breaking_exception" in str(error.body):
        return OutOfMemory("Elasticsearch has too little memory for this search at the moment.")
    return ElasticsearchUnavailable("Elasticsearch is overloaded.")


def _error_type(error: ApiError) -> str:
    """The type of the error, which is safe to log; its reason would quote the search."""
    body = error.body if isinstance(error.body, (bytes, str)) else b""
    try:
        return str(msgspec.json.decode(body, type=_ErrorResponse).error["type"])
    except (msgspec.DecodeError, KeyError):
        return f"status {error.meta.status}"
