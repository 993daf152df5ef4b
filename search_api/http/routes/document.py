"""One document by its id."""

from typing import Annotated

from fastapi import APIRouter, Header, Path
from starlette.responses import Response

from search_api.elasticsearch.responses import Document
from search_api.features.search import Search
from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with

router = APIRouter()
SCHEMAS = (Document,)


@router.get(
    "/v1/{index}/_doc/{id:path}", operation_id="document_by_id", openapi_extra=responds_with(Document), tags=["read"]
)
async def document_by_id(
    search: SearchDep,
    index: IndexPath,
    id: Annotated[str, Path(description="any id, percent-encoded")],
    if_none_match: Annotated[str, Header(description="an ETag; 304 if the document still has it")] = "",
) -> Response:
    """One document as it is now. This address takes every id, also one that is called like an address of the API."""
    return await _document(search, index, id, if_none_match)


@router.get("/v1/{index}/{id:path}", operation_id="document", openapi_extra=responds_with(Document), tags=["read"])
async def document(
    search: SearchDep,
    index: IndexPath,
    id: Annotated[str, Path(description="the document's id, percent-encoded")],
    if_none_match: Annotated[str, Header(description="an ETag; 304 if the document still has it")] = "",
) -> Response:
    """One document as it is now, also before a search sees it. An id like `search` or `export` is asked for below `_doc/`."""
    return await _document(search, index, id, if_none_match)


async def _document(search: Search, index: str, id: str, if_none_match: str) -> Response:
    found = await search.document(index, id)
    tag = f'W/"{found.version}-{search.caller.fingerprint}"'
    if not {tag, "*"}.isdisjoint(one.strip() for one in if_none_match.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return json_response(found, headers={"ETag": tag})
