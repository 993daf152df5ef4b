"""What the worker raises when Elasticsearch refuses its credentials or does not answer."""

from connections import elasticsearch
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError


def credentials_refused(url: str) -> WorkerError:
    """The credentials are wrong, or lack a privilege."""
    return SettingsError(
        f"Elasticsearch at {url} refuses the credentials, or they may not do this. Set ROWTIDE_ELASTICSEARCH_API_KEY"
        " (`rowtide elasticsearch-key worker` creates one), or ROWTIDE_ELASTICSEARCH_USERNAME and"
        " ROWTIDE_ELASTICSEARCH_PASSWORD."
    )


def unreachable(url: str, error: Exception) -> WorkerError:
    """Nothing answers, or a server whose certificate is not trusted."""
    if failure := elasticsearch.failed_tls(url, error):
        return SettingsError(failure)
    return ServiceMissing(elasticsearch.unreachable(url))
