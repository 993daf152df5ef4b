"""`rowtide documents`: write a first spec, check one against the database, show what it means."""

from pathlib import Path
from typing import Annotated

import typer

from cdc.capture_selection import choose, resolved, table_name
from cdc.errors import WrongUse
from cdc.log.names import PIPELINE_NAME
from cdc.settings import Settings
from cdc.source.database import open_source
from read_model.catalog.catalog import Catalog
from read_model.elasticsearch.index_body import index_body
from read_model.plan.describe import plan_text
from read_model.plan.model import PipelinePlan
from read_model.postgres.documents import document_query
from read_model.scaffold.first_spec import write_spec
from read_model.spec.errors import UnusableRootError
from rowtide.console import Output, OutputOption, SpecOption, faults_told, out, tell_json
from sync_worker.store.pending_sql import build


def register(root: typer.Typer) -> None:
    """Add `documents` to the root of `rowtide`."""
    app = typer.Typer(no_args_is_help=True, help="The spec of a pipeline's documents.")
    app.command()(init)
    app.command()(check)
    app.command()(show)
    root.add_typer(app, name="documents")


def init(
    root: Annotated[
        list[str], typer.Option("--root", help="Root table of a kind of documents, SCHEMA.TABLE. Repeat it.")
    ],
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="Name; by default that of the database.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; by default standard output.")] = None,
) -> None:
    """Look at the database and write a first spec: any application has documents in one command."""
    with faults_told():
        catalog, database = _catalog()
        name = pipeline or _name(database)
        if not PIPELINE_NAME.fullmatch(name):
            raise WrongUse(f"{name!r} is no name for a pipeline; give one with --pipeline: small letters, digits, _.")
        try:
            text = write_spec(catalog, [table_name(one) for one in root], name)
        except UnusableRootError as error:
            raise WrongUse(str(error)) from error
        if to is None:
            typer.echo(text, nl=not text.endswith("\n"))
            return
        _write(to, text)
        out.print(f"Wrote {to}. Next: rowtide documents check --spec {to}", markup=False, soft_wrap=True)


def check(spec: SpecOption = None) -> None:
    """Check the spec against the database: every name, join and type; all faults at once."""
    with faults_told():
        plan = _plan(spec)
        kinds = ", ".join(document.name for document in plan.documents)
        out.print(f"Pipeline {plan.pipeline}: {kinds} from {len(plan.tables)} tables. The spec is right.", markup=False)


def show(
    spec: SpecOption = None,
    sql: Annotated[bool, typer.Option("--sql", help="The queries that build documents, too.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what the spec compiles to: the resolved plan, the index bodies (json), the queries (--sql)."""
    with faults_told():
        plan = _plan(spec)
        if output is Output.JSON:
            tell_json({document.name: index_body(document, plan) for document in plan.documents})
            return
        typer.echo(plan_text(plan))
        for document in plan.documents if sql else ():
            typer.echo(f"\n-- {document.name}: SQLite builds it with\n{build(document, 'fresh')}")
            typer.echo(
                f"\n-- {document.name}: PostgreSQL's own answer, which it must equal\n{document_query(document)}"
            )


def _plan(spec: Path | None) -> PipelinePlan:
    settings = Settings.read()
    settings.need("postgres_dsn")
    choice = choose(settings, spec, None, None)
    assert choice.spec is not None
    return resolved(choice.spec, _catalog()[0])


def _catalog() -> tuple[Catalog, str]:
    settings = Settings.read()
    settings.need("postgres_dsn")
    assert settings.postgres_dsn is not None
    with open_source(settings.postgres_dsn.get_secret_value()) as source:
        return source.catalog(), source.database()


def _name(database: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in database.lower()).strip("_")
    return plain[:41]


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise WrongUse(f"{path} is there already. Move it away, or write to another file.") from error
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror}. Write to another file.") from error
