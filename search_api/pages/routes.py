"""The pages. Each turns an address into a question, and the answer into HTML."""

import asyncio
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from search_api.elasticsearch.responses import SearchPage
from search_api.features.histograms import Histogram
from search_api.features.search import Search
from search_api.http.dependencies import SearchDep
from search_api.http.problems import Problem, problem_of
from search_api.pages.address import PageAddress
from search_api.pages.charts import candidates
from search_api.pages.document_view import Section, section
from search_api.pages.filters import filter_words
from search_api.pages.locale import Locale
from search_api.pages.render import render, request_locale
from search_api.pages.results_view import PAGE_SIZE, facet_names, results_view
from search_api.pages.rows import document_url
from search_api.pages.saved_searches import saved_by
from search_api.pages.values import ValueFormatter, read
from search_api.paging.cursor import CursorExpired, InvalidCursor
from search_api.query.limits import MAX_WINDOW
from search_api.query.request import RawRequest
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
MACHINE_PATHS = ("/v1/", "/health", "/openapi.json", "/static/")
LAST_PAGE = MAX_WINDOW // PAGE_SIZE
"""Further on there is only a cursor's way."""
WAYS_OUT = 5
"""Filters that are left out in turn when nothing was found."""


IN_PLACE = {"HX-Retarget": "#fault", "HX-Reselect": "#fault > *", "HX-Push-Url": "false"}
"""What has a script put an answer above the hits that are there already, and leave the address."""


def wants_page(request: Request) -> bool:
    """Whether an error is for a person."""
    is_page = not request.url.path.startswith(MACHINE_PATHS)
    return is_page and ("text/html" in request.headers.get("accept", "") or _by_script(request))


def _by_script(request: Request) -> bool:
    """Whether the page asks for a part of itself."""
    return "hx-request" in request.headers


def problem_page(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    """A problem as a page that says what to do.

    Somebody who follows a link from elsewhere comes without the cookie of their session, since it is kept strictly; when
    the page asks for itself again it comes with it."""
    query = f"?{request.url.query}" if request.url.query else ""
    again = f"{request.url.path}{query}"
    if _by_script(request):
        said = {**headers, **IN_PLACE}
        return render(request, "interrupted.html", problem.status, said, problem=problem, again=again)
    back = f"/{request.path_params['index']}" if request.path_params.get("index") and problem.status != 404 else "/"
    return render(
        request,
        "problem.html",
        problem.status,
        headers,
        problem=problem,
        reload=problem.status == 401 and request.headers.get("sec-fetch-site") == "cross-site",
        back=back,
        again=again,
    )


@router.get("/")
async def home(search: SearchDep, request: Request) -> Response:
    """The indexes, each with its search box."""
    indices = await search.indices()
    saved = saved_by(request, search.caller)
    return render(request, "home.html", indices=indices, freshness=search.freshness, caller=search.caller, saved=saved)


async def _page_address(
    index: str,
    q: Annotated[str, Query()] = "",
    filter: Annotated[list[str] | None, Query()] = None,  # The name is the parameter's.
    sort: Annotated[str, Query()] = "",
    columns: Annotated[list[str] | None, Query()] = None,
    chart: Annotated[str, Query()] = "",
    page: Annotated[int, Query()] = 1,
    cursor: Annotated[str, Query()] = "",
) -> PageAddress:
    names = [name.strip() for one in columns or () for name in one.split(",")]
    return PageAddress(
        index,
        q.strip(),
        tuple(dict.fromkeys(one for one in filter or () if one)),
        sort,
        tuple(dict.fromkeys(name for name in names if name)),
        chart,
        page,
        cursor if page != 1 else "",
    )


async def _asked_address(
    request: Request,
    address: Annotated[PageAddress, Depends(_page_address)],
    field: Annotated[str, Query()] = "",
    compare: Annotated[str, Query()] = "",
    value: Annotated[str, Query()] = "",
) -> PageAddress:
    """The address with what the form's controls add to it: a filter in three parts, and the two bounds of a range."""
    if field and value:
        address = address.with_filter(f"{field}:{compare}{value}")
    for name, bound in request.query_params.multi_items():
        kind, _, ranged = name.partition(" ")
        if kind in BOUNDS and ranged and bound:
            address = address.with_filter(f"{ranged}:{BOUNDS[kind]}{bound}")
    return address


CONSISTENCY = frozenset({"consistency", "at_least", "stale"})
"""Parameters of every route; they belong to one answer and not to the view."""
BOUNDS = {"from": ">=", "to": "<="}


@router.get("/{index}")
async def results(
    search: SearchDep, request: Request, address: Annotated[PageAddress, Depends(_asked_address)]
) -> Response:
    """The hits of an index. An address that says the same in more words leads to the one worth sharing."""
    by_script = _by_script(request)
    said = [pair for pair in request.query_params.multi_items() if pair[0] not in CONSISTENCY]
    if not by_script and said != address.pairs:
        return RedirectResponse(address.url, 303)
    headers = {"HX-Push-Url": address.url} if by_script else {}
    schema = await search.schema(address.index)
    try:
        found, histograms = await _found(search, schema, address, request_locale(request))
    except InvalidRequest as error:
        return _faulty(request, address, error)
    view = results_view(address, schema, found, histograms, request_locale(request))
    ways_out = (
        [] if found.total.value else await _ways_out(search, address, ValueFormatter(request_locale(request), schema))
    )
    return render(
        request,
        "results.html",
        headers=headers,
        view=view,
        address=address,
        ways_out=ways_out,
        caller=search.caller,
        saved=saved_by(request, search.caller, address.index),
    )


async def _found(
    search: Search, schema: IndexSchema, address: PageAddress, reader: Locale
) -> tuple[SearchPage, list[Histogram]]:
    """The hits, and at the same time the bars over them."""
    raw, fields = _raw(schema, address), candidates(schema, address)
    bars = search.histograms(address.index, raw, fields, reader.zone)
    found, histograms = await asyncio.gather(_hits(search, address, raw), bars)
    if found.corrected:
        histograms = await search.histograms(address.index, replace(raw, text=found.corrected), fields, reader.zone)
    return found, histograms


async def _hits(search: Search, address: PageAddress, raw: RawRequest) -> SearchPage:
    """The hits of a page. A cursor whose point in time is gone goes on at the same hit in another one; one that is not
    this reader's, or of this server, leaves the number of the page."""
    if not address.cursor:
        return await search.search(address.index, replace(raw, page=address.page))
    try:
        return await search.search(address.index, raw, address.cursor)
    except CursorExpired:
        return await search.search(address.index, raw, search.paging.renewed(address.index, raw, address.cursor))
    except InvalidCursor:
        return await search.search(address.index, replace(raw, page=min(address.page, LAST_PAGE)))


def _raw(schema: IndexSchema, address: PageAddress) -> RawRequest:
    return RawRequest(address.q, address.filters, address.sort, facet_names(schema, address), PAGE_SIZE)


def _faulty(request: Request, address: PageAddress, error: InvalidRequest) -> Response:
    """What is wrong, beside what was asked; a script puts it above the hits that are there already."""
    problem = problem_of(error)
    in_place = _by_script(request)
    headers = IN_PLACE if in_place else {}
    return render(request, "fault.html", problem.status, headers, address=address, problem=problem, in_place=in_place)


async def _ways_out(search: Search, address: PageAddress, writer: ValueFormatter) -> list[tuple[str, PageAddress, int]]:
    """What else would be found: without one of the filters, or without the text."""
    ways = [(filter_words(one, writer), address.without_filter(one)) for one in address.filters[:WAYS_OUT]]
    if address.q and address.filters:
        ways.append((f"“{address.q}”", address.with_text("")))
    counted = []
    for dropped, way in ways:
        found = await search.search(way.index, RawRequest(way.q, way.filters, "", (), 1, 1))
        if found.total.value:
            counted.append((dropped, way, found.total.value))
    return counted


@router.get("/{index}/{id:path}")
async def document(search: SearchDep, index: str, id: str, request: Request) -> Response:
    """One document: its parts, and its JSON."""
    found = await search.document(index, id)
    schema = await search.schema(index)
    values = read(found.document)
    parts = section(values, ValueFormatter(request_locale(request), schema, values))
    return render(
        request,
        "document.html",
        index=index,
        caller=search.caller,
        found=found,
        freshness=found.freshness,
        section=parts,
        title=_title(parts, found.id),
        json=msgspec.json.format(bytes(found.document), indent=2).decode(),
        own_url=document_url(index, found.id),
        api_url=f"/v1/{index}/_doc/{quote(found.id, safe='')}",
    )


def _title(parts: Section, document_id: str) -> str:
    """The first value of a document; a number says what it counts."""
    first = parts.facts[0] if parts.facts and parts.facts[0].full else None
    if first is None:
        return document_id
    return f"{first.label} {first.text}" if first.kind == "number" else first.full
