"""What can stand between a question and its answer."""


class IndexUnknown(Exception):
    """No index of that name can be read."""


class SearchRefused(Exception):
    """Elasticsearch refused a search as it stands."""


class SearchTooSlow(Exception):
    """Elasticsearch did not answer in the time that it has."""


class ElasticsearchAway(Exception):
    """Elasticsearch does not answer, is overloaded, or does not accept the credentials of this API."""


class CredentialsRefused(ElasticsearchAway):
    """Elasticsearch answers, but does not accept the credentials of this API."""


class CredentialsTooStrong(Exception):
    """This API could do more with Elasticsearch than read (invariant 10)."""


class DocumentUnknown(Exception):
    """There is no document with that id."""


class KeyMissing(Exception):
    """An API key is needed, and none was given."""


class KeyRefused(Exception):
    """The API key or session that was sent is unknown, expired or revoked."""


class ScopeMissing(Exception):
    """The API key is good, but not for this; the argument is the scope that it lacks."""


class RateExceeded(Exception):
    """The caller asked for more than its share; the argument is how many seconds to wait."""


class ForeignOrigin(Exception):
    """A page from elsewhere tried to change something with a reader's cookie."""


class ForeignHost(Exception):
    """The request is for a host that this API does not serve."""
