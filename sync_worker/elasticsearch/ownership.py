"""Whether this worker may write an alias's documents: another pipeline's, or another database's, are not replaced,
switched or deleted unless an operator says so.

The lease of an alias names the origin that wrote it last, and stays when the worker is gone. An index names its own in
its mapping, for a cluster whose leases were lost.
"""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from read_model.elasticsearch.index_owner import owner_in
from read_model.freshness import Origin
from sync_worker.elasticsearch.index_admin import is_generation
from sync_worker.errors import AliasTaken

Metas = Mapping[str, Mapping[str, Any]]


class MetaReader(Protocol):
    """What the check needs from Elasticsearch; `IndexAdmin` implements it."""

    def metas(self, alias: str) -> Metas:
        """The `_meta` of each index behind an alias, of the index of that name, and of the alias's generations."""


def require_ownership(
    reader: MetaReader, owners: Mapping[str, Origin], aliases: Collection[str], origin: Origin, take_over: bool
) -> None:
    """Raises AliasTaken, with every alias that is not this origin's. `owners` are those that the leases name.

    With `take_over` only an index that has the name of an alias is in the way."""
    faults = []
    for alias in sorted(aliases):
        owner = owners.get(alias)
        if owner == origin:
            continue  # Whatever else is there was taken over before, or changed by hand; the worker corrects it.
        metas = reader.metas(alias)
        if alias in metas:
            faults.append(f"{alias} is the name of an index, so it cannot be an alias. Rename the document.")
        elif not take_over and (fault := _fault(alias, owner, metas, origin)):
            faults.append(fault)
    if faults:
        raise AliasTaken("\n  ".join([f"Not all documents can be written by {origin}:", *faults]))


def _fault(alias: str, owner: Origin | None, metas: Metas, origin: Origin) -> str:
    """Why an alias is not this origin's; empty when nothing says that, or there is nothing that could be lost."""
    if metas and owner is not None and owner.contradicts(origin):
        return f"{alias} belongs to {owner}."
    for index, meta in metas.items():
        recorded = owner_in(meta)
        if recorded is not None and recorded.origin.contradicts(origin):
            return f"{alias} has index {index}, which belongs to {recorded.origin}."
        if owner is None and not is_generation(meta):
            return f"{alias} has index {index}, which Rowtide did not create."
    return ""
