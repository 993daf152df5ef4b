"""What the routes share: the reading side of a request, parameters that several have, and answers as bytes."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Header, Path, Query, Request
from starlette.responses import Response

from search_api.access.authorization import Admission
from search_api.access.callers import Caller
from search_api.access.scoped_reader import CallerReader
from search_api.elasticsearch.client import IndexReader
from search_api.features.search import Search
from search_api.freshness.consistency import AnotherEpoch, Demand, NotYetConsistent, Waits, read_demand
from search_api.freshness.read_your_writes import Consistency
from search_api.paging.pager import Paging
from search_api.paging.point_in_time import OpenPoints
from search_api.query.limits import MAX_SIZE
from search_api.query.request import RawRequest
from search_api.query.validation import Fault, RequestFaults


async def caller_of(request: Request) -> Caller:
    """Who asks; raises what stands in their way."""
    admission: Admission = request.app.state.admission
    return admission.admit(request)


Calling = Annotated[Caller, Depends(caller_of)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the application made when it started, from which each request gets its reading side."""

    reader: IndexReader
    consistency: Consistency
    waits: Waits
    secret: bytes
    points: OpenPoints
    exports: OpenPoints


async def demand_of(
    request: Request,
    consistency: Annotated[
        str, Query(description="`eventual` (default), `now`, or `at_least=<token or LSN>`", examples=["now"])
    ] = "",
    at_least: Annotated[
        str, Query(description="a `Rowtide-Token`, or an LSN: the answer sees everything up to it")
    ] = "",
    stale: Annotated[str, Query(description="`allow`: when it takes too long, an older answer that says so")] = "",
    prefer: Annotated[str, Header(description="`wait=5`: seconds to wait for what was asked")] = "",
) -> Demand:
    """How fresh the answer has to be."""
    reading: Reading = request.app.state.reading
    return read_demand(consistency, at_least, stale, request.headers.getlist("prefer"), reading.waits)


async def search_of(request: Request, caller: Calling, demand: Annotated[Demand, Depends(demand_of)]) -> Search:
    """The reading side for this caller, as fresh as it has to be. It is the only way of a route to documents."""
    reading: Reading = request.app.state.reading
    try:
        freshness = await reading.consistency.reach(demand)
    except (NotYetConsistent, AnotherEpoch) as late:
        request.state.answer_headers = late.freshness.headers()
        raise
    applied = {"Preference-Applied": f"wait={demand.wait:g}"} if demand.preferred else {}
    request.state.answer_headers = freshness.headers() | applied
    admission: Admission = request.app.state.admission
    reader = CallerReader(reading.reader, caller, admission.meter(request, caller))
    paging = Paging(reader, reading.points, caller.secret(reading.secret), caller.fingerprint, freshness)
    return Search(reader, freshness, paging, caller)


Searching = Annotated[Search, Depends(search_of)]
Index = Annotated[str, Path(description="a name from `/v1/indices`", examples=["orders"])]


async def raw_request(
    q: Annotated[
        str, Query(description='words, all of which must match; "a phrase", -without, (a OR b), field:value, field:>5')
    ] = "",
    filter: Annotated[  # The name is the parameter's.
        list[str] | None, Query(description="`field:value`, `field:>=value`, also with >, <, <=; may be repeated")
    ] = None,
    sort: Annotated[str, Query(description="fields, comma-separated; `-` in front means descending")] = "",
    facet: Annotated[list[str] | None, Query(description="fields whose values are counted; may be repeated")] = None,
    size: Annotated[int, Query(description=f"hits of a page, up to {MAX_SIZE}")] = 20,
    page: Annotated[int, Query(description="the page's number from 1; ignored with a cursor")] = 1,
) -> RawRequest:
    """The parameters of a search, as they came."""
    return RawRequest(q, tuple(filter or ()), sort, tuple(facet or ()), size, page)


Asked = Annotated[RawRequest, Depends(raw_request)]


def answers(structure: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra`: what a route answers with; the structure is one of its module's `ANSWERS`."""
    return {"x-answer": structure.__name__}


def takes(structure: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra`: the JSON body of a route; the structure is one of its module's `ANSWERS`."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{structure.__name__}"}}}
    return {"requestBody": {"required": True, "content": content}}


Body = TypeVar("Body", bound=msgspec.Struct)


async def body_of(request: Request, structure: type[Body]) -> Body:
    """A JSON body; raises RequestFaults."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RequestFaults((Fault("content-type", "content-type: send JSON, as application/json."),))
    try:
        return msgspec.json.decode(await request.body(), type=structure)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestFaults((Fault("body", f"body: {error}"),)) from None


def as_json(answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer as JSON."""
    return Response(msgspec.json.encode(answer), status, headers, "application/json")
