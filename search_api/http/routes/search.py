"""Searches of an index."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from search_api.elasticsearch.responses import SearchPage
from search_api.http.dependencies import IndexPath, SearchDep, SearchParams, json_response, responds_with

router = APIRouter()
SCHEMAS = (SearchPage,)


@router.get("/v1/{index}/search", operation_id="search", openapi_extra=responds_with(SearchPage), tags=["read"])
async def search_index(
    request: Request,
    search: SearchDep,
    index: IndexPath,
    params: SearchParams,
    cursor: Annotated[
        str, Query(description="`next_cursor` of the previous page, `previous_cursor` of the next page, or `start`.")
    ] = "",
) -> Response:
    """Search an index. The best match comes first; without words, the latest change does."""
    page = await search.search(index, params, cursor)
    request.state.answer_headers |= page.freshness.headers()
    return json_response(page)
