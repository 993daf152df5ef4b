"""Reads case folders, and says everything that is wrong with them at once."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infra.errors import WrongSettings
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec
from rowtide.conformance.case import Case, Documents, Fault, How, Program, Statement, Step
from rowtide.conformance.fault_proxy import Trouble
from rowtide.conformance.sql_splitter import SqlFault, split

SPEC, SCHEMA, SEED, ABOUT, EXPECTED = "spec.yaml", "schema.sql", "seed.sql", "case.yaml", "expected"
_STEP = re.compile(r"(\d\d)-([a-z0-9-]+)\.sql")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class _FaultText(msgspec.Struct, forbid_unknown_fields=True):
    """`after: 2` or `during: 2`, with `kill: worker`, `pause: kafka` or `elasticsearch: refuse`."""

    after: int | None = None
    during: int | None = None
    kill: Program | None = None
    pause: Program | None = None
    elasticsearch: Literal["read-only"] | Trouble | None = None

    @property
    def happenings(self) -> list[tuple[Program, How]]:
        """What it names; exactly one is right."""
        named: list[tuple[Program | None, How | None]] = [(self.kill, "kill"), (self.pause, "pause")]
        named.append(("elasticsearch", self.elasticsearch))
        return [(program, how) for program, how in named if program and how]


class _About(msgspec.Struct, forbid_unknown_fields=True):
    """`case.yaml`."""

    title: str = ""
    shows: str = ""
    refused: str | list[str] = []
    alone: bool = False
    faults: list[_FaultText] = []
    heals: list[int] = []
    ignored: dict[str, dict[str, list[str]]] = {}
    left_out: dict[str, dict[str, list[str]]] = {}
    too_long: dict[str, dict[str, list[str]]] = {}
    settings: dict[str, str] = {}
    recorded: Literal[True] | str = True


class CaseFaults(WrongSettings):
    """Case folders that cannot be run."""


def read_cases(folders: Iterable[Path]) -> list[Case]:
    """The cases in these folders, in the order of their names. CaseFaults with everything that is wrong with them."""
    found: list[Case] = []
    faults: list[str] = []
    for given in folders:
        cases = list(_case_folders(given))
        if not cases:
            faults.append(f"{given}: there is no case here; a case is a folder with {SPEC} and {SCHEMA}")
        found += [case for folder in cases if (case := _Reader(folder, faults).read())]
    names = [case.name for case in found]
    faults += [
        f"there are several cases called {name}; rename a folder" for name in set(names) if names.count(name) > 1
    ]
    if faults:
        raise CaseFaults("These cases cannot be run; correct each:\n" + "\n".join(f"  {fault}" for fault in faults))
    return found


def _case_folders(given: Path) -> Iterator[Path]:
    """The folder itself, or the cases below it."""
    if (given / SPEC).exists() or (given / SCHEMA).exists():
        yield given
    elif given.is_dir():
        for below in sorted(given.iterdir()):
            if below.is_dir():
                yield from _case_folders(below)


class _Reader:
    """Reads one folder; faults go to a list."""

    def __init__(self, folder: Path, faults: list[str]) -> None:
        self._folder = folder
        self._faults = faults
        self._before = len(faults)

    def read(self) -> Case | None:
        """The case; None when something is wrong with it."""
        name = self._folder.resolve().name
        if not _NAME.fullmatch(name):
            self._fault("", "a case's folder has lower-case letters, digits and hyphens in its name, 40 at most")
        about = self._about()
        spec, documents = self._spec()
        steps = tuple(self._steps())
        case = Case(
            name=name,
            folder=self._folder,
            title=about.title,
            shows=about.shows,
            schema=self._sql(SCHEMA, needed=True),
            seed=self._sql(SEED),
            spec=spec,
            steps=steps,
            documents=documents,
            expected=dict(self._expected()),
            refused=(about.refused,) if isinstance(about.refused, str) else tuple(about.refused),
            alone=about.alone or bool(about.faults or about.settings),
            faults=tuple(self._faults_of(about)),
            heals=frozenset(about.heals),
            ignored=about.ignored,
            left_out=about.left_out,
            too_long=about.too_long,
            settings=about.settings,
            unrecorded="" if about.recorded is True else str(about.recorded),
        )
        self._check_numbers(case)
        return case if len(self._faults) == self._before else None

    def _fault(self, file: str, what: str) -> None:
        self._faults.append(f"{self._folder / file if file else self._folder}: {what}")

    def _text(self, file: str, needed: bool = False) -> str | None:
        try:
            return (self._folder / file).read_text(encoding="utf-8")
        except FileNotFoundError:
            if needed:
                self._fault(file, "is missing")
        except (OSError, UnicodeDecodeError) as error:
            self._fault(file, f"cannot be read: {error}")
        return None

    def _sql(self, file: str, needed: bool = False) -> tuple[Statement, ...]:
        try:
            return split(self._text(file, needed) or "")
        except SqlFault as error:
            self._fault(file, f"line {error}")
            return ()

    def _spec(self) -> tuple[str, tuple[str, ...]]:
        """The spec's text, and the names of its documents."""
        text = self._text(SPEC, needed=True)
        if text is None:
            return "", ()
        try:
            spec = parse_spec(text, str(self._folder / SPEC))
        except SpecError as error:
            self._fault(SPEC, str(error))
            return text, ()
        return text, tuple(document.name for document in spec.documents)

    def _about(self) -> _About:
        text = self._text(ABOUT)
        if text is None:
            return _About()
        try:
            return msgspec.convert(YAML(typ="safe").load(text) or {}, _About)
        except (YAMLError, msgspec.ValidationError) as error:
            self._fault(ABOUT, f"{error}")
            return _About()

    def _steps(self) -> Iterator[Step]:
        for file in sorted(self._folder.glob("*.sql")):
            if file.name in (SCHEMA, SEED):
                continue
            named = _STEP.fullmatch(file.name)
            if named is None:
                self._fault(file.name, f"is neither {SCHEMA}, {SEED} nor a step such as 01-move-a-line.sql")
                continue
            yield Step(int(named[1]), named[2].replace("-", " "), file, self._sql(file.name))

    def _expected(self) -> Iterator[tuple[int, dict[str, Documents]]]:
        for file in sorted((self._folder / EXPECTED).glob("*")):
            name = f"{EXPECTED}/{file.name}"
            if not re.fullmatch(r"\d\d\.json", file.name):
                self._fault(name, "is not named after a step, as 01.json (00.json: after the first load)")
                continue
            try:
                yield int(file.stem), msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, msgspec.Raw]])
            except msgspec.MsgspecError as error:
                self._fault(name, f"is not JSON of the form {{document: {{id: {{…}}}}}}: {error}")

    def _faults_of(self, about: _About) -> Iterator[Fault]:
        for text in about.faults:
            step = text.during if text.during is not None else text.after
            if step is None or (text.after, text.during).count(None) != 1 or len(text.happenings) != 1:
                self._fault(
                    ABOUT, "a fault has one of `after` and `during`, and one of `kill`, `pause` and `elasticsearch`"
                )
                continue
            ((program, how),) = text.happenings
            if how != "kill" and text.after is not None:
                self._fault(ABOUT, f"`{'pause' if text.pause else program}` goes with `during`: it ends with the step")
                continue
            yield Fault(step, program, how, during=text.during is not None)

    def _check_numbers(self, case: Case) -> None:
        numbers = [step.number for step in case.steps]
        if sorted(set(numbers)) != list(range(1, len(numbers) + 1)):
            self._fault("", f"the steps are numbered {_listed(numbers)}, not 01, 02, and so on")
        known = {0, *numbers}
        for what, used in (
            ("expected/", case.expected),
            ("`heals`", case.heals),
            ("`faults`", {fault.step for fault in case.faults}),
        ):
            if unknown := sorted(set(used) - known):
                self._fault("", f"{what} names steps that are not there: {_listed(unknown)}")
        for name in case.settings:
            if not name.startswith("ROWTIDE_WORKER_"):
                self._fault(ABOUT, f"`settings` has {name}, which is not one of the worker's (ROWTIDE_WORKER_…)")
        if case.refused and (case.steps or case.expected):
            self._fault("", "a case that is `refused` has neither steps nor expected documents")


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:02}" for number in numbers) or "not at all"
