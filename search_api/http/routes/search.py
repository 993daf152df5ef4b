"""Searching an index."""

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
    asked: SearchParams,
    cursor: Annotated[
        str, Query(description="`next_cursor` of the page before, `previous_cursor` of the page behind, or `start`")
    ] = "",
) -> Response:
    """Search an index. The best match comes first, or the latest change when there are no words."""
    page = await search.search(index, asked, cursor)
    request.state.answer_headers |= page.freshness.headers()
    return json_response(page)
