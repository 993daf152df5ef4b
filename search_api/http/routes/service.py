"""The health of the service, its freshness, and the indexes."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.freshness.view import FreshnessView
from search_api.http.dependencies import PromptSearchDep, SearchDep, json_response, responds_with

router = APIRouter()


class IndexName(Struct, frozen=True):
    """An index that the caller can read."""

    name: str


class Indices(Struct, frozen=True):
    """The indexes that the caller can read."""

    items: list[IndexName]


class Health(Struct, frozen=True):
    """The API and Elasticsearch respond; `freshness` is that of the worker."""

    status: str
    freshness: FreshnessView


SCHEMAS = (FreshnessView, Health, Indices)


@router.get("/health", operation_id="health", openapi_extra=responds_with(Health), tags=["service"])
async def health(search: PromptSearchDep) -> Response:
    """Check that searches can be answered; 503 if Elasticsearch does not respond."""
    await search.ready()
    return json_response(Health("ok", search.freshness))


@router.get("/v1/freshness", operation_id="freshness", openapi_extra=responds_with(FreshnessView), tags=["read"])
async def freshness(search: SearchDep) -> Response:
    """How fresh the documents are."""
    return json_response(search.freshness)


@router.get("/v1/indices", operation_id="indices", openapi_extra=responds_with(Indices), tags=["read"])
async def indices(search: SearchDep) -> Response:
    """List the indexes that the caller can read."""
    return json_response(Indices([IndexName(name) for name in await search.indices()]))
