"""The read-only key of the search API: what it may do, as the body of Elasticsearch's create-key request."""

from collections.abc import Sequence
from typing import Any

from read_model.elasticsearch import readable_names

PRIVILEGES = ("read", "view_index_metadata")
"""Searching and reading mappings: nothing that writes, and nothing of the cluster."""


def key_body(name: str, aliases: Sequence[str], days: int | None = None) -> dict[str, Any]:
    """The request for a key that reads these aliases alone (invariant 10). Without `days` it never expires."""
    body: dict[str, Any] = {
        "name": name,
        "role_descriptors": {
            "rowtide-search": {
                "cluster": [],
                "indices": [
                    {
                        "names": [name for alias in aliases for name in readable_names(alias)],
                        "privileges": list(PRIVILEGES),
                        "allow_restricted_indices": False,
                    }
                ],
                "applications": [],
                "run_as": [],
            }
        },
        "metadata": {"purpose": "rowtide search api"},
    }
    if days is not None:
        body["expiration"] = f"{days}d"
    return body
