"""A bulk of document writes, from the row store to a sink: what it holds, and what the sink answered.

The body of a write is the bytes that SQLite built: a line with the action and the version, and for `index` a line
with the document. Elasticsearch takes them as they are; another sink decodes them.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from sync_worker.store.pending_sql import LaneStatements

DELETES = b'{"delete"'
"""How the body of a write begins that deletes its document."""


@dataclass(frozen=True, slots=True)
class DocumentWrite:
    """One document to be put or deleted. `touch` is its place in the pending lane, 0 when it was never pending.

    `body` is `{"index": {"_id", "version", "version_type"}}` and the document, or `{"delete": …}`, a line each."""

    touch: int
    body: bytes

    @property
    def id(self) -> str:
        """The document's id, decoded from the action line at each call."""
        return action_of(self.body)[1]


def deletion(id_: str, version: int) -> DocumentWrite:
    """A write that deletes a document, unless the document has a higher version."""
    meta = {"_id": id_, "version": version, "version_type": "external_gte"}
    return DocumentWrite(0, msgspec.json.encode({"delete": meta}) + b"\n")


def action_of(body: bytes) -> tuple[str, str]:
    """The action of a write (`index` or `delete`) and the document's id."""
    ((action, meta),) = msgspec.json.decode(body.split(b"\n", 1)[0], type=dict[str, dict[str, Any]]).items()
    return action, str(meta["_id"])


class Unbuilt(NamedTuple):
    """A pending document that could not be built from its rows, and the reason."""

    touch: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bulk:
    """Built documents of one lane: the touches `after < touch <= last`. `first_lsn` is the oldest change that they were
    built for, `version` that of every write, `built_ms` when building began (Unix ms)."""

    lane: LaneStatements
    after: int
    last: int
    first_lsn: int
    version: int
    writes: list[DocumentWrite] = field(repr=False)
    unbuilt: tuple[Unbuilt, ...] = ()
    built_ms: int = 0

    @property
    def document(self) -> str:
        """The name of the kind of document."""
        return self.lane.document


class Rejection(NamedTuple):
    """A write that a sink can never take as it is: its place in the bulk, and why. No row value is in the reason."""

    place: int
    reason: str


class DroppedFields(NamedTuple):
    """A document that a sink took without some fields: its id, the last rejection's reason, the paths of the fields."""

    id: str
    reason: str
    paths: tuple[str, ...]


class Conflict(NamedTuple):
    """A write that the sink did not apply because its document has a higher version: the place, and that version."""

    place: int
    version: int


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of an acknowledged bulk: every write is taken but those `rejected`. `dropped_fields` is by place.

    A write of a lower version than the sink's document counts as taken: what it would have written is obsolete.
    `conflicts` has such writes, because that holds only for versions that a worker gave out."""

    rejected: list[Rejection]
    retries: int
    dropped_fields: dict[int, DroppedFields] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
