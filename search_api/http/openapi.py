"""The OpenAPI document: the answers' schemas come from the very structures that are encoded."""

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI

from search_api.access.authorization import OPERATIONS
from search_api.http import problems, routes

ANSWERS = (problems.Problem, *routes.ANSWERS)
PROBLEMS = {
    "400": "The search or its cursor was refused.",
    "401": "An API key is needed, or the one that was sent is not valid.",
    "403": "The API key may not do this.",
    "404": "There is no such index or document.",
    "405": "The address does not take this method; `Allow` lists those that it does.",
    "409": "The token belongs to another epoch of the documents.",
    "410": "The cursor is too old; start again without it.",
    "421": "The API is not served under the name that was asked.",
    "422": "The request is wrong; `errors` names each fault.",
    "429": "The caller's share is used up; try again after `Retry-After` seconds.",
    "503": "Elasticsearch is not available, or the documents are not yet as fresh as asked; try again after `Retry-After` seconds.",
    "504": "The search took longer than it may.",
}
KEY = {"type": "http", "scheme": "bearer", "description": "an API key, `rtk_…`; `rowtide api keys create` makes one"}
LIMIT_FIELDS = ("RateLimit", "RateLimit-Policy")


def describe(app: FastAPI, open_to_all: bool) -> None:
    """Complete the application's OpenAPI document with answers, problems, and who may ask."""
    plain = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _, components = msgspec.json.schema_components(ANSWERS, ref_template="#/components/schemas/{name}")
            document["components"] = {"schemas": components, "securitySchemes": {"key": KEY}}
            document["security"] = [{"key": []}, *([{}] if open_to_all else [])]
            for path in document["paths"].values():
                for operation in path.values():
                    _complete(operation)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented way to extend the document.


def _complete(operation: dict[str, Any]) -> None:
    name = operation.pop("x-answer", "")
    files = operation.pop("x-files", ())
    operation["responses"] = {"200": _file(files) if files else _response("The answer.", name, "application/json")}
    if OPERATIONS[operation["operationId"]].scope is None:
        operation["security"] = []
    for status, description in PROBLEMS.items():
        operation["responses"][status] = _response(description, "Problem", problems.MEDIA_TYPE)
    for status in ("429", "503"):
        operation["responses"][status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    operation["responses"]["429"]["headers"] |= {name: {"schema": {"type": "string"}} for name in LIMIT_FIELDS}
    operation["responses"]["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if name == "Document":
        operation["responses"]["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        operation["responses"]["304"] = {"description": "The document still has this ETag."}


def _file(media_types: Iterable[str]) -> dict[str, Any]:
    content = {one.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for one in media_types}
    headers = {
        "Rowtide-Export": {"description": "the export's name, to go on with it", "schema": {"type": "string"}},
        "Rowtide-Rows": {"description": "the rows of all parts together", "schema": {"type": "integer"}},
    }
    return {"description": "The file.", "content": content, "headers": headers}


def _response(description: str, name: str, media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": description, "content": content}
