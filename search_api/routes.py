"""The HTTP API. Each route turns an address into a question, and the answer into bytes."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from msgspec import Struct
from starlette.responses import Response

from search_api.freshness import FreshnessView
from search_api.results import Document, SearchPage
from search_api.schema import IndexField
from search_api.search import Search
from search_api.search_request import MAX_SIZE, RawRequest

router = APIRouter()


class IndexName(Struct, frozen=True):
    """An index that can be read."""

    name: str


class Indices(Struct, frozen=True):
    """The indexes that can be read."""

    items: list[IndexName]


class FieldView(Struct, frozen=True):
    """What can be done with a field. `nested` is the array that it lies in, "" outside of arrays."""

    name: str
    kind: str
    type: str
    searchable: bool
    filterable: bool
    ranged: bool
    sortable: bool
    nested: str


class Fields(Struct, frozen=True):
    """The fields of an index, in the order of their names."""

    items: list[FieldView]


class Health(Struct, frozen=True):
    """The API and Elasticsearch answer; `freshness` tells of the worker."""

    status: str
    freshness: FreshnessView


def search_of(request: Request) -> Search:
    """The reading side that the application made when it started."""
    found: Search = request.app.state.search
    return found


Searching = Annotated[Search, Depends(search_of)]
Index = Annotated[str, Path(description="a name from `/v1/indices`", examples=["orders"])]


def raw_request(
    q: Annotated[str, Query(description='words, all of which must match; "a phrase", -without, (a | b), prefix*')] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None, Query(description="`field:value`, `field:>=value`, also with >, <, <=; may be repeated")
    ] = None,
    sort: Annotated[str, Query(description="fields, comma-separated; `-` in front means descending")] = "",
    facet: Annotated[list[str] | None, Query(description="fields whose values are counted; may be repeated")] = None,
    size: Annotated[int, Query(description=f"hits of a page, up to {MAX_SIZE}")] = 20,
    page: Annotated[int, Query(description="the page's number from 1; ignored with a cursor")] = 1,
) -> RawRequest:
    """The parameters of a search, as they came."""
    return RawRequest(q, tuple(filter or ()), sort, tuple(facet or ()), size, page)


Asked = Annotated[RawRequest, Depends(raw_request)]


def _json(answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(answer), status, headers, "application/json")


@router.get("/health", operation_id="health", openapi_extra={"x-answer": Health.__name__}, tags=["service"])
async def health(search: Searching) -> Response:
    """Whether searches can be answered; 503 when Elasticsearch does not answer."""
    return _json(Health("ok", await search.health()))


@router.get(
    "/v1/freshness", operation_id="freshness", openapi_extra={"x-answer": FreshnessView.__name__}, tags=["read"]
)
async def freshness(search: Searching) -> Response:
    """How far the documents have come."""
    return _json(await search.freshness())


@router.get("/v1/indices", operation_id="indices", openapi_extra={"x-answer": Indices.__name__}, tags=["read"])
async def indices(search: Searching) -> Response:
    """The indexes that can be read."""
    return _json(Indices([IndexName(name) for name in await search.indices()]))


@router.get("/v1/{index}/fields", operation_id="fields", openapi_extra={"x-answer": Fields.__name__}, tags=["read"])
async def fields(search: Searching, index: Index) -> Response:
    """The fields of an index and what can be done with each."""
    return _json(Fields([_field(one) for one in (await search.schema(index)).fields]))


@router.get("/v1/{index}/search", operation_id="search", openapi_extra={"x-answer": SearchPage.__name__}, tags=["read"])
async def search_index(
    search: Searching,
    index: Index,
    asked: Asked,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before")] = "",
) -> Response:
    """Search an index. The best match comes first, or the latest change when there are no words."""
    return _json(await search.search(index, asked, cursor))


@router.get(
    "/v1/{index}/{id:path}", operation_id="document", openapi_extra={"x-answer": Document.__name__}, tags=["read"]
)
async def document(
    search: Searching,
    index: Index,
    id: Annotated[str, Path(description="the document's id, percent-encoded")],
    if_none_match: Annotated[str, Header(description="an ETag; 304 if the document still has it")] = "",
) -> Response:
    """One document as it is now, also before a search sees it."""
    found = await search.document(index, id)
    tag = f'W/"{found.version}"'
    if tag in [one.strip() for one in if_none_match.split(",")]:
        return Response(status_code=304, headers={"ETag": tag})
    return _json(found, headers={"ETag": tag})


def _field(one: IndexField) -> FieldView:
    return FieldView(one.name, one.kind, one.type, one.searchable, one.filterable, one.ranged, one.sortable, one.nested)
