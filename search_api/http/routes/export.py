"""The whole result of a search as a file."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from msgspec import Struct
from starlette.responses import Response, StreamingResponse

from search_api.access.authorization import network_of
from search_api.exports.columns import chosen_columns, default_columns
from search_api.exports.formats import Csv, Format, Ndjson
from search_api.exports.parquet import Parquet
from search_api.exports.stream import ExportOutcome, ExportPart, open_export
from search_api.freshness.view import at_position
from search_api.http.dependencies import AppState, IndexPath, SearchDep, accepts, body_of
from search_api.query.request import RawRequest
from search_api.query.schema import IndexSchema

router = APIRouter()
FILE = {"x-files": [Csv.media_type, Ndjson.media_type, Parquet.media_type]}

Named = Literal["csv", "ndjson", "parquet"]
"""What an export can be."""


class ExportRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What to export, and as what. `q`, `filter` and `sort` mean what they mean in a search.

    `columns` are fields, or parts of the document; without them CSV and Parquet have the fields outside of arrays and each array as JSON,
    and NDJSON has the document as it is. `limit` is the number of rows of this part.
    To go on after a break: the same again with `resume` (the header `Rowtide-Export`) and the number of `rows` that arrived whole."""

    format: Named = "ndjson"
    q: str = ""
    filter: list[str] = []
    sort: str = ""
    columns: list[str] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=2**31)] | None = None
    resume: str = ""
    rows: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


SCHEMAS = (ExportRequest,)


async def _asked(
    format: Annotated[Named, Query(description="what it becomes")] = "ndjson",
    q: Annotated[str, Query(description="as in a search")] = "",
    filter: Annotated[list[str] | None, Query(description="as in a search")] = None,
    sort: Annotated[str, Query(description="as in a search; without it the order is the fastest one")] = "",
    columns: Annotated[str, Query(description="fields or parts of the document, comma-separated")] = "",
    limit: Annotated[int | None, Query(ge=1, le=2**31, description="rows of this part")] = None,
    resume: Annotated[str, Query(description="`Rowtide-Export` of the part before")] = "",
    rows: Annotated[int, Query(ge=0, le=2**31, description="with `resume`: the rows that arrived whole")] = 0,
) -> ExportRequest:
    named = [name.strip() for name in columns.split(",") if name.strip()]
    return ExportRequest(format, q, filter or [], sort, named, limit, resume, rows)


@router.get("/v1/{index}/export", operation_id="export", openapi_extra=FILE, tags=["read"])
async def export(
    request: Request, search: SearchDep, index: IndexPath, asked: Annotated[ExportRequest, Depends(_asked)]
) -> Response:
    """Export every document that matches, as of one moment. A break shows as an answer that ends without its end."""
    return await _export(request, search, index, asked)


@router.post(
    "/v1/{index}/export", operation_id="export_by_body", openapi_extra=FILE | accepts(ExportRequest), tags=["read"]
)
async def export_by_body(request: Request, search: SearchDep, index: IndexPath) -> Response:
    """The same, asked for by a JSON body."""
    return await _export(request, search, index, await body_of(request, ExportRequest))


async def _export(request: Request, search: SearchDep, index: str, asked: ExportRequest) -> Response:
    form = _format(asked, await search.schema(index))
    raw = RawRequest(asked.q, tuple(asked.filter), asked.sort)
    state: AppState = request.app.state.search
    going = ExportPart(asked.resume, asked.rows, asked.limit)
    export = await open_export(search, state.export_points, index, raw, going)
    seen = at_position(search.freshness, export.seen)
    audit = request.app.state.audit
    noted = msgspec.json.encode(msgspec.structs.replace(asked, resume="")).decode()
    number = audit.begin(search.caller, network_of(request), index, noted, asked.format)

    def ended(rows: int, how: ExportOutcome) -> None:
        audit.end(number, rows, how)

    headers = {
        "Rowtide-Export": export.token,
        "Rowtide-Rows": str(export.total),
        "Content-Disposition": f'attachment; filename="{index}.{asked.format}"',
        "Cache-Control": "no-store",
    }
    request.state.answer_headers |= seen.headers()
    return StreamingResponse(export.stream(form, ended), headers=headers, media_type=form.media_type)


def _format(asked: ExportRequest, schema: IndexSchema) -> Format:
    chosen = chosen_columns(asked.columns, schema) if asked.columns else None
    match asked.format:
        case "csv":
            return Csv(chosen or default_columns(schema), header=not asked.rows)
        case "parquet":
            return Parquet(chosen or default_columns(schema))
        case "ndjson":
            return Ndjson(chosen)
