"""The pages. Each route turns an address into a search, and the result into HTML."""

import asyncio
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from search_api.elasticsearch.responses import SearchPage
from search_api.errors import CursorExpired, InvalidCursor
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
from search_api.pages.values import ValueFormatter, parse_document
from search_api.query.limits import MAX_WINDOW
from search_api.query.request import RawRequest
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
MACHINE_PATHS = ("/v1/", "/health", "/openapi.json", "/static/")
LAST_PAGE = MAX_WINDOW // PAGE_SIZE
"""Later pages need a cursor."""
MAX_ALTERNATIVES = 5
"""Filters that are removed in turn when there are no hits."""

IN_PLACE = {"HX-Retarget": "#fault", "HX-Reselect": "#fault > *", "HX-Push-Url": "false"}
"""Headers that make htmx show a response above the current hits, and keep the address."""


def wants_page(request: Request) -> bool:
    """Whether an error is shown to a person."""
    is_page = not request.url.path.startswith(MACHINE_PATHS)
    return is_page and ("text/html" in request.headers.get("accept", "") or _by_script(request))


def _by_script(request: Request) -> bool:
    """Whether htmx sent the request."""
    return "hx-request" in request.headers


def problem_page(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    """A problem as a page that explains what to do.

    A visitor who follows a link from another site comes without the session cookie, which is SameSite=Strict; when the
    page reloads itself, the browser sends the cookie.
    """
    query = f"?{request.url.query}" if request.url.query else ""
    again = f"{request.url.path}{query}"
    if _by_script(request):
        in_place_headers = {**headers, **IN_PLACE}
        return render(request, "inline_problem.html", problem.status, in_place_headers, problem=problem, again=again)
    start = f"/{request.path_params['index']}" if request.path_params.get("index") and problem.status != 404 else "/"
    return render(
        request,
        "problem.html",
        problem.status,
        headers,
        problem=problem,
        reload=problem.status == 401 and request.headers.get("sec-fetch-site") == "cross-site",
        back=start,
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
    names = [name.strip() for value in columns or () for name in value.split(",")]
    return PageAddress(
        index,
        q.strip(),
        tuple(dict.fromkeys(value for value in filter or () if value)),
        sort,
        tuple(dict.fromkeys(name for name in names if name)),
        chart,
        page,
        cursor if page != 1 else "",
    )


async def _form_address(
    request: Request,
    address: Annotated[PageAddress, Depends(_page_address)],
    field: Annotated[str, Query()] = "",
    compare: Annotated[str, Query()] = "",
    value: Annotated[str, Query()] = "",
) -> PageAddress:
    """The address with the form's inputs added: a filter in three parts, and the two bounds of a range."""
    if field and value:
        address = address.with_filter(f"{field}:{compare}{value}")
    for name, bound in request.query_params.multi_items():
        kind, _, ranged = name.partition(" ")
        if kind in BOUNDS and ranged and bound:
            address = address.with_filter(f"{ranged}:{BOUNDS[kind]}{bound}")
    return address


CONSISTENCY = frozenset({"consistency", "at_least", "stale"})
"""Parameters that every route accepts; they are not part of the view."""
BOUNDS = {"from": ">=", "to": "<="}


@router.get("/{index}")
async def results(
    search: SearchDep, request: Request, address: Annotated[PageAddress, Depends(_form_address)]
) -> Response:
    """The hits of an index. An address with redundant parameters redirects to the canonical one."""
    by_script = _by_script(request)
    parameters = [pair for pair in request.query_params.multi_items() if pair[0] not in CONSISTENCY]
    if not by_script and parameters != address.pairs:
        return RedirectResponse(address.url, 303)
    headers = {"HX-Push-Url": address.url} if by_script else {}
    schema, locale = await search.schema(address.index), request_locale(request)
    try:
        result, histograms = await _hits_and_chart(search, schema, address, locale)
    except InvalidRequest as error:
        return _invalid_request_page(request, address, error)
    view = results_view(address, schema, result, histograms, locale)
    formatter = ValueFormatter(locale, schema)
    alternatives = [] if result.total.value else await _alternatives(search, address, formatter)
    return render(
        request,
        "results.html",
        headers=headers,
        view=view,
        address=address,
        alternatives=alternatives,
        caller=search.caller,
        saved=saved_by(request, search.caller, address.index),
    )


async def _hits_and_chart(
    search: Search, schema: IndexSchema, address: PageAddress, locale: Locale
) -> tuple[SearchPage, list[Histogram]]:
    """The hits and the histograms, searched for at the same time."""
    raw, fields = _raw(schema, address), candidates(schema, address)
    bars = search.histograms(address.index, raw, fields, locale.zone)
    result, histograms = await asyncio.gather(_search_page(search, address, raw), bars)
    if result.corrected:
        histograms = await search.histograms(address.index, replace(raw, text=result.corrected), fields, locale.zone)
    return result, histograms


async def _search_page(search: Search, address: PageAddress, raw: RawRequest) -> SearchPage:
    """The hits of a page. A cursor whose point in time has expired continues at the same hit in a new one; with an
    invalid cursor, the page number is used.
    """
    if not address.cursor:
        return await search.search(address.index, replace(raw, page=address.page))
    try:
        return await search.search(address.index, raw, address.cursor)
    except CursorExpired:
        return await search.search(address.index, raw, search.pager.renewed(address.index, raw, address.cursor))
    except InvalidCursor:
        return await search.search(address.index, replace(raw, page=min(address.page, LAST_PAGE)))


def _raw(schema: IndexSchema, address: PageAddress) -> RawRequest:
    return RawRequest(address.q, address.filters, address.sort, facet_names(schema, address), PAGE_SIZE)


def _invalid_request_page(request: Request, address: PageAddress, error: InvalidRequest) -> Response:
    """The errors, next to the request; htmx shows them above the current hits."""
    problem = problem_of(error)
    in_place = _by_script(request)
    headers = IN_PLACE if in_place else {}
    return render(
        request, "invalid_request.html", problem.status, headers, address=address, problem=problem, in_place=in_place
    )


async def _alternatives(
    search: Search, address: PageAddress, formatter: ValueFormatter
) -> list[tuple[str, PageAddress, int]]:
    """Searches that have hits: without one of the filters, or without the text."""
    relaxed = [
        (filter_words(filter_, formatter), address.without_filter(filter_))
        for filter_ in address.filters[:MAX_ALTERNATIVES]
    ]
    if address.q and address.filters:
        relaxed.append((f"“{address.q}”", address.with_text("")))
    counted = []
    for dropped, relaxed_address in relaxed:
        hits = await search.count(relaxed_address.index, RawRequest(relaxed_address.q, relaxed_address.filters))
        if hits:
            counted.append((dropped, relaxed_address, hits))
    return counted


@router.get("/{index}/{id:path}")
async def document(search: SearchDep, index: str, id: str, request: Request) -> Response:
    """The page of one document: its sections, and its JSON."""
    result = await search.document(index, id)
    schema = await search.schema(index)
    values = parse_document(result.document)
    root = section(values, ValueFormatter(request_locale(request), schema, values))
    return render(
        request,
        "document.html",
        index=index,
        caller=search.caller,
        result=result,
        freshness=result.freshness,
        section=root,
        title=_title(root, result.id),
        json=msgspec.json.format(bytes(result.document), indent=2).decode(),
        own_url=document_url(index, result.id),
        api_url=f"/v1/{index}/_doc/{quote(result.id, safe='')}",
    )


def _title(root: Section, document_id: str) -> str:
    """The first value of a document; a number with its label."""
    first = root.facts[0] if root.facts and root.facts[0].full else None
    if first is None:
        return document_id
    return f"{first.label} {first.text}" if first.kind == "number" else first.full
