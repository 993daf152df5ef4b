"""Which fault hits whom, when and for how long: a list made from a seed. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

Kind = Literal[
    "kill", "stop", "pause", "terminate", "restart-task", "read-only", "refuse", "refuse-some", "cut", "lose"
]
Target = Literal["worker", "connect", "kafka", "elasticsearch", "postgres"]

KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST_AT = 2.0
BETWEEN = (2.0, 10.0)
"""Seconds from one fault's beginning to the next one's."""
REST = 12.0
"""Seconds that a target is left alone after a fault, so that it comes to work in between."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the menu: what, to whom, and the shortest and longest time it lasts (seconds)."""

    kind: Kind
    target: Target
    shortest: float
    longest: float


MENU: tuple[Choice, ...] = (
    Choice("kill", "worker", 0.0, 6.0),
    Choice("kill", "connect", 0.0, 6.0),
    Choice("kill", "kafka", 0.0, 6.0),
    Choice("kill", "elasticsearch", 0.0, 6.0),
    Choice("kill", "postgres", 0.0, 6.0),
    Choice("kill", "worker", 0.0, 1.0),
    Choice("kill", "connect", 0.0, 1.0),
    Choice("stop", "worker", 0.0, 3.0),
    Choice("stop", "connect", 0.0, 3.0),
    Choice("stop", "kafka", 0.0, 3.0),
    Choice("stop", "elasticsearch", 0.0, 3.0),
    Choice("stop", "postgres", 0.0, 3.0),
    Choice("pause", "worker", 1.0, 20.0),
    Choice("pause", "connect", 1.0, 25.0),
    Choice("pause", "kafka", 1.0, 20.0),
    Choice("pause", "elasticsearch", 1.0, 20.0),
    Choice("pause", "postgres", 1.0, 15.0),
    Choice("terminate", "postgres", 0.0, 0.0),
    Choice("restart-task", "connect", 0.0, 0.0),
    Choice("read-only", "elasticsearch", 2.0, 15.0),
    Choice("refuse", "elasticsearch", 2.0, 10.0),
    Choice("refuse-some", "elasticsearch", 4.0, 15.0),
    Choice("cut", "elasticsearch", 0.0, 5.0),
    Choice("lose", "elasticsearch", 2.0, 8.0),
)
"""`stop` ends with SIGTERM and starts again; `terminate` ends every database session; `refuse` answers 429 to whole requests,
`refuse-some` to some documents of a bulk; `cut` closes every connection and takes no new one; `lose` does the work and
closes the connection instead of answering."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` is seconds after the start, `seconds` how long it lasts."""

    at: float
    kind: Kind
    target: Target
    seconds: float

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:6.1f} s  {self.kind} {self.target}{lasting}"


def schedule(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run: every entry of the menu once, in random order, and again, until `seconds` are filled."""
    return list(_faults(Random(f"chaos-schedule-{seed}"), seconds))


def _faults(random: Random, seconds: float) -> Iterator[Fault]:
    free: dict[Target, float] = {}
    waiting: deque[Choice] = deque()
    at = FIRST_AT
    while True:
        if not waiting:
            waiting.extend(random.sample(MENU, len(MENU)))
        entry = next((each for each in waiting if free.get(each.target, 0.0) <= at), None)
        if entry is not None:
            waiting.remove(entry)
            lasting = round(random.uniform(entry.shortest, entry.longest), 1)
            if at + lasting > seconds:
                return
            free[entry.target] = at + lasting + REST
            yield Fault(round(at, 1), entry.kind, entry.target, lasting)
        at += random.uniform(*BETWEEN)
        if at > seconds:
            return
