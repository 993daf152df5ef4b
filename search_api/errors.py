"""The reasons why a request cannot be answered; `http.problems` turns each into an RFC 9457 problem."""


class IndexNotFound(Exception):
    """The index does not exist, or the caller may not read it."""


class DocumentNotFound(Exception):
    """The index has no document with this id."""


class SearchRejected(Exception):
    """Elasticsearch rejected the body of a search."""


class SearchTooExpensive(Exception):
    """The search would cost more than one request may; the message states what costs most, and how to reduce it."""


class SearchTimedOut(Exception):
    """Elasticsearch did not respond within `request_timeout`."""


class ElasticsearchUnavailable(Exception):
    """Elasticsearch is unreachable or overloaded, or rejects the API's credentials."""


class OutOfMemory(ElasticsearchUnavailable):
    """Elasticsearch has too little memory left for the search; a smaller one may still succeed."""


class CredentialsRejected(ElasticsearchUnavailable):
    """Elasticsearch responds, but rejects the API's credentials."""


class ExcessivePrivileges(Exception):
    """The API's Elasticsearch credentials allow more than reading (invariant 10)."""


class InvalidCursor(Exception):
    """The cursor was not issued by this API, or belongs to another search. The message states which."""


class CursorExpired(Exception):
    """The cursor's point in time is closed."""


class ApiKeyMissing(Exception):
    """The route requires an API key, and the request has none."""


class InvalidApiKey(Exception):
    """The API key or session is unknown, expired or revoked."""


class ScopeMissing(Exception):
    """The API key lacks the scope in the argument."""


class RateLimitExceeded(Exception):
    """The caller has spent its rate limit; the argument is the number of seconds to wait, as text."""


class CrossOriginRequest(Exception):
    """A page of another origin tried to change something with a visitor's cookie."""


class UnknownHost(Exception):
    """The Host header is not one of ROWTIDE_API_HOSTS."""
