"""Explanations of a document's rank."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from search_api.features.explain import Explanation
from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with
from search_api.query.request import RawRequest

router = APIRouter()
SCHEMAS = (Explanation,)


@router.get(
    "/v1/{index}/explain/{id:path}", operation_id="explain", openapi_extra=responds_with(Explanation), tags=["read"]
)
async def explain(
    search: SearchDep,
    index: IndexPath,
    id: Annotated[str, Path(description="The document's ID, percent-encoded.")],
    q: Annotated[str, Query(description="The text of the search.")] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None, Query(description="The filters of the search; repeatable.")
    ] = None,
) -> Response:
    """Explain which text in which field contributed how much of a document's score, or which parts of the search it
    lacks.
    """
    return json_response(await search.explain(index, RawRequest(q, tuple(filter or ())), id))
