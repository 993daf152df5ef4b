"""What of Elasticsearch is read, and nothing else: the one way to documents, for the whole room."""

from collections.abc import Mapping
from typing import Any, Protocol

from search_api.query.schema import IndexSchema


class Reader(Protocol):
    """Elasticsearch, as one caller may read it."""

    async def indices(self) -> tuple[str, ...]:
        """The names that can be read, sorted."""

    async def schema(self, index: str) -> IndexSchema:
        """The fields of an index."""

    async def search(self, index: str, body: Mapping[str, Any]) -> bytes:
        """Run a search on an index whose schema was asked for; with `pit` in the body, at that point in time."""

    async def document(self, index: str, document_id: str) -> bytes:
        """Look one document up: the answer of a multi-get."""

    async def open_point(self, index: str, keep_alive: str) -> str:
        """Keep an index readable as it is now, for so long after each use."""

    async def close_point(self, point: str) -> None:
        """Let a point in time go; nothing happens when it is gone already."""

    async def ready(self) -> None:
        """Return if Elasticsearch answers."""
