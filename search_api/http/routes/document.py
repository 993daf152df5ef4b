"""One document by its ID."""

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
    id: Annotated[str, Path(description="Any ID, percent-encoded.")],
    if_none_match: Annotated[str, Header(description="An ETag; 304 if the document still has it.")] = "",
) -> Response:
    """Get a document at this moment. This address accepts every ID, even one that equals another address of the API."""
    return await _document(search, index, id, if_none_match)


@router.get("/v1/{index}/{id:path}", operation_id="document", openapi_extra=responds_with(Document), tags=["read"])
async def document(
    search: SearchDep,
    index: IndexPath,
    id: Annotated[str, Path(description="The document's ID, percent-encoded.")],
    if_none_match: Annotated[str, Header(description="An ETag; 304 if the document still has it.")] = "",
) -> Response:
    """Get a document at this moment, before a search sees it. Use `_doc/` for IDs such as `search` or `export`."""
    return await _document(search, index, id, if_none_match)


async def _document(search: Search, index: str, id: str, if_none_match: str) -> Response:
    document = await search.document(index, id)
    tag = f'W/"{document.version}-{search.caller.fingerprint}"'
    if not {tag, "*"}.isdisjoint(value.strip() for value in if_none_match.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return json_response(document, headers={"ETag": tag})
