"""The result of a case."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["equal", "differs", "refused", "failed"]
"""`equal`: after every step. `refused`: as the case expects. `failed`: the case could not be run to its end."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where a document is not as it should be.

    `against` is `the database` (the oracle query), `the expectation` (the case's files) or `the index's flags`.
    """

    step: int
    against: str
    document: str
    id: str
    path: str = ""
    actual: str | None = None
    expected: str | None = None

    def __str__(self) -> str:
        where = f"{self.document} {self.id}" + (f", {self.path}" if self.path else "")
        text = f"step {self.step:02}: {where} differs from {self.against}"
        if self.actual is None and self.expected is None:
            return text
        return f"{text}: {_shortened(self.actual)}, not {_shortened(self.expected)}"

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`."""
        values = asdict(self)
        return values | {"found": values.pop("actual"), "wanted": values.pop("expected")}


def _shortened(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 200 else f"{text[:200]}…"


@dataclass(slots=True)
class CaseResult:
    """A case's verdict, the number of documents compared, and the deviations or the reason of the failure."""

    case: str
    title: str
    steps: int
    compared: int = 0
    deviations: list[Deviation] = field(default_factory=list)
    failure: str = ""
    refused: bool = False

    @property
    def verdict(self) -> Verdict:
        """The result in one word."""
        if self.failure:
            return "failed"
        if self.deviations:
            return "differs"
        return "refused" if self.refused else "equal"

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`."""
        deviations = [deviation.as_json for deviation in self.deviations]
        return {"verdict": self.verdict, **asdict(self), "deviations": deviations}
