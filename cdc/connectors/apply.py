"""Builds the desired configuration of a pipeline's connector, has it validated, and applies it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.capture_selection import Choice, captured_tables
from cdc.connectors.captured_database import require_own_names
from cdc.connectors.client import Connect, Status
from cdc.connectors.config import (
    TopicSettings,
    captured_patterns,
    connector_config,
    is_reference,
    table_pattern,
)
from cdc.connectors.connector_secrets import ConnectorSecrets, connector_secrets
from cdc.connectors.health import health
from cdc.connectors.plan import Plan, Unchanged, plan
from cdc.connectors.topics import Topics
from cdc.control_keys import control_key
from cdc.errors import OperatorError, Refused, WrongUse
from cdc.log.names import changes_topic, connector_name
from cdc.settings import Settings
from cdc.source.connector_database import connector_database
from cdc.source.database import open_source
from connections.connect import ConnectAccess
from connections.postgres import is_wrong_login

RESOLVING = (
    "the worker of Kafka Connect needs the config provider; the file provider needs param.allowed.paths with the folder,"
    " and the file, readable for its user"
)
"""What Connect needs to resolve a reference."""
_UNREADABLE = "Could not read properties"


def connect_access(settings: Settings) -> ConnectAccess:
    """How to reach Kafka Connect."""
    password = settings.connect_password.get_secret_value() if settings.connect_password else None
    return ConnectAccess(settings.connect_url or "", settings.connect_username, password, settings.connect_ca)


def topic_settings(settings: Settings) -> TopicSettings:
    """How Kafka should keep the topic."""
    return TopicSettings(settings.log_retention_hours * 3_600_000, settings.log_replication)


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired configuration of a pipeline's connector, the secrets that it refers to, and what is wrong with
    capturing its tables, by the pattern of the table in the configuration."""

    pipeline: str
    config: Mapping[str, str]
    secrets: ConnectorSecrets
    faults: Mapping[str, str]

    @property
    def connector(self) -> str:
        """The connector's name."""
        return connector_name(self.pipeline)

    @property
    def inline_warning(self) -> str:
        """What to tell people when the configuration contains secrets; empty when it has only references."""
        if not self.secrets.inline:
            return ""
        return (
            f"The configuration of {self.connector} contains its secrets: everybody who can read it in Kafka Connect's"
            " REST API or in its topic has them. Set ROWTIDE_CONNECT_SECRETS_DIR instead of"
            " ROWTIDE_CONNECTOR_SECRETS_INLINE."
        )


def desired_config(settings: Settings, choice: Choice) -> Desired:
    """The desired configuration of a pipeline's connector. Reads the source's catalogue.

    Raises WrongUse when the password of the connector's role is not known, or it is not set how Connect gets it."""
    with open_source(settings.source_dsn) as source:
        pipeline, tables = captured_tables(choice, source.catalog())
        system, version = source.system(), source.version()
        faults = source.capture_faults(pipeline, tables)
    secrets = connector_secrets(settings, pipeline)
    address = settings.connector_postgres_address
    database = connector_database(
        settings.source_dsn, address, pipeline, secrets.password, system, version, secrets.options
    )
    key = control_key(settings, pipeline) if secrets.options else None
    config = connector_config(pipeline, tables, database, topic_settings(settings), key)
    return Desired(pipeline, config, secrets, {table_pattern(*table): text for table, text in faults.items()})


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply_config` changed. `before` is the status from before it started the tasks again; None when it did not
    do that. `restarted`: the connector had failed with the desired configuration."""

    plan: Plan
    before: Status | None = None
    restarted: bool = False


def apply_config(
    settings: Settings, connect: Connect, desired: Desired, *, dry_run: bool, other_database: bool
) -> Applied:
    """Validate the desired configuration and, unless it is a dry run, apply it, or restart a connector that has failed
    with it.

    Raises what `validate`, `require_own_names` and `require_prepared` raise; then the connector is as before."""
    running = connect.config(desired.connector)
    require_own_names(settings, desired.pipeline, running, desired.config, other_database=other_database)
    require_prepared(desired, running)
    with desired.secrets.resolvable(keep=not dry_run):
        validate(connect, desired.connector, desired.config)
        change = plan(desired.config, running)
        if dry_run:
            return Applied(change)
        Topics(settings.kafka).ensure(changes_topic(desired.pipeline), topic_settings(settings))
        before = connect.status(desired.connector)
        if not isinstance(change, Unchanged):
            connect.put_config(desired.connector, desired.config)
            return Applied(change, before)
        if health(before).state != "failed":
            return Applied(change)
        # Kafka Connect does not restart a failed task by itself, and the secrets of a reference may be new.
        connect.restart(desired.connector, only_failed=True)
        return Applied(change, before, restarted=True)


def require_prepared(desired: Desired, running: Mapping[str, str] | None) -> None:
    """Raise Refused when the source is not prepared for a table that the connector does not capture yet: its changes
    would be missing, or its snapshot would fail. What is wrong with the other tables gets no worse."""
    captured = captured_patterns(running or {})
    reasons = [f"  {text}" for pattern, text in desired.faults.items() if pattern not in captured]
    if reasons:
        head = f"The source is not prepared for tables that {desired.connector} is to capture; nothing was changed:"
        raise Refused("\n".join([head, *reasons]))


def validate(connect: Connect, name: str, config: Mapping[str, str]) -> None:
    """Have Kafka Connect and Debezium validate the configuration.

    Raises OperatorError with the errors by key, or WrongUse when the connector cannot sign in to PostgreSQL."""
    plugins = [plugin.class_name for plugin in connect.plugins()]
    if config["connector.class"] not in plugins:
        raise OperatorError(
            f"Kafka Connect has no plugin {config['connector.class']}; it has: {', '.join(sorted(plugins))}."
            " Put Debezium's PostgreSQL connector into its plugin.path."
        )
    try:
        errors = connect.validate(name, config)
    except OperatorError as error:
        if _UNREADABLE in str(error):
            raise WrongUse(
                f"Kafka Connect cannot resolve the references to the secrets: {error}; {RESOLVING}."
            ) from None
        raise
    if errors:
        raise _invalid(name, config, [f"  {key}: {' '.join(messages)}" for key, messages in sorted(errors.items())])


def _invalid(name: str, config: Mapping[str, str], lines: list[str]) -> OperatorError:
    text = "\n".join([f"Kafka Connect rejected the configuration of {name}; nothing was changed:", *lines])
    password = config.get("database.password", "")
    if not any(is_wrong_login(line) for line in lines):
        return OperatorError(text)
    text += (
        "\nThe connector cannot sign in to PostgreSQL. Correct ROWTIDE_CONNECTOR_PASSWORD, or run `rowtide init`, which"
        " gives the role its stored password again, then `rowtide connectors apply`."
    )
    if is_reference(password):
        text += f" Or Kafka Connect does not resolve {password}: {RESOLVING}."
    return WrongUse(text)
