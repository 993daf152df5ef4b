"""Prepares a source database for capture: publication, the connector's role and, on request, the marker role and the
right to emit messages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cdc.capture_selection import Choice, captured_tables
from cdc.control_keys import create_control_key, write_secrets_file
from cdc.errors import OperatorError, Refused, WrongUse
from cdc.log.names import marker_role_name, role_name, slot_name
from cdc.role_passwords import create_password, password_file, stored_password
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from cdc.source.facts import Facts
from cdc.source.marker_role import make_marker_role
from cdc.source.message_rights import plan_message_rights
from cdc.source.plan import SourcePlan, Statement, plan_source
from cdc.source.sign_in import password_rejected


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was done to a source. `marker` holds the statements for the marker role; None when it was not requested.
    `rights` are the statements about emitting messages.

    `new_control_key`: the key that signs control messages was generated."""

    pipeline: str
    plan: SourcePlan
    marker: tuple[Statement, ...] | None
    rights: tuple[Statement, ...]
    new_control_key: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What `rowtide init` is asked for: only to plan it, a new password of the connector's role, the marker role, and
    that nobody but the pipeline's roles may emit messages."""

    dry_run: bool = False
    new_password: bool = False
    marker: bool = False
    restrict_messages: bool = False


def prepare_source(settings: Settings, choice: Choice, request: Request, warn: Callable[[str], None]) -> Preparation:
    """Create or update what capture needs; with `dry_run`, only plan it, without passwords.

    Raises Refused, with every reason, when a table cannot be captured; nothing is changed then.
    """
    with open_source(settings.source_dsn) as source:
        pipeline, tables = captured_tables(choice, source.catalog())
        facts = source.facts(pipeline)
        if request.restrict_messages:
            facts = replace(facts, strangers_may_emit=False)
        plan = plan_source(pipeline, tables, facts, None)
        _check(plan, warn)
        sets_password = request.new_password or _password_is_due(settings, pipeline, facts, warn)
        verifier = (
            _masked_verifier(sets_password)
            if request.dry_run
            else _verifier(source, settings, pipeline, sets_password, request.new_password)
        )
        plan = plan_source(pipeline, tables, facts, verifier)
        if not request.dry_run:
            source.run(plan.statements)
            for fault in source.capture_faults(pipeline, tables).values():
                warn(fault)
        new_control_key = not request.dry_run and create_control_key(settings, pipeline)
        if not request.dry_run:
            write_secrets_file(settings, pipeline)
        marker = make_marker_role(source, settings, pipeline, request.dry_run, warn) if request.marker else None
        rights = _message_rights(source, pipeline, facts, request)
    return Preparation(pipeline, plan, marker, rights, new_control_key)


def _message_rights(source: Source, pipeline: str, facts: Facts, request: Request) -> tuple[Statement, ...]:
    """Give our roles the right to emit messages where it was taken from PUBLIC, and take it on request."""
    roles = [role_name(pipeline)]
    if request.marker or source.has_role(marker_role_name(pipeline)):
        roles.append(marker_role_name(pipeline))
    restrict = request.restrict_messages and source.may_emit("public")
    lacking = [role for role in roles if not source.may_emit(role if source.has_role(role) else "public")]
    if not (restrict or lacking):
        return ()
    statements = tuple(plan_message_rights(facts.version, roles, restrict))
    if not request.dry_run:
        source.run(statements)
        # PostgreSQL only warns when somebody revokes what somebody else granted.
        if restrict and source.may_emit("public"):
            raise OperatorError(
                "The right to emit messages was not revoked: only a superuser can do that. Run `rowtide init"
                " --restrict-messages` with a superuser in ROWTIDE_POSTGRES_DSN, or its --dry-run output as one."
            )
    return statements


def _check(plan: SourcePlan, warn: Callable[[str], None]) -> None:
    for warning in plan.warnings:
        warn(warning)
    if plan.refusals:
        reasons = "\n".join(f"  {reason}" for reason in plan.refusals)
        raise Refused(f"The source cannot be captured as it is:\n{reasons}")


def _password_is_due(settings: Settings, pipeline: str, facts: Facts, warn: Callable[[str], None]) -> bool:
    """Whether the role has to get the stored password: it is new, or somebody else gave it another one.

    Raises WrongUse when a connector signs in with a password that is stored in another place."""
    role, password = facts.role, stored_password(settings, pipeline)
    if role is None:
        return True
    if password is None:
        if slot_name(pipeline) not in facts.slots:
            return True
        raise WrongUse(
            f"Role {role_name(pipeline)} and replication slot {slot_name(pipeline)} exist, but the role's password is not"
            f" in {password_file(settings, pipeline)}: a connector that was set up elsewhere signs in with it. Set"
            " ROWTIDE_SECRETS_DIR to the folder that has it, or ROWTIDE_CONNECTOR_PASSWORD. To give the role a new one,"
            " run `rowtide init --new-password`, then `rowtide connectors apply`."
        )
    if not role.login or role.expired:
        return role.expired  # Whoever cannot sign in cannot be asked; the stored password does no harm.
    if not password_rejected(settings.source_dsn, role_name(pipeline), password):
        return False
    warn(
        f"The password of role {role_name(pipeline)} is not the stored one. It is set to it again. Run `rowtide"
        " connectors apply` then."
    )
    return True


def _verifier(source: Source, settings: Settings, pipeline: str, sets_password: bool, new_password: bool) -> str | None:
    """The password to set, as PostgreSQL stores it; None when the role keeps its own."""
    if not sets_password:
        return None
    password = stored_password(settings, pipeline)
    if settings.connector_password is None and (password is None or new_password):
        password = create_password(settings, pipeline)
    return None if password is None else source.verifier(role_name(pipeline), password)


def _masked_verifier(sets_password: bool) -> str | None:
    """A placeholder for the password in SQL that is only shown."""
    return "" if sets_password else None
