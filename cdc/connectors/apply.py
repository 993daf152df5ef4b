"""Builds the desired configuration of a pipeline's connector, has it validated, and waits for the connector's state."""

from cdc.capture_selection import Choice, captured_tables
from cdc.connectors.client import POLL_SECONDS, Connect
from cdc.connectors.config import TopicSettings, connector_config
from cdc.connectors.health import Health, health
from cdc.control_keys import control_key, session_options
from cdc.errors import OperatorError, WrongUse
from cdc.log.names import connector_name
from cdc.role_passwords import password_file, stored_password
from cdc.settings import Settings
from cdc.source.connector_database import connector_database
from cdc.source.database import open_source
from connections.connect import ConnectAccess
from connections.postgres import is_wrong_login
from connections.wait import wait_until


def connect_access(settings: Settings) -> ConnectAccess:
    """How to reach Kafka Connect."""
    password = settings.connect_password.get_secret_value() if settings.connect_password else None
    return ConnectAccess(settings.connect_url or "", settings.connect_username, password, settings.connect_ca)


def topic_settings(settings: Settings) -> TopicSettings:
    """How Kafka should keep the topic."""
    return TopicSettings(settings.log_retention_hours * 3_600_000, settings.log_replication)


def desired_config(settings: Settings, choice: Choice) -> tuple[str, dict[str, str]]:
    """The pipeline and the desired configuration of its connector. Reads the source's catalogue.

    Raises WrongUse when the password of the connector's role is not known."""
    with open_source(settings.source_dsn) as source:
        pipeline, tables = captured_tables(choice, source.catalog())
        system, version = source.system(), source.version()
    password = settings.connector_password_reference or stored_password(settings, pipeline)
    if password is None:
        raise WrongUse(
            f"The password of the connector's role is not known: {password_file(settings, pipeline)} does not exist."
            " Run `rowtide init` first, or set ROWTIDE_CONNECTOR_PASSWORD."
        )
    options = session_options(settings, pipeline)
    address = settings.connector_postgres_address
    database = connector_database(settings.source_dsn, address, pipeline, password, system, version, options)
    key = control_key(settings, pipeline) if options else None
    return pipeline, connector_config(pipeline, tables, database, topic_settings(settings), key)


def capture_faults(settings: Settings, choice: Choice) -> tuple[str, ...]:
    """What is wrong with capturing the pipeline's tables, one text for each. Reads the source's catalogue."""
    with open_source(settings.source_dsn) as source:
        return source.capture_faults(*captured_tables(choice, source.catalog()))


def validate(connect: Connect, pipeline: str, config: dict[str, str]) -> None:
    """Have Kafka Connect and Debezium validate the configuration.

    Raises OperatorError with the errors by key, or WrongUse when the connector cannot sign in to PostgreSQL."""
    plugins = [plugin.class_name for plugin in connect.plugins()]
    if config["connector.class"] not in plugins:
        raise OperatorError(
            f"Kafka Connect has no plugin {config['connector.class']}; it has: {', '.join(sorted(plugins))}."
            " Put Debezium's PostgreSQL connector into its plugin.path."
        )
    errors = connect.validate(connector_name(pipeline), config)
    if errors:
        raise _invalid(pipeline, [f"  {key}: {' '.join(messages)}" for key, messages in sorted(errors.items())])


def _invalid(pipeline: str, lines: list[str]) -> OperatorError:
    text = "\n".join([f"Kafka Connect rejected the configuration of {connector_name(pipeline)}:", *lines])
    if any(is_wrong_login(line) for line in lines):
        return WrongUse(
            f"{text}\nThe connector cannot sign in to PostgreSQL. Correct ROWTIDE_CONNECTOR_PASSWORD, or generate"
            " another password with `rowtide init --new-password`."
        )
    return OperatorError(text)


def wait_for_state(connect: Connect, name: str, state: str, seconds: float) -> None:
    """Wait until the connector is in this state. Raises OperatorError when it does not reach it within `seconds`, or
    fails while it should run.

    A connector that failed earlier can still be stopped: it is `failed` until it is `stopped`."""
    observed = Health("absent")

    def settled() -> bool:
        nonlocal observed
        observed = health(connect.status(name))
        return observed.state == state or (state == "running" and observed.state == "failed")

    wait_until(settled, seconds, pause_seconds=POLL_SECONDS)
    if observed.state != state:
        reason = f": {observed.reason.rstrip('.')}" if observed.reason else ""
        raise OperatorError(
            f"Connector {name} is {observed.state} instead of {state} after {seconds:g} s{reason}."
            " Check `rowtide connectors status` and Kafka Connect's log."
        )
