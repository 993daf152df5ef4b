"""Every case in memory: the log that the real pipeline wrote for it, through the worker's own parts, step by step.

The documents after each step are those of the case's own files where they say, else those that the oracle query gave when the
log was recorded. The second run takes the log in pieces, with repeats, crashes, and bulks that are lost or late.
"""

import random

import pytest

from rowtide.conformance.case import Case
from rowtide.conformance.loader import read_cases
from sync_worker.store.statements import statements
from tests.support.builders.recording import FILE, can_be_recorded, digest
from tests.support.builders.replay import Replay
from tests.support.builders.worker_parts import WorkerParts
from tests.support.oracle.loop_simulation import Action, Turn, trial
from tests.support.paths import CASES

ALL = read_cases([CASES])
RECORDED = [case for case in ALL if can_be_recorded(case)]
ACTIONS: tuple[Action, ...] = (
    *("read", "read", "send", "send", "arrive"),
    *("acknowledge", "refresh", "crash", "crash in take", "late"),
)


def parts_of(replay: Replay) -> WorkerParts:
    plan = replay.plan()
    return WorkerParts(statements=statements(plan), plan=plan, placeholder=replay.header.placeholder)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_the_recording_belongs_to_the_case(case: Case) -> None:
    advice = "record it: ROWTIDE_RECORD=1 pytest tests/e2e/test_cases.py"
    assert (case.folder / FILE).exists(), f"{case.name} has no recording; {advice}"
    replay = Replay(case)
    assert replay.header.digest == digest(case), f"{case.name} was changed since its recording; {advice}"
    assert replay.steps == 1 + len(case.steps)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_documents_are_right_after_every_step(case: Case) -> None:
    replay = Replay(case)
    replay.go_on(0)
    with trial(replay, replay, parts_of(replay)) as worker:
        worker.drain()
        for step in range(1, replay.steps):
            replay.go_on(step)
            worker.drain()


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_documents_are_right_after_crashes_and_repeats(case: Case) -> None:
    seed = sum(case.name.encode())
    dice = random.Random(seed)
    replay = Replay(case)
    replay.go_on(0)
    with trial(replay, replay, parts_of(replay)) as worker:
        for step in range(replay.steps):
            if step:
                replay.go_on(step)
            if dice.random() < 0.3:
                replay.go_back(dice)
            turns: list[Turn] = [(dice.choice(ACTIONS), dice.randrange(1, 8)) for _ in range(30)]
            for action, number in turns:
                worker.turn(action, number)
            if dice.random() < 0.7 or step == replay.steps - 1:
                worker.drain()
    print(f"seed {seed}")  # noqa: T201 Shown when it fails.
