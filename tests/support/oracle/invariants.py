"""Checks what a worker built, published and left at rest against the documents that the oracle expects.

A document is built from the database as of a commit (invariant 3), what is published is searchable (invariant 6), and
at rest the index equals the oracle (invariant 5).
"""

from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from read_model.elasticsearch.index_body import FLAGS
from read_model.plan.model import PipelinePlan
from read_model.types.canonical_json import canonical
from sync_worker.loop.document_sink import Target
from sync_worker.store.bulk import DocumentWrite
from tests.support.builders.debezium_records import Message
from tests.support.builders.history import Source
from tests.support.builders.worker_parts import PLAN
from tests.support.fakes.index import Documents
from tests.support.oracle import oracle


class Diverged(AssertionError):
    """An invariant does not hold."""


class History(Protocol):
    """A log, and the states that the source was in: each with the LSN from which on it holds."""

    log: list[Message]

    @property
    def last(self) -> int:
        """The place of the newest state."""

    def state(self, lsn: int) -> int:
        """The place of the state at an LSN."""


class Truth(Protocol):
    """The expected documents."""

    def at(self, place: int) -> Documents | None:
        """The documents of one state; None when they are not known."""


@dataclass(slots=True)
class Expected:
    """The oracle's documents for every state of the source, computed on demand."""

    source: Source
    _known: dict[int, Documents] = field(default_factory=dict)

    def at(self, place: int) -> Documents:
        """Canonical documents by name and id of one state."""
        if place not in self._known:
            database = {table: list(rows.values()) for table, rows in self.source.states[place][1].items()}
            self._known[place] = {
                plan.name: {
                    identity: canonical(oracle.encode(document))
                    for identity, document in oracle.documents(plan, database).items()
                }
                for plan in PLAN.documents
            }
        return self._known[place]


class Invariants:
    """The checks of one worker over one log. Each raises Diverged."""

    def __init__(self, source: History, expected: Truth, plan: PipelinePlan) -> None:
        self._source = source
        self._expected = expected
        self._documents = [document.name for document in plan.documents]

    def check_built(self, watermark: int, target: Target, writes: list[DocumentWrite]) -> None:
        """Invariant 3: every built document is the oracle's as of the position."""
        known = self._expected.at(self._source.state(watermark))
        if known is None:
            return
        expected = known[target.document]
        for write in writes:
            action, *lines = write.body.removesuffix(b"\n").split(b"\n")
            ((_, meta),) = msgspec.json.decode(action).items()
            built = content(lines[0]) if lines else None
            if built != expected.get(meta["_id"]):
                raise Diverged(f"built {target.document} {meta['_id']}: {built!r}, not {expected.get(meta['_id'])!r}")

    def check_published(self, lsn: int, visible: Documents) -> None:
        """Invariant 6: what a search sees of each document is its form at `lsn` or a later one."""
        first = self._source.state(lsn)
        known = [self._expected.at(place) for place in range(first, self._source.last + 1)]
        states = [state for state in known if state is not None]
        if len(states) < len(known):
            return
        for name in self._documents:
            bodies = visible.get(name, {})
            for identity in bodies.keys() | states[0][name].keys():
                body = bodies.get(identity)
                seen = None if body is None else content(body)
                if all(seen != state[name].get(identity) for state in states):
                    raise Diverged(f"{lsn} is published, but {name} {identity} is still {seen!r}")

    def check_at_rest(self, visible: Documents, published: int, watermark: int) -> None:
        """Invariant 5: a search sees the oracle's documents, and everything is published."""
        expected = self._expected.at(self._source.last)
        assert expected is not None, "the last state is always known"
        for name in self._documents:
            documents = {key: content(body) for key, body in visible.get(name, {}).items()}
            if documents != expected[name]:
                raise Diverged(f"at rest {name}: {documents!r}, not {expected[name]!r}")
        if published != watermark:
            raise Diverged(f"at rest {published} is published of {watermark}")


def content(body: bytes) -> bytes:
    """A canonical document without its flags, which are about the index and not about rows."""
    head, flags, _ = body.partition(f',"{FLAGS}":'.encode())
    return canonical(head + b"}" if flags else body)
