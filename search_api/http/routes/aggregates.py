"""Adding up an index."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from search_api.features.aggregates.aggregate import Aggregate, aggregate
from search_api.features.aggregates.request import RawAggregate, values_of
from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with
from search_api.query.limits import MAX_TOP
from search_api.query.request import RawRequest

router = APIRouter()
SCHEMAS = (Aggregate,)


async def _aggregate_params(
    by: Annotated[
        list[str] | None,
        Query(
            description="`field` (its values), `date:week` (minute, hour, day, week, month, quarter, year) or `number:50` (steps);"
            " up to three, repeated",
            examples=[["placed_at:week", "lines.product.category"]],
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        Query(
            description="`count`, or `sum:field`, `avg:field`, `min:field`, `max:field`, `percentiles:field:50,95`; up to six, repeated",
            examples=[["sum:lines.total"]],
        ),
    ] = None,
    top: Annotated[int, Query(description=f"values of each dimension, up to {MAX_TOP}")] = 10,
    top_by: Annotated[
        str, Query(description="the measure by which these are the first; without it the most frequent")
    ] = "",
    zone: Annotated[
        str, Query(description="the time zone that days and weeks begin in", examples=["Europe/Lisbon"])
    ] = "UTC",
) -> RawAggregate:
    return RawAggregate(values_of(by or ()), values_of(measure or ()), top, top_by, zone)


@router.get("/v1/{index}/aggregate", operation_id="aggregate", openapi_extra=responds_with(Aggregate), tags=["read"])
async def aggregate_index(
    search: SearchDep,
    index: IndexPath,
    params: Annotated[RawAggregate, Depends(_aggregate_params)],
    q: Annotated[str, Query(description="as in a search")] = "",
    filter: Annotated[
        list[str] | None, Query(description="as in a search; on an array it also chooses the elements that count")
    ] = None,
) -> Response:
    """Add up the documents that match, by up to three dimensions."""
    return json_response(
        await aggregate(search.reader, search.freshness, index, RawRequest(q, tuple(filter or ())), params)
    )
