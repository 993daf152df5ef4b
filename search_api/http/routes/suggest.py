"""Completions of a text that is being typed."""

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
    q: Annotated[str, Query(description="The text so far.", examples=["customer.name:an"])] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None, Query(description="As in a search; values are counted in the matching documents.")
    ] = None,
) -> Response:
    """Suggest completions of a text: field names, values with the number of documents, and comparisons."""
    return json_response(await search.suggest(index, q, tuple(filter or ())))
