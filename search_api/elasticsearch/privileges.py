"""The privileges of the API's Elasticsearch key: the request that creates it, and the check that it is read-only."""

from collections.abc import Sequence
from typing import Any

import msgspec

from read_model.elasticsearch.index_body import readable_names

PRIVILEGES = ("read", "view_index_metadata")
"""Searching and reading mappings: no write and no cluster privileges."""

STRONGER = ("index", "create", "create_doc", "delete", "write", "create_index", "delete_index", "maintenance", "manage")
"""Index privileges beyond reading."""
STRONGER_CLUSTER = ("all", "manage", "manage_security", "manage_api_key", "manage_index_templates")


def privileges_query(aliases: Sequence[str]) -> dict[str, Any]:
    """The `_has_privileges` request for everything beyond reading."""
    return {"cluster": list(STRONGER_CLUSTER), "index": [{"names": [*aliases, "*"], "privileges": list(STRONGER)}]}


def has_more_than_read(response: bytes) -> bool:
    """Whether any of those privileges is granted."""
    privileges = msgspec.json.decode(response, type=_Privileges)
    return any(privileges.cluster.values()) or any(any(granted.values()) for granted in privileges.index.values())


class _Privileges(msgspec.Struct):
    cluster: dict[str, bool]
    index: dict[str, dict[str, bool]]


def key_body(name: str, aliases: Sequence[str], days: int | None = None) -> dict[str, Any]:
    """The request for a key that can only read these aliases (invariant 10). Without `days` it never expires."""
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
