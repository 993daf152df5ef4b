"""The HTTP API, a module a subject. `document` comes last: its `/v1/{index}/{id}` would take every other address."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from search_api.http.routes import (
    aggregates,
    document,
    explain,
    export,
    fields,
    search,
    service,
    sessions,
    suggest,
)

SUBJECTS = (service, sessions, fields, search, suggest, explain, aggregates, export, document)
"""Each module has a `router`, and `ANSWERS`: the structures that its routes answer with, for the OpenAPI document."""

router = APIRouter()
for subject in SUBJECTS:
    router.include_router(subject.router)

METHODS: dict[str, set[str]] = {}
"""What each address takes; several routes may share one."""
for subject in SUBJECTS:
    for route in subject.router.routes:
        if isinstance(route, APIRoute):
            METHODS.setdefault(route.path, set()).update(route.methods or ())

ANSWERS = tuple(answer for subject in SUBJECTS for answer in subject.ANSWERS)
