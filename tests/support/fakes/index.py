"""An index in memory that takes bulk bodies and follows Elasticsearch's rule for external versions (`external_gte`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

Documents = dict[str, dict[str, bytes]]
"""The documents that a search finds, by alias and id."""


@dataclass(slots=True)
class IndexDouble:
    """`documents` is what was taken, by alias and id: version and body, None for a delete. A search sees `visible`."""

    documents: dict[str, dict[str, tuple[int, bytes | None]]] = field(default_factory=dict)
    visible: Documents = field(default_factory=dict)

    def bulk(self, alias: str, bodies: Iterable[bytes]) -> None:
        """Take the items of a bulk; an item with a lower version than the document's is refused, as with status 409."""
        held = self.documents.setdefault(alias, {})
        for body in bodies:
            action, *lines = body.removesuffix(b"\n").split(b"\n")
            ((kind, meta),) = msgspec.json.decode(action).items()
            assert meta["version_type"] == "external_gte"
            document = None if kind == "delete" else lines[0]
            if meta["version"] >= held.get(meta["_id"], (-1, None))[0]:
                held[meta["_id"]] = (meta["version"], document)

    def taken(self) -> Documents:
        """What a refresh that begins now makes visible."""
        return {
            alias: {identity: body for identity, (_, body) in held.items() if body is not None}
            for alias, held in self.documents.items()
        }

    def refresh(self) -> None:
        """Let searches see what was taken."""
        self.visible = self.taken()
