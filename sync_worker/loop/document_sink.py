"""The seam between the loop and a read store: where built documents go. Its consumer is `Delivery`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync_worker.store.bulk import BulkOutcome, DocumentWrite


@dataclass(frozen=True, slots=True)
class Target:
    """Where one kind of document is written. `name` is the sink's own word for the place, such as an index generation.

    `json_fields` are the paths of the fields that hold JSON of the source. `typed_json_fields` are those of fields that
    hold JSON of any type where the sink expects one type: a value that does not fit costs the field."""

    document: str
    name: str
    json_fields: tuple[str, ...] = ()
    typed_json_fields: tuple[str, ...] = ()


class DocumentSink(Protocol):
    """A read store that documents are delivered to.

    **When it is called.** `send` as soon as documents are built, by several sender threads at once, each with one
    bulk; `refresh` after bulks were acknowledged, by a separate thread. A repair calls both from other threads, so
    that every method must be safe for concurrent use. A worker that stops waits for calls that have begun.

    **In which order.** None is promised. Bulks of one target overlap, overtake each other, and come again after a
    crash: a bulk of an earlier process may arrive after a newer one. Every write carries a version instead. The sink
    applies a write only when its version is at least that of the document it holds, and remembers the versions of
    deletes for as long as an older write may still be under way (invariant 4).

    **What "acknowledged" permits.** A returned `BulkOutcome` acknowledges the bulk: every write that is not
    `rejected` is durable, or obsolete because the sink holds a newer version (`conflicts`), and any refresh that begins later makes
    it visible. The worker then forgets that the documents were pending (invariant 2) and does not send them again. A
    sink must not acknowledge what it may still lose, and must not reject what may pass: `rejected` is for a write
    that can never be taken as it is, and puts that document into quarantine (invariant 7).

    `refresh` returning True permits the worker to publish everything that was acknowledged before the call as
    searchable (invariant 6). False means that nothing is known; the worker calls it again.
    """

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        """Deliver a bulk. Blocks while the store is away, blocked or overloaded, and retries: nothing is dropped.

        None when the worker stops before every write is decided; the documents stay pending and are sent again."""

    def refresh(self, targets: Sequence[Target]) -> bool:
        """Make acknowledged writes visible to readers. False when a target of the store failed, or the store did
        not answer."""

    @property
    def reason(self) -> str:
        """Why the sink has been taking nothing for a while, and what to do about it; empty while it works. Any
        thread."""


class Targets(Protocol):
    """Where the documents of one plan go: a target for each kind of document.

    A target that is new is filled first, and shown to readers when it holds everything."""

    @property
    def all(self) -> tuple[Target, ...]:
        """Every target of the plan."""

    def of(self, document: str) -> Target:
        """The target of a kind of document. Raises KeyError when the plan has no such documents. Any thread."""

    @property
    def loading(self) -> Collection[str]:
        """The kinds of documents whose target readers do not see yet."""

    def show_loaded(self) -> None:
        """Let readers see the new targets: everything in them is built, acknowledged and refreshed."""

    def drift(self) -> str:
        """How the targets in the store differ from what the row store knows; empty when they do not. Any thread."""
