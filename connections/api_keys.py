"""Creates API keys in Elasticsearch."""

from collections.abc import Mapping
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from connections.elasticsearch import (
    ElasticsearchAccess,
    client_options,
    failed_tls,
    refuses_credentials,
    unreachable,
)


class ApiKeyError(Exception):
    """The key was not created. `exit_code` is what the command line returns for it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def create_api_key(access: ElasticsearchAccess, body: Mapping[str, Any]) -> str:
    """Create the key that `body` describes (POST /_security/api_key) and return it encoded, as clients send it.

    `access` signs in as a user that may manage API keys. Raises ApiKeyError, with exit code 2 when the login or the
    certificate is wrong, 3 when nothing answers, and 1 for any other refusal.
    """
    headers = {"accept": "application/json", "content-type": "application/json"}
    try:
        with Elasticsearch(access.url, **client_options(access)) as client:
            answer = client.perform_request("POST", "/_security/api_key", headers=headers, body=dict(body))
    except ApiError as error:
        if refuses_credentials(error):
            raise ApiKeyError(
                f"Elasticsearch at {access.url} refused to create the key. Set ROWTIDE_ELASTICSEARCH_USERNAME and"
                " ROWTIDE_ELASTICSEARCH_PASSWORD to those of a user with the privilege manage_api_key.",
                2,
            ) from error
        raise ApiKeyError(f"Elasticsearch could not create the key: {error.message}.", 1) from error
    except TransportError as error:
        if failure := failed_tls(access.url, error):
            raise ApiKeyError(failure, 2) from error
        raise ApiKeyError(unreachable(access.url), 3) from error
    return str(answer.body["encoded"])
