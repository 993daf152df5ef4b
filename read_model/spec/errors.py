"""What is wrong with a spec. Faults are collected, so that a person sees all of them at once."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a spec: line and column from 1, and the path of keys that leads there."""

    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a spec: where it is, what is wrong, and what to do."""

    source: str
    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        path = f"{self.place.path}: " if self.place.path else ""
        return f"{self.source}:{self.place.line}: {path}{self.what}. {self.remedy}."


class SpecError(Exception):
    """A spec that cannot be used; `faults` holds every fault found, in the order of the lines."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class UnreadableSpecError(SpecError):
    """The file of a spec cannot be read or decoded; the message says why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(())
        self.args = (message,)


@dataclass(slots=True)
class Faults:
    """Collects the faults of one spec. `source` is what people call the file."""

    source: str
    found: list[Fault] = field(default_factory=list)

    def add(self, place: Place, what: str, remedy: str) -> None:
        """Note a fault; `what` and `remedy` are sentences without their full stop."""
        fault = Fault(self.source, place, what, remedy)
        if fault not in self.found:
            self.found.append(fault)

    def check(self) -> None:
        """Raise `SpecError` if anything was found."""
        if self.found:
            raise SpecError(tuple(sorted(self.found, key=lambda fault: (fault.place.line, fault.place.column))))


class UnusableRootError(Exception):
    """A table that cannot be the root of documents; the message says why, and what to do."""
