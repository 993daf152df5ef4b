"""What came of a case."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["equal", "differs", "refused", "failed"]
"""`equal`: after every step. `refused`: as the case wants. `failed`: it could not be run to its end."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where something is not as it should be. `against` is `the database` (the oracle query), `the expectation`
    (of the case's files) or `the index's flags`."""

    step: int
    against: str
    document: str
    id: str
    path: str = ""
    found: str | None = None
    wanted: str | None = None

    def __str__(self) -> str:
        where = f"{self.document} {self.id}" + (f", {self.path}" if self.path else "")
        says = f"step {self.step:02}: {where} is not what {self.against} says"
        if self.found is None and self.wanted is None:
            return says
        return f"{says}: {_shown(self.found)}, not {_shown(self.wanted)}"


def _shown(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 200 else f"{text[:200]}…"


@dataclass(slots=True)
class Result:
    """A case's verdict, how many documents were compared, and what deviated or why it failed."""

    case: str
    title: str
    steps: int
    compared: int = 0
    deviations: list[Deviation] = field(default_factory=list)
    failure: str = ""
    refused: bool = False

    @property
    def verdict(self) -> Verdict:
        """In one word."""
        if self.failure:
            return "failed"
        if self.deviations:
            return "differs"
        return "refused" if self.refused else "equal"

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`."""
        return {"verdict": self.verdict, **asdict(self)}
