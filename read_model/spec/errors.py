"""Errors in a spec. They are collected, so that a user sees all of them at once."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a spec: line and column, counted from 1, and the path of keys that leads there."""

    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error in a spec: `what` is wrong there, and the `remedy`."""

    source: str
    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        path = f"{self.place.path}: " if self.place.path else ""
        end = "" if self.remedy.endswith("?") else "."
        return f"{self.source}:{self.place.line}: {path}{self.what}. {self.remedy}{end}"


class SpecError(Exception):
    """A spec that cannot be used. `diagnostics` are all its errors, in the order of their lines."""

    exit_code = 2

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
        self.diagnostics = diagnostics


class UnreadableSpecError(SpecError):
    """A spec file that cannot be read or is not UTF-8."""

    def __init__(self, message: str) -> None:
        super().__init__(())
        self.args = (message,)


@dataclass(slots=True)
class Diagnostics:
    """Collects the errors of one spec. `source` is the name to print for the file."""

    source: str
    collected: list[Diagnostic] = field(default_factory=list)

    def add(self, place: Place, what: str, remedy: str) -> None:
        """Add an error, once. `what` is a sentence and `remedy` an imperative, both without a full stop."""
        diagnostic = Diagnostic(self.source, place, what, remedy)
        if diagnostic not in self.collected:
            self.collected.append(diagnostic)

    def check(self) -> None:
        """Raises `SpecError` if there are any."""
        if self.collected:
            raise SpecError(self.ordered())

    def ordered(self) -> tuple[Diagnostic, ...]:
        """The errors in the order of their lines."""
        return tuple(sorted(self.collected, key=lambda error: (error.place.line, error.place.column)))


class UnusableRootError(Exception):
    """A table that cannot be the root of documents."""

    exit_code = 2
