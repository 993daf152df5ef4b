"""What is around the loop in a simulation: the log, the sink, the senders and the store, which do what a schedule says
and when."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from sync_worker.loop.document_sink import Target
from sync_worker.store.bulk import BulkOutcome, DocumentWrite
from sync_worker.store.row_store import RowStore
from tests.support.builders.debezium_records import Message
from tests.support.fakes.index import IndexDouble

P = ParamSpec("P")
T = TypeVar("T")


class Crash(BaseException):
    """The worker ends here, as by a signal: nothing in it takes notice."""


class FusedStore(RowStore):
    """A row store in which the worker dies: at the `fuse`-th write from now on."""

    fuse: int | None = None

    def move(self, **position: Any) -> None:
        self._burn()
        super().move(**position)

    def execute(self, sql: str, bindings: Any = ()) -> Any:
        self._burn()
        return super().execute(sql, bindings)

    def _burn(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise Crash


class ScheduledLog:
    """A `ChangeSource` over a log that may grow. A read gives `allowed` messages, and none after that."""

    def __init__(self, messages: Sequence[Message], offset: int) -> None:
        self._messages = messages
        self._next = offset
        self.allowed = 0

    def read(self, count: int, wait: float) -> Sequence[Message]:
        """What the schedule allows."""
        count, self.allowed = min(count, self.allowed), 0
        messages = self._messages[self._next : self._next + count]
        self._next += len(messages)
        return messages

    def seek(self, offset: int) -> None:
        """Continue at this offset."""
        self._next = offset


class StagedSink:
    """A `DocumentSink` in memory. A refresh shows what the index held when it began, once `finish` reports that it
    succeeded."""

    reason = ""

    def __init__(self, index: IndexDouble) -> None:
        self._index = index
        self._staged = index.visible

    def send(self, target: Target, writes: list[DocumentWrite]) -> BulkOutcome | None:
        """Take the bulk."""
        self._index.bulk(target.document, [write.body for write in writes])
        return BulkOutcome([], 0)

    def refresh(self, targets: Sequence[Target]) -> bool:
        """Begin a refresh."""
        self._staged = self._index.taken()
        return True

    def finish(self, done: bool) -> None:
        """End the refresh that has begun."""
        if done:
            self._index.visible = self._staged


@dataclass(slots=True)
class Delayed:
    """A bulk that is under way. `arrived`: the sink took it, but the worker does not know yet."""

    target: Target
    writes: list[DocumentWrite]
    call: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)
    arrived: bool = False


class ScheduledSenders:
    """`Senders` that leave it to the schedule when bulks are built (`allowed`), arrive, and are acknowledged."""

    def __init__(self, check: Callable[[Target, list[DocumentWrite]], None]) -> None:
        self._check = check
        self.in_flight: list[Delayed] = []
        self.allowed = 0

    @property
    def capacity(self) -> int:
        """As many as are under way, and those that the schedule allows."""
        return len(self.in_flight) + self.allowed

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Keep a bulk that was just built."""
        target, writes = args
        assert isinstance(target, Target)
        assert isinstance(writes, list)
        self._check(target, writes)
        delayed = Delayed(target, writes, partial(call, *args, **kwargs))
        self.in_flight.append(delayed)
        self.allowed -= 1
        return delayed.future

    def arrive(self, delayed: Delayed, acknowledge: bool) -> None:
        """Let the sink take a bulk, unless it has it, and the worker know of it."""
        if not delayed.arrived:
            delayed.call()
            delayed.arrived = True
        if acknowledge:
            self.in_flight.remove(delayed)
            delayed.future.set_result(BulkOutcome([], 0))

    def close(self) -> None:
        """Nothing runs outside the schedule."""


class ScheduledRefresher:
    """`Senders` of refreshes: one begins when the loop wants it, and ends when the schedule ends it."""

    capacity = 1

    def __init__(self, sink: StagedSink) -> None:
        self._sink = sink
        self._running: Future[Any] | None = None

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Begin a refresh."""
        call(*args, **kwargs)
        future: Future[T] = Future()
        self._running = future
        return future

    def finish(self, done: bool) -> None:
        """End the refresh that runs, if one does."""
        if self._running is not None:
            self._sink.finish(done)
            self._running.set_result(done)
            self._running = None

    def close(self) -> None:
        """Nothing runs outside the schedule."""
