"""`rowtide init`: prepare a source database: role, grants, publication. The application's tables are not changed."""

from typing import Annotated

import typer

from cdc.capture_selection import choose
from cdc.control_keys import key_path
from cdc.log.names import marker_role_name, publication_name, role_name
from cdc.role_passwords import password_file
from cdc.settings import Settings
from cdc.source.marker_role import dsn_file
from cdc.source.preparation import Preparation, Request, prepare_source
from rowtide.command import add_command
from rowtide.commands.options import PipelineOption, SpecOption, TableOption
from rowtide.console import print_text, print_warning


def register(root: typer.Typer) -> None:
    """Add `init` to the root of `rowtide`."""
    add_command(
        root,
        init,
        "# Show the SQL, then run it",
        "rowtide init --spec shop.yaml --dry-run",
        "rowtide init --spec shop.yaml --marker",
        "# Reserve the right to emit messages into the WAL",
        "rowtide init --spec shop.yaml --restrict-messages",
        "# Without a spec",
        "rowtide init --pipeline shop --table orders --table sales.lines",
    )


def init(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    table: TableOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL and change nothing.")] = False,
    new_password: Annotated[bool, typer.Option("--new-password", help="Give the role a new password.")] = False,
    marker: Annotated[
        bool,
        typer.Option("--marker", help="Also create the role the search API uses to read the current WAL position."),
    ] = False,
    restrict_messages: Annotated[
        bool,
        typer.Option(
            "--restrict-messages",
            help="Also take the right to emit messages into the WAL from all other logins; needs a superuser.",
        ),
    ] = False,
) -> None:
    """Prepare a source database: create the connector's role and publication.

    The role has the least privileges it needs. Run the command again after the spec changes. If a table cannot be
    captured, the command lists the reasons and the remedies, and changes nothing.
    """
    settings = Settings.read()
    choice = choose(settings, spec, pipeline, table)
    request = Request(dry_run, new_password, marker, restrict_messages)
    preparation = prepare_source(settings, choice, request, print_warning)
    if dry_run:
        for statement in (*preparation.plan.statements, *(preparation.marker or ()), *preparation.rights):
            typer.echo(f"{statement};")
        return
    print_text(_source_summary(preparation, settings))
    if preparation.marker is not None:
        print_text(_marker_summary(preparation, settings))
    if preparation.rights:
        print_text("Only the pipeline's roles and this one may emit messages into the WAL.")


def _source_summary(preparation: Preparation, settings: Settings) -> str:
    pipeline = preparation.pipeline
    role, publication = role_name(pipeline), publication_name(pipeline)
    if not preparation.plan.statements and preparation.new_control_key:
        return (
            f"Role {role} and publication {publication} are up to date. The key that signs control messages is new, in"
            f" {key_path(settings, pipeline)}. Next: rowtide connectors apply, then restart the"
            " worker."
        )
    if not preparation.plan.statements:
        return f"Nothing to do: role {role} and publication {publication} are up to date."
    password = "" if settings.connector_password else f" Its password is in {password_file(settings, pipeline)}."
    return (
        f"Publication {publication} has {len(preparation.plan.tables)} tables; role {role} may read them."
        f"{password} Next: rowtide connectors apply."
    )


def _marker_summary(preparation: Preparation, settings: Settings) -> str:
    pipeline = preparation.pipeline
    state = "can connect and emit a marker" if preparation.marker else "is up to date"
    return (
        f"Role {marker_role_name(pipeline)} {state}."
        f" For the search API: ROWTIDE_MARKER_DSN=$(cat {dsn_file(settings, pipeline)})"
    )
