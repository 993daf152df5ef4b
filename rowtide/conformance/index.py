"""Reads a case's documents from Elasticsearch as they were sent, and which of their fields are not indexed."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from infra.errors import ServiceUnavailable
from read_model.elasticsearch.index_body import FLAGS

MAX_DOCUMENTS = 10_000
"""Cases have few documents."""


class _Hit(msgspec.Struct, rename={"id": "_id", "source": "_source", "ignored": "_ignored"}):
    id: str
    source: msgspec.Raw = msgspec.Raw(b"null")
    ignored: list[str] = []


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Answer(msgspec.Struct):
    hits: _Hits


class CaseIndex:
    """A client of one Elasticsearch."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Use the address and the credentials in the variables that every program reads."""
        key = environment.get("ROWTIDE_ELASTICSEARCH_API_KEY")
        user = environment.get("ROWTIDE_ELASTICSEARCH_USERNAME")
        self._http = httpx.Client(
            base_url=environment["ROWTIDE_ELASTICSEARCH_URL"],
            headers={"authorization": f"ApiKey {key}"} if key else {},
            auth=(user, environment.get("ROWTIDE_ELASTICSEARCH_PASSWORD", "")) if user and not key else None,
            timeout=30.0,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def set_read_only(self, pipeline: str, read_only: bool) -> None:
        """Make a pipeline's indexes read-only, as on a disk that is almost full, or writable again."""
        body = {"index.blocks.read_only_allow_delete": True if read_only else None}
        self._http.put(f"/{pipeline}-*/_settings", json=body).raise_for_status()

    def documents(self, alias: str) -> dict[str, bytes]:
        """All documents by id."""
        return {hit.id: bytes(hit.source) for hit in self._search(alias, {"match_all": {}})}

    def ignored(self, alias: str) -> dict[str, list[str]]:
        """The documents with ignored fields, and the names of these fields."""
        return {hit.id: hit.ignored for hit in self._search(alias, {"exists": {"field": "_ignored"}})}

    def flagged(self, flag: str, alias: str) -> dict[str, list[str]]:
        """The documents with one of the worker's flags, and the paths of the flagged fields."""
        hits = self._search(alias, {"exists": {"field": f"{FLAGS}.{flag}"}})
        return {hit.id: msgspec.json.decode(hit.source)[FLAGS][flag] for hit in hits}

    def remove(self, prefix: str) -> None:
        """Delete all indexes whose alias begins with the prefix."""
        answer = self._call("GET", f"/_alias/{prefix}*")
        for name in msgspec.json.decode(answer, type=dict[str, Any]):
            self._call("DELETE", f"/{name}")

    def _search(self, alias: str, query: dict[str, Any]) -> Iterator[_Hit]:
        body = {"size": MAX_DOCUMENTS, "query": query}
        answer = self._call("POST", f"/{alias}/_search", body)
        yield from msgspec.json.decode(answer, type=_Answer).hits.hits

    def _call(self, method: str, path: str, body: object = None) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.request(method, path, content=content, headers={"content-type": "application/json"})
        except httpx.TransportError as error:
            raise ServiceUnavailable(f"Elasticsearch does not answer: {error}") from error
        if answer.is_error and answer.status_code != 404:
            raise ServiceUnavailable(
                f"Elasticsearch returned {answer.status_code} for {method} {path}: {answer.text[:500]}"
            )
        return answer.content if not answer.is_error else b"{}"
