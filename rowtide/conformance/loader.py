"""Reads case folders. All errors are reported at once."""

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
from rowtide.conformance.case import Case, CaseStatement, CaseStep, Documents, Fault, FaultAction, Program
from rowtide.conformance.fault_proxy import NetworkFault
from rowtide.conformance.sql_splitter import SqlSyntaxError, split

SPEC, SCHEMA, SEED, CASE, EXPECTED = "spec.yaml", "schema.sql", "seed.sql", "case.yaml", "expected"
_STEP = re.compile(r"(\d\d)-([a-z0-9-]+)\.sql")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class _FaultYaml(msgspec.Struct, forbid_unknown_fields=True):
    """`after: 2` or `during: 2`, with `kill: worker`, `pause: kafka` or `elasticsearch: refuse`."""

    after: int | None = None
    during: int | None = None
    kill: Program | None = None
    pause: Program | None = None
    elasticsearch: Literal["read-only"] | NetworkFault | None = None

    @property
    def actions(self) -> list[tuple[Program, FaultAction]]:
        """The faults it names; there must be exactly one."""
        named: list[tuple[Program | None, FaultAction | None]] = [(self.kill, "kill"), (self.pause, "pause")]
        named.append(("elasticsearch", self.elasticsearch))
        return [(program, how) for program, how in named if program and how]


class _CaseYaml(msgspec.Struct, forbid_unknown_fields=True):
    """`case.yaml`."""

    title: str = ""
    shows: str = ""
    refused: str | list[str] = []
    alone: bool = False
    faults: list[_FaultYaml] = []
    heals: list[int] = []
    ignored: dict[str, dict[str, list[str]]] = {}
    left_out: dict[str, dict[str, list[str]]] = {}
    too_long: dict[str, dict[str, list[str]]] = {}
    settings: dict[str, str] = {}
    recorded: Literal[True] | str = True


class InvalidCases(WrongSettings):
    """Case folders that cannot be run; the message lists every error."""


def read_cases(folders: Iterable[Path]) -> list[Case]:
    """The cases in these folders, in the order of their names. Raises InvalidCases, which lists every error."""
    cases: list[Case] = []
    faults: list[str] = []
    for path in folders:
        case_folders = list(_case_folders(path))
        if not case_folders:
            faults.append(f"{path}: there is no case here; a case is a folder with {SPEC} and {SCHEMA}")
        cases += [case for folder in case_folders if (case := _Reader(folder, faults).read())]
    names = [case.name for case in cases]
    faults += [f"several cases are called {name}; rename a folder" for name in set(names) if names.count(name) > 1]
    if faults:
        raise InvalidCases("The cases have errors:\n" + "\n".join(f"  {fault}" for fault in faults))
    return cases


def _case_folders(path: Path) -> Iterator[Path]:
    """The folder itself, or the case folders below it."""
    if (path / SPEC).exists() or (path / SCHEMA).exists():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.is_dir():
                yield from _case_folders(child)


class _Reader:
    """Reads one folder. Errors are added to a list."""

    def __init__(self, folder: Path, faults: list[str]) -> None:
        self._folder = folder
        self._faults = faults
        self._before = len(faults)

    def read(self) -> Case | None:
        """The case; None if it has errors."""
        name = self._folder.resolve().name
        if not _NAME.fullmatch(name):
            self._fault(
                "", "invalid folder name: use 1–40 lowercase letters, digits and hyphens, starting with a letter"
            )
        yaml = self._case_yaml()
        spec, documents = self._spec()
        steps = tuple(self._steps())
        case = Case(
            name=name,
            folder=self._folder,
            title=yaml.title,
            shows=yaml.shows,
            schema=self._sql(SCHEMA, needed=True),
            seed=self._sql(SEED),
            spec=spec,
            steps=steps,
            documents=documents,
            expected=dict(self._expected()),
            refused=(yaml.refused,) if isinstance(yaml.refused, str) else tuple(yaml.refused),
            alone=yaml.alone or bool(yaml.faults or yaml.settings),
            faults=tuple(self._faults_of(yaml)),
            heals=frozenset(yaml.heals),
            ignored=yaml.ignored,
            left_out=yaml.left_out,
            too_long=yaml.too_long,
            settings=yaml.settings,
            unrecorded="" if yaml.recorded is True else str(yaml.recorded),
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

    def _sql(self, file: str, needed: bool = False) -> tuple[CaseStatement, ...]:
        try:
            return split(self._text(file, needed) or "")
        except SqlSyntaxError as error:
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

    def _case_yaml(self) -> _CaseYaml:
        text = self._text(CASE)
        if text is None:
            return _CaseYaml()
        try:
            return msgspec.convert(YAML(typ="safe").load(text) or {}, _CaseYaml)
        except (YAMLError, msgspec.ValidationError) as error:
            self._fault(CASE, f"{error}")
            return _CaseYaml()

    def _steps(self) -> Iterator[CaseStep]:
        for file in sorted(self._folder.glob("*.sql")):
            if file.name in (SCHEMA, SEED):
                continue
            named = _STEP.fullmatch(file.name)
            if named is None:
                self._fault(file.name, f"is neither {SCHEMA}, {SEED} nor a step like 01-move-a-line.sql")
                continue
            yield CaseStep(int(named[1]), named[2].replace("-", " "), file, self._sql(file.name))

    def _expected(self) -> Iterator[tuple[int, dict[str, Documents]]]:
        for file in sorted((self._folder / EXPECTED).glob("*")):
            name = f"{EXPECTED}/{file.name}"
            if not re.fullmatch(r"\d\d\.json", file.name):
                self._fault(name, "is not named after a step, like 01.json (00.json: after the first load)")
                continue
            try:
                yield int(file.stem), msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, msgspec.Raw]])
            except msgspec.MsgspecError as error:
                self._fault(name, f"is not JSON of the form {{document: {{id: {{…}}}}}}: {error}")

    def _faults_of(self, yaml: _CaseYaml) -> Iterator[Fault]:
        for text in yaml.faults:
            step = text.during if text.during is not None else text.after
            if step is None or (text.after, text.during).count(None) != 1 or len(text.actions) != 1:
                self._fault(
                    CASE, "a fault needs one of `after` and `during`, and one of `kill`, `pause` and `elasticsearch`"
                )
                continue
            ((program, how),) = text.actions
            if how != "kill" and text.after is not None:
                self._fault(CASE, f"`{'pause' if text.pause else program}` needs `during`: it ends with the step")
                continue
            yield Fault(step, program, how, during=text.during is not None)

    def _check_numbers(self, case: Case) -> None:
        numbers = [step.number for step in case.steps]
        if sorted(set(numbers)) != list(range(1, len(numbers) + 1)):
            self._fault("", f"the steps are numbered {_listed(numbers)}; number them 01, 02, and so on")
        known = {0, *numbers}
        for what, used in (
            ("expected/", case.expected),
            ("`heals`", case.heals),
            ("`faults`", {fault.step for fault in case.faults}),
        ):
            if unknown := sorted(set(used) - known):
                self._fault("", f"{what} names unknown steps: {_listed(unknown)}")
        for name in case.settings:
            if not name.startswith("ROWTIDE_WORKER_"):
                self._fault(CASE, f"`settings` has {name}, which is not a setting of the worker (ROWTIDE_WORKER_…)")
        if case.refused and (case.steps or case.expected):
            self._fault("", "a case with `refused` cannot have steps or expected documents")


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:02}" for number in numbers) or "not at all"
