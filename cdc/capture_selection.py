"""Selects the pipeline of a command and the tables to capture: from a spec and the live catalogue, or named one by
one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import OperatorError, WrongUse
from cdc.log.names import PIPELINE_NAME
from cdc.settings import Settings
from read_model.catalog.catalog import Catalog, TableName
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve, resolve_readable
from read_model.spec.errors import SpecError
from read_model.spec.file import load_spec
from read_model.spec.model import Spec
from read_model.spec.parser import ParseError

Captured = Mapping[TableName, Sequence[str]]
"""The tables to capture, each with the columns that documents use; none means all columns."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The operator's choice: a spec's file, or a pipeline's name with tables (`schema.table`, or `table` in public)."""

    spec: Path | None = None
    pipeline: str | None = None
    tables: tuple[str, ...] = ()


def choose(settings: Settings, spec: Path | None, pipeline: str | None, tables: list[str] | None) -> Choice:
    """Check the options of a command. Raises WrongUse when there is neither a valid spec nor a pipeline. Needs no
    server."""
    if pipeline is None:
        path = spec or settings.spec
        if path is None:
            raise WrongUse("Name the pipeline with --spec FILE (or ROWTIDE_SPEC), or with --pipeline NAME.")
        read_spec(path)
        return Choice(path)
    if not PIPELINE_NAME.fullmatch(pipeline):
        raise WrongUse(
            f"Invalid pipeline name {pipeline!r}: use 1-41 lowercase letters, digits or underscores, starting with a"
            " letter."
        )
    return Choice(None, pipeline, tuple(tables or ()))


def read_spec(path: Path) -> Spec:
    """Read and check a spec's file. Raises WrongUse with all errors."""
    try:
        return load_spec(path)
    except SpecError as error:
        raise WrongUse(str(error)) from error


def check_spec(path: Path, read_catalog: Callable[[], Catalog]) -> PipelinePlan:
    """Resolve a spec's file for a database. Raises WrongUse with all errors: those of the file, and, if the catalogue
    can be read, those of its names."""
    try:
        return resolve(load_spec(path), read_catalog())
    except ParseError as error:
        raise WrongUse(str(_with_errors_of_names(error, read_catalog))) from error
    except SpecError as error:
        raise WrongUse(str(error)) from error


def _with_errors_of_names(error: ParseError, read_catalog: Callable[[], Catalog]) -> SpecError:
    try:
        return resolve_readable(error, read_catalog())
    except OperatorError:
        return error  # The file is wrong in any case; the database can be checked once it is right.


def resolve_spec(path: Path, catalog: Catalog) -> PipelinePlan:
    """Resolve a spec's file for a database. Raises WrongUse with all errors."""
    return check_spec(path, lambda: catalog)


def pipeline_name(choice: Choice) -> str:
    """The pipeline's name. Needs no database."""
    if choice.pipeline is not None:
        return choice.pipeline
    assert choice.spec is not None
    return read_spec(choice.spec).pipeline


def captured_tables(choice: Choice, catalog: Catalog) -> tuple[str, Captured]:
    """The pipeline and the tables to capture. Raises WrongUse when there are none, or the spec does not fit the
    catalogue."""
    if choice.spec is not None:
        plan = resolve_spec(choice.spec, catalog)
        return plan.pipeline, {use.table: tuple(column.name for column in use.columns) for use in plan.tables}
    assert choice.pipeline is not None
    if not choice.tables:
        raise WrongUse("Name each table to capture with --table SCHEMA.TABLE, or give a --spec.")
    return choice.pipeline, {table_name(text): () for text in choice.tables}


def table_name(text: str) -> TableName:
    """Read `schema.table`; a name without a schema is in public. Case-sensitive."""
    schema, dot, name = text.partition(".")
    return TableName(schema, name) if dot else TableName("public", text)
