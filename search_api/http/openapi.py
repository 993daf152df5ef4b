"""The OpenAPI document. Its schemas come from the structures that the routes encode."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from msgspec import Struct

from search_api.access.authorization import OPERATIONS
from search_api.http.problems import MEDIA_TYPE, Problem

PROBLEMS = {
    "400": "The search or the cursor was rejected.",
    "401": "The API key is missing or invalid.",
    "403": "The API key lacks the required scope.",
    "404": "The index or the document does not exist.",
    "405": "The address does not support the method; `Allow` lists the supported methods.",
    "409": "The token belongs to another epoch of the documents.",
    "410": "The cursor has expired; start again without it.",
    "421": "The API is not served under the host name of the request.",
    "422": "The request is invalid; `errors` lists every error.",
    "429": "The rate limit is exceeded; retry after `Retry-After` seconds.",
    "503": "Elasticsearch is unavailable or the requested freshness not reached; retry after `Retry-After` seconds.",
    "504": "The search timed out.",
}
KEY_SCHEME = {"type": "http", "scheme": "bearer", "description": "An API key from `rowtide api keys create`."}
LIMIT_FIELDS = ("RateLimit", "RateLimit-Policy")
Schemas = Sequence[type[Struct]]


def describe(app: FastAPI, schemas: Schemas, *, open_to_all: bool) -> None:
    """Add schemas, problems and security to the application's OpenAPI document. `open_to_all`: a key is optional."""
    plain = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain(), schemas, open_to_all)
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented way to extend the document.


def _completed(document: dict[str, Any], schemas: Schemas, open_to_all: bool) -> dict[str, Any]:
    _, components = msgspec.json.schema_components((Problem, *schemas), ref_template="#/components/schemas/{name}")
    document["components"] = {"schemas": components, "securitySchemes": {"key": KEY_SCHEME}}
    document["security"] = [{"key": []}, *([{}] if open_to_all else [])]
    for path in document["paths"].values():
        for operation in path.values():
            _complete_operation(operation)
    return document


def _complete_operation(operation: dict[str, Any]) -> None:
    name = operation.pop("x-answer", "")
    files = operation.pop("x-files", ())
    operation["responses"] = {"200": _file(files) if files else _response("Success.", name, "application/json")}
    if OPERATIONS[operation["operationId"]].scope is None:
        operation["security"] = []
    for status, description in PROBLEMS.items():
        operation["responses"][status] = _response(description, "Problem", MEDIA_TYPE)
    for status in ("429", "503"):
        operation["responses"][status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    operation["responses"]["429"]["headers"] |= {name: {"schema": {"type": "string"}} for name in LIMIT_FIELDS}
    operation["responses"]["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if name == "Document":
        operation["responses"]["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        operation["responses"]["304"] = {"description": "The document still has this ETag."}


def _file(media_types: Iterable[str]) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    headers = {
        "Rowtide-Export": {"description": "The export's token, to resume it.", "schema": {"type": "string"}},
        "Rowtide-Rows": {"description": "The number of rows of all parts together.", "schema": {"type": "integer"}},
    }
    content = {media_type.partition(";")[0]: binary for media_type in media_types}
    return {"description": "The file.", "content": content, "headers": headers}


def _response(description: str, name: str, media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": description, "content": content}
