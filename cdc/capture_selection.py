"""Which pipeline a command is about, and which tables it captures: from a spec and the live catalogue, or named one by one."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import WrongUse
from cdc.log.names import PIPELINE_NAME, role_name
from cdc.settings import Settings
from cdc.source.checks import Captured
from read_model.catalog.catalog import Catalog, TableName
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.file import load_spec
from read_model.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator gave: a spec's file, or a pipeline's name with tables (`schema.table`, or `table` in public)."""

    spec: Path | None = None
    pipeline: str | None = None
    tables: tuple[str, ...] = ()


def choose(settings: Settings, spec: Path | None, pipeline: str | None, tables: list[str] | None) -> Choice:
    """Put together what was given. WrongUse when it is neither a spec without faults nor a pipeline; needs no server."""
    if pipeline is None:
        found = spec or settings.spec
        if found is None:
            raise WrongUse("Say which pipeline: --spec FILE (or ROWTIDE_SPEC), or --pipeline NAME.")
        read_spec(found)
        return Choice(found)
    if not PIPELINE_NAME.fullmatch(pipeline):
        raise WrongUse(
            f"{pipeline!r} is no name for a pipeline: at most 41 small letters, digits and underscores, a letter first."
        )
    return Choice(None, pipeline, tuple(tables or ()))


def read_spec(path: Path) -> Spec:
    """Read and check a spec's file. WrongUse lists every fault."""
    try:
        return load_spec(path)
    except SpecError as error:
        raise WrongUse(str(error)) from error


def resolved(path: Path, catalog: Catalog) -> PipelinePlan:
    """Resolve a spec's file for a database. WrongUse lists every fault."""
    spec = read_spec(path)
    try:
        return resolve(spec, catalog)
    except SpecError as error:
        raise WrongUse(str(error)) from error


def pipeline_of(choice: Choice) -> str:
    """The pipeline's name alone; needs no database."""
    if choice.pipeline is not None:
        return choice.pipeline
    assert choice.spec is not None
    return read_spec(choice.spec).pipeline


def captured(choice: Choice, catalog: Catalog) -> tuple[str, Captured]:
    """The pipeline and its tables."""
    if choice.spec is not None:
        plan = resolved(choice.spec, catalog)
        return plan.pipeline, {use.table: tuple(column.name for column in use.columns) for use in plan.tables}
    assert choice.pipeline is not None
    if not choice.tables:
        raise WrongUse("Name the tables to capture: --table SCHEMA.TABLE, once for each; or give a --spec.")
    return choice.pipeline, {table_name(text): () for text in choice.tables}


def table_name(text: str) -> TableName:
    """Read `schema.table`; a name without a schema is in public. Case counts."""
    schema, dot, name = text.partition(".")
    return TableName(schema, name) if dot else TableName("public", text)


def password_file(settings: Settings, pipeline: str) -> Path:
    """Where a made password of the connector's role is kept."""
    return settings.secrets_dir / f"{role_name(pipeline)}.password"


def known_password(settings: Settings, pipeline: str) -> str | None:
    """The password of the connector's role, from the setting or the file; None when there is neither."""
    if settings.connector_password is not None:
        return settings.connector_password.get_secret_value()
    try:
        return password_file(settings, pipeline).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WrongUse(
            f"{password_file(settings, pipeline)} cannot be read: {error.strerror}. Set ROWTIDE_SECRETS_DIR."
        ) from error


def made_password(settings: Settings, pipeline: str) -> str:
    """Make a password and keep it in the file, readable by its owner alone."""
    password = new_password()
    keep_secret(password_file(settings, pipeline), password)
    return password


def new_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_urlsafe(24)


def keep_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"The secret cannot be kept in {path}: {error.strerror}. Set ROWTIDE_SECRETS_DIR.") from error
