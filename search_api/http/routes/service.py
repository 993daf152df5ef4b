"""Whether the service responds_with, how fresh it is, and what can be read."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.freshness.view import FreshnessView
from search_api.http.dependencies import SearchDep, json_response, responds_with

router = APIRouter()


class IndexName(Struct, frozen=True):
    """An index that can be read."""

    name: str


class Indices(Struct, frozen=True):
    """The indexes that can be read."""

    items: list[IndexName]


class Health(Struct, frozen=True):
    """The API and Elasticsearch answer; `freshness` tells of the worker."""

    status: str
    freshness: FreshnessView


SCHEMAS = (FreshnessView, Health, Indices)


@router.get("/health", operation_id="health", openapi_extra=responds_with(Health), tags=["service"])
async def health(search: SearchDep) -> Response:
    """Whether searches can be answered; 503 when Elasticsearch does not answer."""
    await search.ready()
    return json_response(Health("ok", search.freshness))


@router.get("/v1/freshness", operation_id="freshness", openapi_extra=responds_with(FreshnessView), tags=["read"])
async def freshness(search: SearchDep) -> Response:
    """How far the documents have come."""
    return json_response(search.freshness)


@router.get("/v1/indices", operation_id="indices", openapi_extra=responds_with(Indices), tags=["read"])
async def indices(search: SearchDep) -> Response:
    """The indexes that can be read."""
    return json_response(Indices([IndexName(name) for name in await search.indices()]))
