"""Errors as RFC 9457 problem documents, for the API; the page shows the same problems as HTML."""

from collections.abc import Sequence

import msgspec
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from starlette.exceptions import HTTPException

from search_api.errors import (
    CredentialsTooStrong,
    DocumentUnknown,
    ElasticsearchAway,
    ForeignHost,
    ForeignOrigin,
    IndexUnknown,
    KeyMissing,
    KeyRefused,
    RateExceeded,
    ScopeMissing,
    SearchRefused,
    SearchTooSlow,
)
from search_api.freshness.consistency import AnotherEpoch, NotYetConsistent
from search_api.paging.cursor import CursorExpired, CursorFault
from search_api.query.validation import RequestFaults

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
CHALLENGE = 'Bearer realm="rowtide"'


class ProblemError(Struct, frozen=True, omit_defaults=True):
    """One fault of a request. `start` and `end` say which characters of the parameter are meant, counted from 0, where a part of it is."""

    parameter: str
    message: str
    start: int | None = None
    end: int | None = None


class Problem(Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `type` is a stable name to tell problems apart by; `errors` names each fault of a wrong request."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


KNOWN: dict[type[Exception], tuple[str, str, int, str]] = {
    CursorFault: ("wrong-cursor", "The cursor cannot be used", 400, "{error}"),
    CursorExpired: (
        "cursor-expired",
        "The cursor is too old",
        410,
        "Its point in time was let go, because nobody used it for a while or the caller opened others; start again without it.",
    ),
    SearchRefused: ("search-refused", "The search was refused", 400, "{error}"),
    IndexUnknown: ("unknown-index", "No such index", 404, "`/v1/indices` lists the indexes that can be read."),
    DocumentUnknown: ("unknown-document", "No such document", 404, "The index has no document with this id."),
    KeyMissing: ("key-needed", "An API key is needed", 401, "Send `Authorization: Bearer <key>`."),
    KeyRefused: (
        "key-refused",
        "The API key is not valid",
        401,
        "It is unknown, expired or revoked; ask for another one.",
    ),
    ScopeMissing: ("scope-missing", "The API key may not do this", 403, "It lacks the scope `{error}`."),
    ForeignOrigin: ("foreign-origin", "The request comes from another site", 403, "Do this on the page itself."),
    ForeignHost: (
        "foreign-host",
        "Not served here",
        421,
        "This API is not served under that name; an operator adds names in ROWTIDE_API_HOSTS.",
    ),
    SearchTooSlow: (
        "too-slow",
        "The search took too long",
        504,
        "Ask for less: fewer words, facets or hits, or a narrower filter.",
    ),
    RateExceeded: ("rate-exceeded", "Too much was asked for", 429, "Try again in {error} seconds."),
    CredentialsTooStrong: (
        "credentials-too-strong",
        "Not served with these credentials",
        503,
        "The API's credentials for Elasticsearch can do more than read. Its operator makes a key with `rowtide api key`,"
        " or sets ROWTIDE_API_ALLOW_WRITER=true.",
    ),
    ElasticsearchAway: (
        "elasticsearch-unavailable",
        "The search engine is not available",
        503,
        "{error} Try again in a moment.",
    ),
    NotYetConsistent: (
        "not-yet-consistent",
        "Not yet as fresh as asked",
        503,
        "{error} Try again, or add stale=allow.",
    ),
    AnotherEpoch: (
        "another-epoch",
        "The token is of another epoch",
        409,
        "{error} The documents were built anew since. Ask with consistency=now, and keep the token of that answer.",
    ),
}
KINDS: tuple[type[Exception], ...] = (*KNOWN, RequestFaults, RequestValidationError, HTTPException, Exception)
"""Every error that becomes a problem; the last stands for what nobody thought of."""
_UNEXPECTED = ("internal-error", "Something went wrong here", 500, "The server's log says what happened.")


def problem_of(error: Exception) -> Problem:
    """What to tell a client about an error."""
    if isinstance(error, RequestFaults):
        return _wrong_request(
            [ProblemError(fault.parameter, fault.message, fault.start, fault.end) for fault in error.faults]
        )
    if isinstance(error, RequestValidationError):
        return _wrong_request([_validation(one) for one in error.errors()])
    if isinstance(error, HTTPException):
        return _http(error)
    known = (KNOWN[kind] for kind in type(error).__mro__ if kind in KNOWN)
    name, title, status, detail = next(known, _UNEXPECTED)
    return _problem(name, title, status, detail.format(error=error).strip())


def headers_of(problem: Problem, error: Exception) -> dict[str, str]:
    """The headers that go with a problem: which methods there are instead, when to try again, what to send."""
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    if problem.type.endswith(":not-yet-consistent"):
        return {"Retry-After": "1"}
    match problem.status:
        case 401:
            return {"WWW-Authenticate": CHALLENGE}
        case 503:
            return {"Retry-After": str(RETRY_SECONDS)}
        case _:
            return {}


def encode(problem: Problem) -> bytes:
    """The problem as JSON."""
    return msgspec.json.encode(problem)


def _problem(name: str, title: str, status: int, detail: str, errors: Sequence[ProblemError] = ()) -> Problem:
    return Problem(f"urn:rowtide:problem:{name}", title, status, detail, list(errors))


def _wrong_request(errors: list[ProblemError]) -> Problem:
    detail = "; ".join(error.message.rstrip(".") for error in errors) + "."
    return _problem("wrong-request", "The request cannot be answered as it stands", 422, detail, errors)


def _validation(one: dict[str, object]) -> ProblemError:
    location = one["loc"]
    name = str(location[-1]) if isinstance(location, tuple) and location else ""
    return ProblemError(name, f"{name}: {one['msg']}.")


def _http(error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return _problem("not-found", "Not found", 404, "There is nothing at this address.")
        case 405:
            return _problem(
                "method-not-allowed",
                "Method not allowed",
                405,
                "The address does not take this method; `Allow` lists what it takes.",
            )
        case status:
            return _problem("http-error", str(error.detail), status, str(error.detail))
