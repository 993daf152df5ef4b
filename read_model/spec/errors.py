"""Errors in a spec. They are collected, so that a user sees all of them at once."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a spec: line and column, counted from 1, and the path of keys that leads there."""

    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One error in a spec: `what` is wrong there, and the `remedy`."""

    source: str
    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        path = f"{self.place.path}: " if self.place.path else ""
        return (
            f"{self.source}:{self.place.line}: {path}{self.what}. {self.remedy}{'' if self.remedy[-1:] == '?' else '.'}"
        )


class SpecError(Exception):
    """A spec that cannot be used. `faults` holds all its errors, in the order of their lines."""

    exit_code = 2

    def __init__(self, faults: tuple[SpecFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class UnreadableSpecError(SpecError):
    """A spec file that cannot be read or is not UTF-8."""

    def __init__(self, message: str) -> None:
        super().__init__(())
        self.args = (message,)


@dataclass(slots=True)
class SpecFaults:
    """Collects the errors of one spec. `source` is the name to print for the file."""

    source: str
    collected: list[SpecFault] = field(default_factory=list)

    def add(self, place: Place, what: str, remedy: str) -> None:
        """Add an error, once. `what` is a sentence and `remedy` an imperative, both without a full stop."""
        fault = SpecFault(self.source, place, what, remedy)
        if fault not in self.collected:
            self.collected.append(fault)

    def check(self) -> None:
        """Raises `SpecError` if there are any."""
        if self.collected:
            raise SpecError(tuple(sorted(self.collected, key=lambda fault: (fault.place.line, fault.place.column))))


class UnusableRootError(Exception):
    """A table that cannot be the root of documents."""

    exit_code = 2
