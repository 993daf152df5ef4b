"""FastAPI dependencies that the routes share: the caller, the search for one request, common parameters, and JSON."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs

import msgspec
from fastapi import Depends, Header, Path, Query, Request
from starlette.responses import Response

from search_api.access.authorization import Authorization, identity_of
from search_api.access.callers import Caller
from search_api.access.running_searches import RunningSearches
from search_api.access.scoped_reader import ScopedReader
from search_api.access.search_budget import SearchBudget
from search_api.elasticsearch.client import ElasticsearchReader
from search_api.features.search import Search
from search_api.freshness.consistency import (
    EVENTUAL,
    ConsistencyRequest,
    EpochMismatch,
    NotYetConsistent,
    WaitLimits,
    read_consistency,
)
from search_api.freshness.read_your_writes import ReadYourWrites, no_owner
from search_api.paging.pager import Pager
from search_api.paging.point_in_time import PointInTimePool
from search_api.query.limits import MAX_SIZE
from search_api.query.request import RawRequest
from search_api.query.validation import InvalidRequest, ValidationError


async def caller_of(request: Request) -> Caller:
    """The authorized caller of a request. Raises what `Authorization.authorize` raises."""
    authorization: Authorization = request.app.state.authorization
    return authorization.authorize(request)


CurrentCaller = Annotated[Caller, Depends(caller_of)]


@dataclass(frozen=True, slots=True)
class AppState:
    """What the application opens at startup; every request builds its `Search` from it."""

    reader: ElasticsearchReader
    running: RunningSearches
    read_your_writes: ReadYourWrites
    wait_limits: WaitLimits
    secret: bytes
    page_points: PointInTimePool
    export_points: PointInTimePool


async def consistency_of(
    request: Request,
    consistency: Annotated[
        str, Query(description="`eventual` (default), `now`, or `at_least=<token or LSN>`", examples=["now"])
    ] = "",
    at_least: Annotated[
        str, Query(description="A `Rowtide-Token` or an LSN: the response includes every change up to it.")
    ] = "",
    stale: Annotated[
        str, Query(description="`allow`: when the wait times out, return an older result marked as such.")
    ] = "",
    prefer: Annotated[str, Header(description="`wait=5`: the number of seconds to wait for the consistency.")] = "",
) -> ConsistencyRequest:
    """How fresh the response must be."""
    state: AppState = request.app.state.search
    return read_consistency(consistency, at_least, stale, request.headers.getlist("prefer"), state.wait_limits)


async def search_of(
    request: Request, caller: CurrentCaller, consistency: Annotated[ConsistencyRequest, Depends(consistency_of)]
) -> Search:
    """The search of this caller, once the index is as fresh as requested. Routes have no other access to documents."""
    return await _search(request, caller, consistency)


async def prompt_search_of(request: Request, caller: CurrentCaller) -> Search:
    """The same for routes that are open to everybody: they take no consistency, so that nobody without a key holds a
    place of those who wait, or writes a marker into the source's WAL.
    """
    return await _search(request, caller, EVENTUAL)


async def _search(request: Request, caller: Caller, consistency: ConsistencyRequest) -> Search:
    state: AppState = request.app.state.search
    index = request.path_params.get("index")
    read_owner = partial(state.reader.owner, index) if index else no_owner
    try:
        freshness = await state.read_your_writes.reach(consistency, identity_of(request, caller.name), read_owner)
    except (NotYetConsistent, EpochMismatch) as late:
        request.state.answer_headers = late.freshness.headers()
        raise
    applied = {"Preference-Applied": f"wait={consistency.wait:g}"} if consistency.preferred else {}
    request.state.answer_headers = freshness.headers() | applied
    authorization: Authorization = request.app.state.authorization
    identity = identity_of(request, caller.name)
    budget = SearchBudget(authorization.meter(request, caller), state.running, identity)
    reader = ScopedReader(state.reader, caller, budget)
    pager = Pager(reader, state.page_points, caller.secret(state.secret), caller.fingerprint, freshness)
    return Search(reader, freshness, pager, caller)


SearchDep = Annotated[Search, Depends(search_of)]
PromptSearchDep = Annotated[Search, Depends(prompt_search_of)]
IndexPath = Annotated[str, Path(description="An index name from `/v1/indices`.", examples=["orders"])]


async def raw_request(
    q: Annotated[
        str,
        Query(
            description='Words, all of which must match; also "a phrase", -without, (a OR b), field:value and field:>5.'
        ),
    ] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None,
        Query(description="`field:value` or `field:>=value`, also with >, < and <=; repeatable."),
    ] = None,
    sort: Annotated[str, Query(description="Comma-separated fields; a leading `-` means descending.")] = "",
    facet: Annotated[list[str] | None, Query(description="A field whose values are counted; repeatable.")] = None,
    size: Annotated[int, Query(description=f"The number of hits per page, up to {MAX_SIZE}.")] = 20,
    page: Annotated[int, Query(description="The page number, counted from 1; ignored with a cursor.")] = 1,
) -> RawRequest:
    """The unchecked parameters of a search."""
    return RawRequest(q, tuple(filter or ()), sort, tuple(facet or ()), size, page)


SearchParams = Annotated[RawRequest, Depends(raw_request)]


def responds_with(structure: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra`: the response of a route; the structure is one of its module's `SCHEMAS`."""
    return {"x-answer": structure.__name__}


def accepts(structure: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra`: the JSON body of a route; the structure is one of its module's `SCHEMAS`."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{structure.__name__}"}}}
    return {"requestBody": {"required": True, "content": content}}


Body = TypeVar("Body", bound=msgspec.Struct)


async def body_of(request: Request, structure: type[Body]) -> Body:
    """Decode a JSON body. Raises InvalidRequest when it is not JSON or does not fit the structure."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        message = "content-type: send the body as JSON with `Content-Type: application/json`."
        raise InvalidRequest(ValidationError("content-type", message))
    try:
        return msgspec.json.decode(await request.body(), type=structure)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(ValidationError("body", f"body: {error}")) from None


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, the first value of each."""
    fields = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response, encoded by msgspec so that raw documents pass through unchanged."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")
