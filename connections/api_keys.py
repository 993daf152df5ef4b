"""Creates API keys in Elasticsearch."""

from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

from connections.elasticsearch import ElasticsearchAccess, client_options


def create_api_key(access: ElasticsearchAccess, body: Mapping[str, Any]) -> str:
    """Create the key that `body` describes (POST /_security/api_key) and return it encoded, as clients send it.

    `access` signs in as a user that may manage API keys. Raises elasticsearch's own errors."""
    with Elasticsearch(access.url, **client_options(access)) as client:
        answer = client.perform_request(
            "POST",
            "/_security/api_key",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=dict(body),
        )
    return str(answer.body["encoded"])
