"""Searching an index."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from search_api.elasticsearch.responses import SearchPage
from search_api.http.dependencies import Asked, Index, Searching, answers, as_json

router = APIRouter()
ANSWERS = (SearchPage,)


@router.get("/v1/{index}/search", operation_id="search", openapi_extra=answers(SearchPage), tags=["read"])
async def search_index(
    request: Request,
    search: Searching,
    index: Index,
    asked: Asked,
    cursor: Annotated[
        str, Query(description="`next_cursor` of the page before, `previous_cursor` of the page behind, or `start`")
    ] = "",
) -> Response:
    """Search an index. The best match comes first, or the latest change when there are no words."""
    page = await search.search(index, asked, cursor)
    request.state.answer_headers |= page.freshness.headers()
    return as_json(page)
