"""Prepares a source database for capture: publication, the connector's role and, on request, the marker role."""

from collections.abc import Callable
from dataclasses import dataclass

from cdc.capture_selection import Choice, captured_tables
from cdc.control_keys import create_control_key
from cdc.errors import Refused
from cdc.log.names import role_name
from cdc.role_passwords import create_password, stored_password
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from cdc.source.marker_role import make_marker_role
from cdc.source.plan import SourcePlan, Statement, plan_source


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was done to a source. `marker` holds the statements for the marker role; None when it was not requested.

    `new_control_key`: the key that signs control messages was generated."""

    pipeline: str
    plan: SourcePlan
    marker: tuple[Statement, ...] | None
    new_control_key: bool


def prepare_source(
    settings: Settings, choice: Choice, *, dry_run: bool, new_password: bool, marker: bool, warn: Callable[[str], None]
) -> Preparation:
    """Create or update what capture needs; with `dry_run`, only plan it, without passwords.

    Raises Refused, with every reason, when a table cannot be captured; nothing is changed then.
    """
    with open_source(settings.source_dsn) as source:
        pipeline, tables = captured_tables(choice, source.catalog())
        facts = source.facts(pipeline)
        plan = plan_source(pipeline, tables, facts, None)
        _check(plan, warn)
        new_role = facts.role is None
        verifier = (
            _masked_verifier(new_role or new_password)
            if dry_run
            else _verifier(source, settings, pipeline, new_role, new_password)
        )
        plan = plan_source(pipeline, tables, facts, verifier)
        if not dry_run:
            source.run(plan.statements)
        new_control_key = not dry_run and create_control_key(settings, pipeline)
        statements = make_marker_role(source, settings, pipeline, dry_run, warn) if marker else None
    return Preparation(pipeline, plan, statements, new_control_key)


def _check(plan: SourcePlan, warn: Callable[[str], None]) -> None:
    for warning in plan.warnings:
        warn(warning)
    if plan.refusals:
        reasons = "\n".join(f"  {reason}" for reason in plan.refusals)
        raise Refused(f"The source cannot be captured as it is:\n{reasons}")


def _verifier(source: Source, settings: Settings, pipeline: str, new_role: bool, new_password: bool) -> str | None:
    """The password to set, as PostgreSQL stores it; None when the role keeps its own."""
    password = stored_password(settings, pipeline)
    if settings.connector_password is None and (password is None or new_password):
        password, new_role = create_password(settings, pipeline), True
    if not (new_role or new_password) or password is None:
        return None
    return source.verifier(role_name(pipeline), password)


def _masked_verifier(sets_password: bool) -> str | None:
    """A placeholder for the password in SQL that is only shown."""
    return "" if sets_password else None
