"""What a conformance case is: plain data, as read from its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from rowtide.conformance.fault_proxy import Trouble

Program = Literal["worker", "postgres", "kafka", "connect", "elasticsearch"]

How = Literal["kill", "pause", "read-only"] | Trouble

FIRST_SESSION = "a"
"""The session of statements that name none."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement as written, the line it begins at, and the session that runs it.

    `data` is what follows a `COPY … FROM STDIN`; `fails` the text that its error must contain."""

    sql: str
    line: int
    session: str = FIRST_SESSION
    data: str | None = None
    fails: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered file. `file` is its path, for error messages."""

    number: int
    title: str
    file: Path
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens to a program: around a step's SQL (`during`), or right after it, before anything was waited for."""

    step: int
    program: Program
    how: How = "kill"
    during: bool = False

    @property
    def on_the_way(self) -> Trouble | None:
        """What happens between the worker and Elasticsearch, if that is where it happens."""
        if self.how == "kill" or self.how == "pause" or self.how == "read-only":  # noqa: PLR1714 mypy narrows no tuple.
            return None
        return self.how


Documents = dict[str, msgspec.Raw]
"""Documents of one kind by their ids, each as its JSON text."""


@dataclass(frozen=True, slots=True)
class Case:
    """A folder. `expected[step]` are the documents by kind and id after a step, 0 being the first load.

    `refused` are texts that `rowtide init` must say; `alone` asks for a pipeline of its own; `heals` are the steps after which the
    documents may differ until the worker has taken a new snapshot; `ignored[kind][id]` are the fields that the index leaves
    out at the end, `left_out` those that the worker leaves out of the document, and `too_long` json with a text that the index
    passes over; `settings` are the worker's own, as variables; `unrecorded` is the reason why there is no recording of its log."""

    name: str
    folder: Path
    title: str
    shows: str
    schema: tuple[Statement, ...]
    seed: tuple[Statement, ...]
    spec: str
    steps: tuple[Step, ...]
    documents: tuple[str, ...] = ()
    expected: dict[int, dict[str, Documents]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    alone: bool = False
    faults: tuple[Fault, ...] = ()
    heals: frozenset[int] = frozenset()
    ignored: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    left_out: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    too_long: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    unrecorded: str = ""

    @property
    def database_schema(self) -> str:
        """The schema that holds the case's tables when it shares a database with others."""
        return "case_" + self.name.replace("-", "_")
