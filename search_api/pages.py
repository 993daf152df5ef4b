"""The page: server-rendered, all of its state in the address, complete without JavaScript."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
import msgspec
from fastapi import APIRouter, Depends, Query, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from search_api import presentation
from search_api.address import PageAddress
from search_api.freshness import FreshnessView
from search_api.limits import MAX_WINDOW
from search_api.problems import Problem
from search_api.results import Hit, SearchPage
from search_api.routes.asking import Searching
from search_api.schema import IndexSchema
from search_api.search_request import RawRequest

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
MACHINE_PATHS = ("/v1/", "/health", "/openapi.json", "/static/")
EVERYTHING_QUOTED = ""
PAGE_SIZE = 20
PAGE_FACETS = 6

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _document_url(index: str, document_id: str) -> str:
    return f"/{index}/{quote(document_id, safe=EVERYTHING_QUOTED)}"


def _behind(freshness: FreshnessView) -> str:
    """How far behind, in words: seconds, then minutes, then hours."""
    if freshness.lag_ms is None:
        return "freshness unknown"
    seconds = freshness.lag_ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s behind"
    return f"{seconds / 60:.0f} min behind" if seconds < 3600 else f"{seconds / 3600:.0f} h behind"


_templates.filters.update(label=presentation.label, behind=_behind, marked=Markup)
_templates.globals.update(document_url=_document_url)


def wants_page(request: Request) -> bool:
    """Whether an error is for a person."""
    is_page = not request.url.path.startswith(MACHINE_PATHS)
    return is_page and "text/html" in request.headers.get("accept", "")


def _render(template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Response:
    return HTMLResponse(_templates.get_template(template).render(**values), status, headers)


def problem_page(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    """A problem as a page that says what to do."""
    back = f"/{request.path_params['index']}" if request.path_params.get("index") and problem.status != 404 else "/"
    return _render("problem.html", problem.status, headers, problem=problem, back=back, again=str(request.url.path))


@router.get("/")
async def home(search: Searching) -> Response:
    """The indexes, each with its search box."""
    indices = await search.indices()
    return _render("home.html", indices=indices, freshness=await search.freshness())


def _page_address(
    index: str,
    q: Annotated[str, Query()] = "",
    filter: Annotated[list[str] | None, Query()] = None,  # The name is the parameter's.
    sort: Annotated[str, Query()] = "",
    page: Annotated[int, Query()] = 1,
) -> PageAddress:
    return PageAddress(index, q, tuple(filter or ()), sort, page)


def _added_filter(
    field: Annotated[str, Query()] = "", compare: Annotated[str, Query()] = "", value: Annotated[str, Query()] = ""
) -> str:
    """A filter made of the three controls of the form, "" when they were left empty."""
    return f"{field}:{compare}{value}" if field and value else ""


@router.get("/{index}")
async def results(
    search: Searching,
    address: Annotated[PageAddress, Depends(_page_address)],
    added: Annotated[str, Depends(_added_filter)],
) -> Response:
    """The hits of an index."""
    if added:
        return RedirectResponse(address.with_filter(added).url, 303)
    schema = await search.schema(address.index)
    facets = tuple(field.name for field in schema.facets if not field.nested)[:PAGE_FACETS]
    raw = RawRequest(address.q, address.filters, address.sort, facets, PAGE_SIZE, address.page)
    found = await search.search(address.index, raw)
    return _render("results.html", **_results(address, schema, found))


def _results(address: PageAddress, schema: IndexSchema, found: SearchPage) -> dict[str, Any]:
    fields = [field for field in schema.fields if not field.nested]
    seen = address.page * PAGE_SIZE
    return {
        "address": address,
        "found": found,
        "freshness": found.freshness,
        "cards": [
            (hit, presentation.card(presentation.read(hit.document), hit.id), _snippets(hit)) for hit in found.items
        ],
        "facets": [facet for facet in found.facets if len(facet.values) > 1 or address.chosen(facet.field)],
        "sortable": [field for field in fields if field.sortable and field.kind != "text"],
        "filterable": [field for field in schema.fields if field.filterable],
        "next": address.on_page(address.page + 1) if seen < min(found.total.value, MAX_WINDOW) else None,
        "previous": address.on_page(address.page - 1) if address.page > 1 else None,
        "pages": -(-min(found.total.value, MAX_WINDOW) // PAGE_SIZE),
    }


def _snippets(hit: Hit) -> list[tuple[str, str]]:
    """Up to three highlights, each field once, and no text twice."""
    first = {fragments[0]: name for name, fragments in reversed(hit.highlights.items()) if fragments}
    return [(name, fragment) for fragment, name in reversed(first.items())][:3]


@router.get("/{index}/{id:path}")
async def document(search: Searching, index: str, id: str, request: Request) -> Response:
    """One document: its parts, and its JSON."""
    found = await search.document(index, id)
    shown = presentation.part(presentation.read(found.document))
    return _render(
        "document.html",
        index=index,
        found=found,
        freshness=found.freshness,
        part=shown,
        title=presentation.card(presentation.read(found.document), found.id).title,
        json=msgspec.json.format(bytes(found.document), indent=2).decode(),
        api_url=f"/v1/{index}/{quote(found.id, safe=EVERYTHING_QUOTED)}",
    )
