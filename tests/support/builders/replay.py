"""A recorded case as a source in memory: its log grows step by step, and goes back as it does when a connector dies."""

import random
from collections.abc import Iterable
from pathlib import Path

import msgspec

from cdc.log.envelope import decode, split_transaction_id
from read_model.catalog.catalog_query import read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.parser import parse_spec
from read_model.types.canonical_json import canonical
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import alias, combined_spec
from tests.support.builders.debezium_records import Message
from tests.support.builders.recording import FILE, Header, Line
from tests.support.fakes.index import Documents

PIPELINE = "replayed"
_PLANS: dict[Path, PipelinePlan] = {}
"""By the case's folder: several tests replay a case, and reading its spec takes longer than a short replay."""


class Replay:
    """Has what a `Trial` asks of a source, and of the truth: the documents are known at the end of each step."""

    def __init__(self, case: Case) -> None:
        self._case = case
        lines = (case.folder / FILE).read_bytes().splitlines()
        self.header = msgspec.json.decode(lines[0], type=Header)
        self.log: list[Message] = []
        self._steps = list(_steps(case, lines[1:]))
        nothing: Documents = {alias(PIPELINE, case, name): {} for name in case.documents}
        self._states: list[tuple[int, Documents | None]] = [(0, nothing)]
        self._clean: list[Message] = []
        """What was streamed since the snapshot, without repeats."""

    def __repr__(self) -> str:
        """The log in short."""
        records = [decode(message.body) for message in self.log]
        return " ".join(each.status or f"{each.op}@{each.source.lsn if each.source else ''}" for each in records)

    @property
    def steps(self) -> int:
        """How many steps there are, the first load included."""
        return len(self._steps)

    def plan(self) -> PipelinePlan:
        """What the case's documents are made of."""
        if self._case.folder not in _PLANS:
            spec = combined_spec(PIPELINE, [self._case], own_schemas=True)
            plan = resolve(parse_spec(spec, str(self._case.folder)), read_catalog(self.header.catalog))
            _PLANS[self._case.folder] = plan
        return _PLANS[self._case.folder]

    def go_on(self, number: int) -> None:
        """Append a step's records."""
        messages, documents = self._steps[number]
        for message in messages:
            record = decode(message.body)
            if record.status == "END" and record.id:
                self._states.append((split_transaction_id(record.id)[1], None))
            elif record.op in ("m", "r") and record.source and record.source.lsn not in (None, self._states[-1][0]):
                self._states.append((record.source.lsn or 0, None))
        self._states[-1] = (self._states[-1][0], documents)
        self._append(messages)
        self._clean = [*self._clean, *messages] if number else []

    def go_back(self, dice: random.Random) -> None:
        """Let the end of the log come again, from a BEGIN or from the middle of a transaction."""
        begins = [place for place, message in enumerate(self._clean) if decode(message.body).status == "BEGIN"]
        if begins:
            self._append(self._clean[dice.choice(begins) + dice.choice((0, 0, 1, 2)) :])

    def _append(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.log.append(Message(message.body, len(self.log), message.oldkey))

    @property
    def last(self) -> int:
        """The place of the newest state."""
        return len(self._states) - 1

    def state(self, lsn: int) -> int:
        """The place of the state at an LSN."""
        return max(place for place, (at, _) in enumerate(self._states) if at <= lsn)

    def at(self, place: int) -> Documents | None:
        """The documents of one state; None in the middle of a step."""
        return self._states[place][1]


def _steps(case: Case, lines: Iterable[bytes]) -> Iterable[tuple[list[Message], Documents]]:
    messages: list[Message] = []
    number = 0
    for line in lines:
        read = msgspec.json.decode(line, type=Line)
        if bytes(read.value):
            messages.append(Message(bytes(read.value), 0, bytes(read.oldkey) or None))
        if read.documents is not None:
            expected = read.documents | case.expected.get(number, {})
            yield (
                messages,
                {
                    alias(PIPELINE, case, name): {id_: canonical(bytes(body)) for id_, body in kind.items()}
                    for name, kind in expected.items()
                },
            )
            messages, number = [], number + 1
