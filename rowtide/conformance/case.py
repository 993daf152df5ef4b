"""A conformance case as plain data, read from its folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from rowtide.conformance.fault_proxy import NetworkFault

Program = Literal["worker", "postgres", "kafka", "connect", "elasticsearch"]

FaultAction = Literal["kill", "pause", "read-only"] | NetworkFault

FIRST_SESSION = "a"
"""The session of statements without a `-- session:` comment."""


@dataclass(frozen=True, slots=True)
class CaseStatement:
    """One SQL statement as written, the line where it begins, and the session that runs it.

    `data` is the data of `COPY … FROM STDIN`. `fails` is a text that the statement's error must contain."""

    sql: str
    line: int
    session: str = FIRST_SESSION
    data: str | None = None
    fails: str | None = None


@dataclass(frozen=True, slots=True)
class CaseStep:
    """A numbered SQL file. `file` is its path, for error messages."""

    number: int
    title: str
    file: Path
    statements: tuple[CaseStatement, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a program: during a step's SQL, or right after it, before the documents are up to date."""

    step: int
    program: Program
    how: FaultAction = "kill"
    during: bool = False

    @property
    def network_fault(self) -> NetworkFault | None:
        """The fault between the worker and Elasticsearch, if it is one."""
        if self.how == "kill" or self.how == "pause" or self.how == "read-only":  # noqa: PLR1714 mypy narrows no tuple.
            return None
        return self.how


Documents = dict[str, msgspec.Raw]
"""Documents by id, each as its JSON text."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case folder. Attributes are called like the keys of `case.yaml`.

    - `expected[step][document][id]`: documents after a step; step 0 is the first load.
    - `refused`: texts that the error of `rowtide init` must contain.
    - `alone`: the case needs its own pipeline.
    - `heals`: steps after which documents may differ until the worker has re-read the changed tables.
    - `ignored[document][id]`: fields that the index ignores at the end; `left_out`: fields that the worker drops from
      the document; `too_long`: json fields with a text too long for the index.
    - `settings`: variables of the worker.
    - `unrecorded`: why there is no recording of the case's log.
    """

    name: str
    folder: Path
    title: str
    shows: str
    schema: tuple[CaseStatement, ...]
    seed: tuple[CaseStatement, ...]
    spec: str
    steps: tuple[CaseStep, ...]
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
        """The schema of the case's tables when it shares a database with other cases."""
        return "case_" + self.name.replace("-", "_")
