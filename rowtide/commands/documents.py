"""`rowtide documents`: write a first spec, check a spec against the database, show what it compiles to."""

from pathlib import Path
from typing import Annotated

import typer

from cdc.capture_selection import check_spec, choose, resolve_spec, table_name
from cdc.errors import WrongUse
from cdc.log.names import PIPELINE_NAME
from cdc.settings import Settings
from cdc.source.database import open_source
from read_model.catalog.catalog import Catalog
from read_model.elasticsearch.index_body import index_body
from read_model.plan.describe import plan_text
from read_model.plan.model import PipelinePlan
from read_model.postgres.documents import document_query
from read_model.postgres.unfit_values import unfit_queries
from read_model.scaffold.first_spec import write_spec
from rowtide.command import add_command, new_group
from rowtide.commands.options import SpecOption
from rowtide.console import Output, YamlOutputOption, print_json, print_text, print_warning, print_yaml
from sync_worker.store.pending_sql import build

SPEC_MODE = 0o644
"""A spec is the user's own file, without secrets; the worker's user has to read it."""


def register(root: typer.Typer) -> None:
    """Add `documents` to the root of `rowtide`."""
    group = new_group(
        "Write, check and show the document spec of a pipeline.",
        "rowtide documents init --root orders --to shop.yaml",
        "rowtide documents check --spec shop.yaml",
    )
    add_command(
        group,
        init,
        "rowtide documents init --root orders --to shop.yaml",
        "rowtide documents init --root sales.orders --root sales.products",
    )
    add_command(group, check, "rowtide documents check --spec shop.yaml")
    add_command(
        group,
        show,
        "rowtide documents show --spec shop.yaml --sql",
        "# The index settings and mappings",
        "rowtide documents show --spec shop.yaml -o json",
    )
    root.add_typer(group, name="documents")


def init(
    root: Annotated[
        list[str],
        typer.Option("--root", metavar="SCHEMA.TABLE", help="Root table of a document. Repeatable."),
    ],
    pipeline: Annotated[
        str | None,
        typer.Option("--pipeline", metavar="NAME", help="Pipeline name; the default is the database's name."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="File to write; the default is standard output.")
    ] = None,
) -> None:
    """Write a first spec from the tables and foreign keys of a database."""
    catalog, database = _catalog(Settings.read())
    name = pipeline or _pipeline_name(database)
    if not PIPELINE_NAME.fullmatch(name):
        raise WrongUse(
            f"Invalid pipeline name {name!r}. Give one with --pipeline: 1–41 lowercase letters, digits or"
            " underscores, starting with a letter."
        )
    text = write_spec(catalog, [table_name(table) for table in root], name)
    if to is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    _write(to, text)
    print_text(f"Wrote {to}. Next: rowtide documents check --spec {to}")


def check(spec: SpecOption = None) -> None:
    """Check a spec against the database.

    Checks every name, join and type, and lists all errors. Where the spec chooses the type of a field in the index, it
    counts the values in the database that do not fit.
    """
    settings = Settings.read()
    path = spec or settings.spec
    if path is None:
        raise WrongUse("Name the spec with --spec FILE, or set ROWTIDE_SPEC.")
    plan = check_spec(path, lambda: _catalog(settings)[0])
    documents = ", ".join(document.name for document in plan.documents)
    _warn_of_unfit_values(settings, plan)
    print_text(f"The spec is valid. Pipeline {plan.pipeline}: {documents} from {len(plan.tables)} tables.")


def _warn_of_unfit_values(settings: Settings, plan: PipelinePlan) -> None:
    """Count the values that do not fit the type that the spec chooses for their field."""
    queries = [query for document in plan.documents for query in unfit_queries(document)]
    if not queries:
        return
    with open_source(settings.source_dsn) as source:
        for query in queries:
            counts = source.unfit_counts(query)
            if counts is None:
                print_warning(f"{query.table}: could not count the values that do not fit the types of the spec.")
                continue
            for field, values, unfit in zip(query.fields, counts[::2], counts[1::2], strict=True):
                if unfit:
                    print_warning(
                        f"{field.document}: {unfit} of {values} values of {query.table} do not fit the type {field.kind} of"
                        f" {field.name}. Documents show them, but no search finds them. Remove `type`, or choose another"
                        " type."
                    )


def show(
    spec: SpecOption = None,
    sql: Annotated[bool, typer.Option("--sql", help="Also show the queries that build the documents.")] = False,
    output: YamlOutputOption = Output.TEXT,
) -> None:
    """Show what a spec compiles to.

    Shows the resolved plan; with --sql also the queries; with -o json or yaml the body of each index.
    """
    plan = _plan(spec)
    if output is not Output.TEXT:
        bodies = {document.name: index_body(document, plan) for document in plan.documents}
        (print_json if output is Output.JSON else print_yaml)(bodies)
        return
    typer.echo(plan_text(plan))
    for document in plan.documents if sql else ():
        typer.echo(f"\n-- {document.name}: the query that builds it, for SQLite\n{build(document, 'fresh')}")
        typer.echo(f"\n-- {document.name}: the query on PostgreSQL that verifies it\n{document_query(document)}")


def _plan(spec: Path | None) -> PipelinePlan:
    settings = Settings.read()
    settings.need("postgres_dsn")
    choice = choose(settings, spec, None, None)
    assert choice.spec is not None
    return resolve_spec(choice.spec, _catalog(settings)[0])


def _catalog(settings: Settings) -> tuple[Catalog, str]:
    with open_source(settings.source_dsn) as source:
        return source.catalog(), source.database()


def _pipeline_name(database: str) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in database.lower()).strip("_")
    return plain[:41]


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        path.chmod(SPEC_MODE)
    except FileExistsError as error:
        raise WrongUse(f"{path} already exists. Move it away, or write to another file.") from error
    except OSError as error:
        raise WrongUse(f"Cannot write {path}: {error.strerror}. Write to another file.") from error
