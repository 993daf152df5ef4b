"""Aggregates over an index."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from search_api.features.aggregates.aggregate import Aggregate, aggregate
from search_api.features.aggregates.request import RawAggregate, non_empty
from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with
from search_api.query.limits import MAX_TOP
from search_api.query.request import RawRequest

router = APIRouter()
SCHEMAS = (Aggregate,)


async def _aggregate_params(
    by: Annotated[
        list[str] | None,
        Query(
            description="`field` (its values), `date:week` (minute, hour, day, week, month, quarter, year) or"
            " `number:50` (steps); repeatable, up to three.",
            examples=[["placed_at:week", "lines.product.category"]],
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        Query(
            description="`count`, or `sum:field`, `avg:field`, `min:field`, `max:field`, `percentiles:field:50,95`;"
            " repeatable, up to six.",
            examples=[["sum:lines.total"]],
        ),
    ] = None,
    top: Annotated[int, Query(description=f"The number of values per dimension, up to {MAX_TOP}.")] = 10,
    top_by: Annotated[
        str,
        Query(description="The measure that orders the values of a dimension; by default they are ordered by count."),
    ] = "",
    zone: Annotated[
        str, Query(description="The time zone in which days and weeks begin.", examples=["Europe/Lisbon"])
    ] = "UTC",
) -> RawAggregate:
    return RawAggregate(non_empty(by or ()), non_empty(measure or ()), top, top_by, zone)


@router.get("/v1/{index}/aggregate", operation_id="aggregate", openapi_extra=responds_with(Aggregate), tags=["read"])
async def aggregate_index(
    search: SearchDep,
    index: IndexPath,
    params: Annotated[RawAggregate, Depends(_aggregate_params)],
    q: Annotated[str, Query(description="As in a search.")] = "",
    filter: Annotated[
        list[str] | None, Query(description="As in a search; on an array it also selects the elements that count.")
    ] = None,
) -> Response:
    """Aggregate the documents that match, by up to three dimensions."""
    return json_response(
        await aggregate(search.reader, search.freshness, index, RawRequest(q, tuple(filter or ())), params)
    )
