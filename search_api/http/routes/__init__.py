"""The HTTP API, one module per subject. `document` comes last: its `/v1/{index}/{id}` matches every other address."""

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
"""Each module has a `router`, and `SCHEMAS`: the structures of its requests and responses, for the OpenAPI document."""

router = APIRouter()
for subject in SUBJECTS:
    router.include_router(subject.router)

METHODS: dict[str, set[str]] = {}
"""The methods of each path; several routes may share a path."""
for subject in SUBJECTS:
    for route in subject.router.routes:
        if isinstance(route, APIRoute):
            METHODS.setdefault(route.path, set()).update(route.methods or ())

SCHEMAS = tuple(schema for subject in SUBJECTS for schema in subject.SCHEMAS)
