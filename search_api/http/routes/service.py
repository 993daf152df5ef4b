"""Whether the service answers, how fresh it is, and what can be read."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.freshness.view import FreshnessView
from search_api.http.dependencies import Searching, answers, as_json

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


ANSWERS = (FreshnessView, Health, Indices)


@router.get("/health", operation_id="health", openapi_extra=answers(Health), tags=["service"])
async def health(search: Searching) -> Response:
    """Whether searches can be answered; 503 when Elasticsearch does not answer."""
    await search.ready()
    return as_json(Health("ok", search.freshness))


@router.get("/v1/freshness", operation_id="freshness", openapi_extra=answers(FreshnessView), tags=["read"])
async def freshness(search: Searching) -> Response:
    """How far the documents have come."""
    return as_json(search.freshness)


@router.get("/v1/indices", operation_id="indices", openapi_extra=answers(Indices), tags=["read"])
async def indices(search: Searching) -> Response:
    """The indexes that can be read."""
    return as_json(Indices([IndexName(name) for name in await search.indices()]))
