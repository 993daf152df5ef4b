"""`rowtide init`: prepare a source database: role, grants, publication. The application's tables stay as they are."""

from typing import Annotated

import typer

from cdc.capture_selection import captured, choose, known_password, made_password, password_file
from cdc.errors import Refused
from cdc.log.names import marker_role_name, publication_name, role_name
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from cdc.source.marker_role import dsn_file, make_marker_role
from cdc.source.plan import SourcePlan, plan_source
from rowtide.console import PipelineOption, SpecOption, TableOption, err, faults_told, out


def register(root: typer.Typer) -> None:
    """Add `init` to the root of `rowtide`."""
    root.command()(init)


def init(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    table: TableOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL, change nothing.")] = False,
    new_password: Annotated[bool, typer.Option("--new-password", help="Give the role a new password.")] = False,
    marker: Annotated[
        bool,
        typer.Option("--marker", help="Also make a role with which the search API can ask how far the database is."),
    ] = False,
) -> None:
    """Create or update the publication and the connector's least-privilege role. Run it again after the spec changed.

    Tables that cannot be captured as they are, are refused with the reason and the way out; nothing is changed then.
    """
    with faults_told():
        settings = Settings.read()
        settings.need("postgres_dsn")
        assert settings.postgres_dsn is not None
        choice = choose(settings, spec, pipeline, table)
        with open_source(settings.postgres_dsn.get_secret_value()) as source:
            name, tables = captured(choice, source.catalog())
            facts = source.facts(name)
            plan = plan_source(name, tables, facts, None)
            _tell_judgement(plan)
            new = facts.role is None
            verifier = _dry(new or new_password) if dry_run else _verifier(source, settings, name, new, new_password)
            plan = plan_source(name, tables, facts, verifier)
            if not dry_run:
                source.run(plan.statements)
            made = make_marker_role(source, settings, name, dry_run) if marker else ()
        if dry_run:
            for statement in (*plan.statements, *made):
                typer.echo(f"{statement};")
            return
        out.print(_done(name, plan, settings), markup=False, soft_wrap=True)
        if marker:
            out.print(_marker_done(name, bool(made), settings), markup=False, soft_wrap=True)


def _tell_judgement(plan: SourcePlan) -> None:
    for warning in plan.warnings:
        err.print(f"Note: {warning}", style="yellow", markup=False, soft_wrap=True)
    if plan.refusals:
        raise Refused(
            "The source cannot be captured as it is:\n" + "\n".join(f"  {reason}" for reason in plan.refusals)
        )


def _verifier(source: Source, settings: Settings, pipeline: str, new_role: bool, wanted: bool) -> str | None:
    """The password to set, as PostgreSQL stores it; None when the role keeps its own."""
    password = known_password(settings, pipeline)
    if settings.connector_password is None and (password is None or wanted):
        password, new_role = made_password(settings, pipeline), True
    if not (new_role or wanted) or password is None:
        return None
    return source.verifier(role_name(pipeline), password)


def _done(pipeline: str, plan: SourcePlan, settings: Settings) -> str:
    if not plan.statements:
        return f"Nothing to do: role {role_name(pipeline)} and publication {publication_name(pipeline)} are as wanted."
    kept = "" if settings.connector_password else f" Its password is in {password_file(settings, pipeline)}."
    return (
        f"Publication {publication_name(pipeline)} has {len(plan.tables)} tables; role {role_name(pipeline)} may read them."
        f"{kept} Next: rowtide connectors apply."
    )


def _marker_done(pipeline: str, made: bool, settings: Settings) -> str:
    what = "can connect and emit a marker, and nothing else" if made else "is as wanted"
    return f"Role {marker_role_name(pipeline)} {what}. For the search API: ROWTIDE_MARKER_DSN=$(cat {dsn_file(settings, pipeline)})"


def _dry(password: bool) -> str | None:
    """Stands for a password in SQL that is only shown, masked."""
    return "" if password else None
