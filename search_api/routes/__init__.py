"""The HTTP API, a module a subject. `reading` comes last: its `/v1/{index}/{id}` would take every other address."""

from fastapi import APIRouter

from search_api.routes import aggregating, exporting, fields, reading, searching, service, sessions

SUBJECTS = (service, sessions, fields, searching, aggregating, exporting, reading)
"""Each module has a `router`, and `ANSWERS`: the structures that its routes answer with, for the OpenAPI document."""

router = APIRouter()
for subject in SUBJECTS:
    router.include_router(subject.router)

ANSWERS = tuple(answer for subject in SUBJECTS for answer in subject.ANSWERS)
