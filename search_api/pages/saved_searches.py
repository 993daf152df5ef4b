"""Saved searches, as forms of the page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from search_api.access.callers import Caller
from search_api.access.saved_searches import InvalidSavedSearch, SavedSearch, SavedSearches
from search_api.http.dependencies import CurrentCaller, SearchDep, form_of
from search_api.http.routes.sessions import same_site_address
from search_api.query.validation import InvalidRequest, ValidationError

router = APIRouter(include_in_schema=False)


Form = Annotated[dict[str, str], Depends(form_of)]


def saved_by(request: Request, caller: Caller, index: str = "") -> list[SavedSearch]:
    """The caller's saved searches, in one index or in all; none without the scope `save`."""
    searches: SavedSearches = request.app.state.saved_searches
    return searches.all(caller.name, index) if caller.may("save") else []


@router.post("/saved")
async def save_search(request: Request, search: SearchDep, form: Form) -> Response:
    """Save a view under a name, and redirect back to it."""
    index, query = form.get("index", ""), form.get("query", "")
    await search.schema(index)
    searches: SavedSearches = request.app.state.saved_searches
    try:
        searches.save(search.caller.name, index, form.get("name", ""), query)
    except InvalidSavedSearch as error:
        raise InvalidRequest(ValidationError("name", str(error))) from None
    return RedirectResponse(f"/{index}" + (f"?{query}" if query else ""), 303)


@router.post("/saved/remove")
async def remove_search(request: Request, caller: CurrentCaller, form: Form) -> Response:
    """Remove a saved search, and redirect to the page it was removed from."""
    searches: SavedSearches = request.app.state.saved_searches
    searches.remove(caller.name, form.get("id", ""))
    return RedirectResponse(same_site_address(form.get("next", "/")), 303)
