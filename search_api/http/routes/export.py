"""Exports of the whole result of a search."""

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

FormatName = Literal["csv", "ndjson", "parquet"]


class ExportRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What to export, and in which format. `q`, `filter` and `sort` are those of a search.

    `columns` are fields, objects or arrays. By default CSV and Parquet contain the fields outside of arrays and each
    array as JSON, and NDJSON the whole document. `limit` is the number of rows of this part. To resume an interrupted
    export, repeat the request with `resume` (the header `Rowtide-Export`) and the number of complete `rows` received.
    """

    format: FormatName = "ndjson"
    q: str = ""
    filter: list[str] = []
    sort: str = ""
    columns: list[str] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=2**31)] | None = None
    resume: str = ""
    rows: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0


SCHEMAS = (ExportRequest,)


async def _export_params(
    format: Annotated[FormatName, Query(description="The file format.")] = "ndjson",
    q: Annotated[str, Query(description="As in a search.")] = "",
    filter: Annotated[list[str] | None, Query(description="As in a search.")] = None,
    sort: Annotated[str, Query(description="As in a search; by default the order is arbitrary.")] = "",
    columns: Annotated[str, Query(description="Comma-separated fields, objects or arrays.")] = "",
    limit: Annotated[int | None, Query(ge=1, le=2**31, description="The number of rows of this part.")] = None,
    resume: Annotated[str, Query(description="`Rowtide-Export` of the first part.")] = "",
    rows: Annotated[int, Query(ge=0, le=2**31, description="With `resume`: the number of complete rows received.")] = 0,
) -> ExportRequest:
    names = [name.strip() for name in columns.split(",") if name.strip()]
    return ExportRequest(format, q, filter or [], sort, names, limit, resume, rows)


@router.get("/v1/{index}/export", operation_id="export", openapi_extra=FILE, tags=["read"])
async def export(
    request: Request, search: SearchDep, index: IndexPath, params: Annotated[ExportRequest, Depends(_export_params)]
) -> Response:
    """Export every document that matches, as of one moment. If the export is interrupted, the chunked response ends
    without a final chunk.
    """
    return await _export(request, search, index, params)


@router.post(
    "/v1/{index}/export", operation_id="export_by_body", openapi_extra=FILE | accepts(ExportRequest), tags=["read"]
)
async def export_by_body(request: Request, search: SearchDep, index: IndexPath) -> Response:
    """The same with a JSON body."""
    return await _export(request, search, index, await body_of(request, ExportRequest))


async def _export(request: Request, search: SearchDep, index: str, params: ExportRequest) -> Response:
    file_format = _format(params, await search.schema(index))
    raw = RawRequest(params.q, tuple(params.filter), params.sort)
    state: AppState = request.app.state.search
    part = ExportPart(params.resume, params.rows, params.limit)
    export = await open_export(search, state.export_points, index, raw, part)
    freshness = at_position(search.freshness, export.seen)
    audit = request.app.state.audit
    query = msgspec.json.encode(msgspec.structs.replace(params, resume="")).decode()
    audit_id = audit.begin(search.caller, network_of(request), index, query, params.format)

    def on_end(rows: int, outcome: ExportOutcome) -> None:
        audit.end(audit_id, rows, outcome)

    headers = {
        "Rowtide-Export": export.token,
        "Rowtide-Rows": str(export.total),
        "Content-Disposition": f'attachment; filename="{index}.{params.format}"',
        "Cache-Control": "no-store",
    }
    request.state.answer_headers |= freshness.headers()
    return StreamingResponse(export.stream(file_format, on_end), headers=headers, media_type=file_format.media_type)


def _format(params: ExportRequest, schema: IndexSchema) -> Format:
    columns = chosen_columns(params.columns, schema) if params.columns else None
    match params.format:
        case "csv":
            return Csv(columns or default_columns(schema), header=not params.rows)
        case "parquet":
            return Parquet(columns or default_columns(schema))
        case "ndjson":
            return Ndjson(columns)
