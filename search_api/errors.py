"""What can stand between a question and its answer."""


class IndexUnknown(Exception):
    """No index of that name can be read."""


class SearchRefused(Exception):
    """Elasticsearch refused a search as it stands."""


class ElasticsearchAway(Exception):
    """Elasticsearch does not answer, is overloaded, or does not accept the credentials of this API."""


class DocumentUnknown(Exception):
    """There is no document with that id."""


class KeyMissing(Exception):
    """An API key is needed, and none was given."""
