"""The worker's key for Elasticsearch: what it may do, as the body of the create-key request."""

from collections.abc import Sequence
from typing import Any

from read_model.elasticsearch.index_body import readable_names

OWN_INDEXES = "rowtide-*"
"""What the worker keeps in Elasticsearch for itself."""
PRIVILEGES = ("read", "write", "manage")
"""To write documents and read them back; to create, refresh and delete an index and to move its alias."""


def worker_key_body(pipeline: str, aliases: Sequence[str], days: int | None = None) -> dict[str, Any]:
    """The request for a key that writes only the indexes of these documents. Without `days` it never expires."""
    patterns = [pattern for alias in aliases for pattern in readable_names(alias)]
    names = [*patterns, *(f"{pattern[:-1]}\\-write/" for pattern in patterns if pattern.startswith("/"))]
    indices = [{"names": [*names, OWN_INDEXES], "privileges": list(PRIVILEGES), "allow_restricted_indices": False}]
    role = {"cluster": ["monitor"], "indices": indices, "applications": [], "run_as": []}
    body = {"name": f"rowtide-{pipeline}-worker", "role_descriptors": {"rowtide-worker": role}}
    return body | ({"expiration": f"{days}d"} if days else {}) | {"metadata": {"purpose": "rowtide worker"}}
