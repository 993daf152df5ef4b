"""Whose index it is: the origin of its documents, in the `_meta` of its mapping. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from read_model.freshness import Origin

OWNER = "owner"
"""The key in `_meta`."""


@dataclass(frozen=True, slots=True)
class IndexOwner:
    """The origin of an index's documents, and the epoch in which it was created."""

    origin: Origin
    epoch: int = 0

    def serves(self, origin: Origin, epoch: int) -> bool:
        """Whether a worker of this origin and epoch can be the one that writes the index. While a new index is loaded,
        the worker's epoch is higher than that of the index which readers still see."""
        return not self.origin.contradicts(origin) and epoch >= self.epoch


def meta_with_owner(meta: Mapping[str, Any], owner: IndexOwner) -> dict[str, Any]:
    """The `_meta` of an index of this owner."""
    return {**meta, OWNER: asdict(owner.origin) | {"epoch": owner.epoch}}


def meta_without_owner(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What the plan alone decides of a `_meta`."""
    return {key: value for key, value in meta.items() if key != OWNER}


def owner_in(meta: Mapping[str, Any]) -> IndexOwner | None:
    """The owner that a `_meta` names; None for an index of an earlier version, or one that Rowtide did not create."""
    try:
        named = msgspec.convert(meta[OWNER], _Owner)
    except (KeyError, msgspec.ValidationError):
        return None
    return IndexOwner(Origin(named.pipeline, named.system, named.database), named.epoch)


class _Owner(msgspec.Struct):
    pipeline: str
    system: str = ""
    database: str = ""
    epoch: int = 0


# Completes the type while there is one thread (docs/decisions/20261129-types-are-complete-at-import.md).
msgspec.json.Decoder(_Owner)
