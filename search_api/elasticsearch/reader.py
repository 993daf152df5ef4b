"""The read operations on Elasticsearch, as a protocol: the only way to documents for the rest of search_api."""

from collections.abc import Mapping
from typing import Any, Protocol

from search_api.query.schema import IndexSchema


class Reader(Protocol):
    """Elasticsearch as one caller may read it. Every method raises what `ElasticsearchReader` raises."""

    async def indices(self) -> tuple[str, ...]:
        """The readable index names, sorted."""

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index."""

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Search an index whose name `schema` has accepted; with `pit` in the body, at that point in time."""

    async def search_if_affordable(self, index: str, body: Mapping[str, Any]) -> bytes | None:
        """Search for an optional part of an answer. None if it would cost more than the request's other searches have
        left, or if Elasticsearch does not respond to it.
        """

    async def document(self, index: str, document_id: str) -> bytes:
        """Get one document; the response is that of a multi-get."""

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Open a point in time and return its id. It expires `keep_alive` (such as `120s`) after its last use."""

    async def close_point(self, point: str) -> None:
        """Close a point in time; one that is already closed is ignored."""

    async def ready(self) -> None:
        """Return if Elasticsearch responds; raises ElasticsearchUnavailable otherwise."""
