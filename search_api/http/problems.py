"""Errors as RFC 9457 problem documents. The API sends them as JSON, the page renders the same problems as HTML."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from starlette.exceptions import HTTPException

from search_api.errors import (
    ApiKeyMissing,
    CrossOriginRequest,
    CursorExpired,
    DocumentNotFound,
    ElasticsearchUnavailable,
    ExcessivePrivileges,
    IndexNotFound,
    InvalidApiKey,
    InvalidCursor,
    RateLimitExceeded,
    ScopeMissing,
    SearchRejected,
    SearchTimedOut,
    SearchTooExpensive,
    UnknownHost,
)
from search_api.freshness.consistency import EpochMismatch, NotYetConsistent
from search_api.query.validation import InvalidRequest

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
CHALLENGE = 'Bearer realm="rowtide"'


class ProblemError(Struct, frozen=True, omit_defaults=True):
    """One error in a request. `start` and `end` are the character range within the parameter, counted from 0, if the
    error is in a part of it."""

    parameter: str
    message: str
    start: int | None = None
    end: int | None = None


class Problem(Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457). `type` is a stable identifier; `errors` lists every error of an invalid
    request."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


class ProblemText(NamedTuple):
    """The wording of a problem. `name` is the last part of its `type`; `{error}` in `detail` is the error's message."""

    name: str
    title: str
    status: int
    detail: str


PROBLEM_TEXTS: Mapping[type[Exception], ProblemText] = {
    InvalidCursor: ProblemText("wrong-cursor", "Invalid cursor", 400, "{error}"),
    CursorExpired: ProblemText(
        "cursor-expired",
        "Cursor expired",
        410,
        "Its point in time was closed because it was not used for a while, or because the caller opened others."
        " Start again without the cursor.",
    ),
    SearchRejected: ProblemText("search-refused", "Search rejected", 400, "{error}"),
    SearchTooExpensive: ProblemText("too-expensive", "Search too expensive", 400, "{error}"),
    IndexNotFound: ProblemText(
        "unknown-index", "Index not found", 404, "`/v1/indices` lists the indexes you can read."
    ),
    DocumentNotFound: ProblemText(
        "unknown-document", "Document not found", 404, "The index has no document with this ID."
    ),
    ApiKeyMissing: ProblemText("key-needed", "API key required", 401, "Send `Authorization: Bearer <key>`."),
    InvalidApiKey: ProblemText(
        "key-refused",
        "Invalid API key",
        401,
        "The key is unknown, expired or revoked. Ask your administrator for a new one.",
    ),
    ScopeMissing: ProblemText("scope-missing", "Permission denied", 403, "The API key lacks the scope `{error}`."),
    CrossOriginRequest: ProblemText(
        "foreign-origin",
        "Cross-origin request rejected",
        403,
        "Only the page itself can send this request. Behind a proxy, an operator names it in ROWTIDE_API_PROXIES.",
    ),
    UnknownHost: ProblemText(
        "foreign-host",
        "Unknown host name",
        421,
        "The API is not served under this host name. An operator can add it to ROWTIDE_API_HOSTS.",
    ),
    SearchTimedOut: ProblemText(
        "too-slow", "Search timed out", 504, "Use fewer words, facets or hits, or a narrower filter."
    ),
    RateLimitExceeded: ProblemText("rate-exceeded", "Rate limit exceeded", 429, "Try again in {error} seconds."),
    ExcessivePrivileges: ProblemText(
        "credentials-too-strong",
        "Elasticsearch credentials are not read-only",
        503,
        "The API's Elasticsearch credentials allow more than reading. Create a read-only key with"
        " `rowtide elasticsearch-key search`, or set ROWTIDE_API_ALLOW_WRITER=true.",
    ),
    ElasticsearchUnavailable: ProblemText(
        "elasticsearch-unavailable", "Search engine unavailable", 503, "{error} Try again in a moment."
    ),
    NotYetConsistent: ProblemText(
        "not-yet-consistent", "Requested freshness not reached", 503, "{error} Try again, or add stale=allow."
    ),
    EpochMismatch: ProblemText(
        "another-epoch",
        "Token from another epoch",
        409,
        "{error} The documents have been rebuilt since. Send consistency=now, and keep the token of the response.",
    ),
}
HANDLED: tuple[type[Exception], ...] = (
    *PROBLEM_TEXTS,
    InvalidRequest,
    RequestValidationError,
    HTTPException,
    Exception,
)
"""Every error that becomes a problem; `Exception` covers bugs."""
_UNEXPECTED = ProblemText("internal-error", "Internal server error", 500, "The server's log has the details.")


def problem_of(error: Exception) -> Problem:
    """The problem document for an error. An unexpected error reveals nothing of its message."""
    if isinstance(error, InvalidRequest):
        return _invalid_request(
            [ProblemError(part.parameter, part.message, part.start, part.end) for part in error.errors]
        )
    if isinstance(error, RequestValidationError):
        return _invalid_request([_validation_error(details) for details in error.errors()])
    if isinstance(error, HTTPException):
        return _http_problem(error)
    texts = (PROBLEM_TEXTS[kind] for kind in type(error).__mro__ if kind in PROBLEM_TEXTS)
    text = next(texts, _UNEXPECTED)
    return _problem(text.name, text.title, text.status, text.detail.format(error=error).strip())


def headers_of(problem: Problem, error: Exception) -> dict[str, str]:
    """The headers that accompany a problem: `Allow`, `Retry-After` or `WWW-Authenticate`."""
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    if problem.type.endswith(":not-yet-consistent"):
        return {"Retry-After": "1"}
    match problem.status:
        case 401:
            return {"WWW-Authenticate": CHALLENGE}
        case 429:
            return {"Retry-After": str(error)}
        case 503:
            return {"Retry-After": str(RETRY_SECONDS)}
        case _:
            return {}


def encode(problem: Problem) -> bytes:
    """The problem as JSON."""
    return msgspec.json.encode(problem)


def _problem(name: str, title: str, status: int, detail: str, errors: Sequence[ProblemError] = ()) -> Problem:
    return Problem(f"urn:rowtide:problem:{name}", title, status, detail, list(errors))


def _invalid_request(errors: list[ProblemError]) -> Problem:
    detail = "; ".join(error.message.rstrip(".") for error in errors) + "."
    return _problem("wrong-request", "Invalid request", 422, detail, errors)


def _validation_error(details: dict[str, object]) -> ProblemError:
    location = details["loc"]
    name = str(location[-1]) if isinstance(location, tuple) and location else ""
    return ProblemError(name, f"{name}: {details['msg']}.")


def _http_problem(error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return _problem("not-found", "Not found", 404, "No resource has this address.")
        case 405:
            return _problem(
                "method-not-allowed",
                "Method not allowed",
                405,
                "The address does not support this method; `Allow` lists the supported methods.",
            )
        case status:
            return _problem("http-error", str(error.detail), status, str(error.detail))
