"""The read-only key of the search API: what it may do, as the body of Elasticsearch's create-key request."""

from collections.abc import Sequence
from typing import Any

import msgspec

from read_model.elasticsearch.index_body import readable_names

PRIVILEGES = ("read", "view_index_metadata")
"""Searching and reading mappings: nothing that writes, and nothing of the cluster."""


STRONGER = ("index", "create", "create_doc", "delete", "write", "create_index", "delete_index", "maintenance", "manage")
"""Privileges of an index that change something."""
STRONGER_CLUSTER = ("all", "manage", "manage_security", "manage_api_key", "manage_index_templates")


def privileges_query(aliases: Sequence[str]) -> dict[str, Any]:
    """The request that asks Elasticsearch whether its caller can do more than read."""
    return {"cluster": list(STRONGER_CLUSTER), "index": [{"names": [*aliases, "*"], "privileges": list(STRONGER)}]}


def has_more_than_read(answer: bytes) -> bool:
    """Whether any of the privileges that were asked for is there."""
    told = msgspec.json.decode(answer, type=_Privileges)
    return any(told.cluster.values()) or any(any(one.values()) for one in told.index.values())


class _Privileges(msgspec.Struct):
    cluster: dict[str, bool]
    index: dict[str, dict[str, bool]]


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
