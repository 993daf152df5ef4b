"""Suggestions while a text is typed."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from search_api.features.suggestions import Suggestions
from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with

router = APIRouter()
SCHEMAS = (Suggestions,)


@router.get("/v1/{index}/suggest", operation_id="suggest", openapi_extra=responds_with(Suggestions), tags=["read"])
async def suggest(
    search: SearchDep,
    index: IndexPath,
    q: Annotated[str, Query(description="the text so far", examples=["customer.name:an"])] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None, Query(description="as in a search; values are counted among these documents")
    ] = None,
) -> Response:
    """How a text may go on: names of fields, values with the number of documents, and ways to compare."""
    return json_response(await search.suggest(index, q, tuple(filter or ())))
