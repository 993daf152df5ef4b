"""Runs a workload at a steady rate, in the caller's thread or in its own."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic

from writer.commands import ArchiveOrder, Command, DeleteOrder, PlaceOrder
from writer.database import Database
from writer.errors import ConflictError, DatabaseUnavailableError, NotFoundError, RuleBrokenError

# Called after each commit of a command about an order, with the command, the order's number and the time of the commit.
OnCommit = Callable[[Command, str, datetime], None]


def commit_line(command: Command, number: str, committed_at: datetime) -> str:
    """One JSON line for programs; `gone`: the order cannot be found from now on."""
    return json.dumps(
        {
            "order": number,
            "command": type(command).__name__,
            "committed_at": committed_at.isoformat(),
            "gone": isinstance(command, DeleteOrder | ArchiveOrder),
        }
    )


@dataclass(slots=True)
class Counts:
    """What a load has done so far. `by_command` counts committed commands by class name."""

    committed: int = 0
    refused: int = 0
    orders: int = 0
    seconds: float = 0.0
    by_command: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Committed commands a second."""
        return self.committed / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Limit:
    """When a load is over: after so many seconds, commands, or new orders, whichever comes first."""

    seconds: float | None = None
    commands: int | None = None
    orders: int | None = None

    def reached(self, counts: Counts) -> bool:
        """Whether any of the limits is reached."""
        return (
            (self.seconds is not None and counts.seconds >= self.seconds)
            or (self.commands is not None and counts.committed + counts.refused >= self.commands)
            or (self.orders is not None and counts.orders >= self.orders)
        )


def run_load(
    database: Database,
    plan: Iterator[Command],
    *,
    rate: float | None = None,
    limit: Limit = Limit(),
    stop: Event | None = None,
    on_commit: OnCommit | None = None,
    counts: Counts | None = None,
) -> Counts:
    """Runs commands one after the other until a limit or `stop`; `rate` is commands a second, None full speed.

    A refused command is counted and passed over. A slow stretch is caught up afterwards. `counts` may be given to
    be watched from another thread. Raises DatabaseUnavailableError when PostgreSQL goes away.
    """
    done = counts if counts is not None else Counts()
    stopping = stop or Event()
    started = monotonic()
    for place, command in enumerate(plan):
        if rate is not None:
            stopping.wait(max(0.0, started + place / rate - monotonic()))
        done.seconds = monotonic() - started
        if stopping.is_set() or limit.reached(done):
            break
        _run_one(database, command, done, on_commit)
    done.seconds = monotonic() - started
    return done


def _run_one(database: Database, command: Command, counts: Counts, on_commit: OnCommit | None) -> None:
    try:
        done = database.run(command)
    except (RuleBrokenError, NotFoundError, ConflictError):
        counts.refused += 1
        return
    counts.committed += 1
    counts.by_command[type(command).__name__] += 1
    counts.orders += isinstance(command, PlaceOrder)
    if on_commit is not None and done.kind == "order":
        on_commit(command, done.name, datetime.now(UTC))


class RunningLoad:
    """A load in its own thread. `counts` may be read at any time; `stop` ends it and returns them."""

    def __init__(
        self,
        database: Database,
        plan: Iterator[Command],
        *,
        rate: float | None = None,
        limit: Limit = Limit(),
        on_commit: OnCommit | None = None,
    ) -> None:
        self.counts = Counts()
        self._failure: DatabaseUnavailableError | None = None
        self._stop = Event()
        self._thread = Thread(
            target=self._run, args=(database, plan, rate, limit, on_commit), name="writer-load", daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """False once a limit was reached, it was stopped, or PostgreSQL went away."""
        return self._thread.is_alive()

    def wait(self) -> Counts:
        """Waits for the load's own limit. Raises DatabaseUnavailableError when PostgreSQL went away."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self.counts

    def stop(self) -> Counts:
        """Ends the load after the command under way. Raises DatabaseUnavailableError as `wait` does."""
        self._stop.set()
        return self.wait()

    def _run(
        self,
        database: Database,
        plan: Iterator[Command],
        rate: float | None,
        limit: Limit,
        on_commit: OnCommit | None,
    ) -> None:
        try:
            run_load(
                database,
                plan,
                rate=rate,
                limit=limit,
                stop=self._stop,
                on_commit=on_commit,
                counts=self.counts,
            )
        except DatabaseUnavailableError as failure:
            self._failure = failure
