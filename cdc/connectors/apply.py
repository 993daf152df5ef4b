"""Bring a pipeline's connector and topic to what the spec wants."""

from cdc.capture_selection import Choice, captured, known_password, password_file
from cdc.connectors.client import Connect, ConnectAccess
from cdc.connectors.config import Log, connector_config
from cdc.connectors.health import Health, health
from cdc.errors import OperatorError, WrongUse
from cdc.log.names import connector_name
from cdc.settings import Settings
from cdc.source.database import open_source, seen_from_connect
from connections.postgres import is_wrong
from connections.wait import wait_until


def connect_access(settings: Settings) -> ConnectAccess:
    """How to reach Kafka Connect."""
    password = settings.connect_password.get_secret_value() if settings.connect_password else None
    return ConnectAccess(settings.connect_url or "", settings.connect_username, password, settings.connect_ca)


def log_of(settings: Settings) -> Log:
    """How the topic is kept."""
    return Log(settings.log_retention_hours * 3_600_000, settings.log_replication)


def desired(settings: Settings, choice: Choice) -> tuple[str, dict[str, str]]:
    """The pipeline and the configuration that its connector should have. Reads the source's catalogue."""
    assert settings.postgres_dsn is not None
    dsn = settings.postgres_dsn.get_secret_value()
    with open_source(dsn) as source:
        pipeline, tables = captured(choice, source.catalog())
        system = source.system()
    password = settings.connector_password_reference or known_password(settings, pipeline)
    if password is None:
        raise WrongUse(
            f"The password of the connector's role is not known: there is no {password_file(settings, pipeline)}."
            " Run `rowtide init` first, or set ROWTIDE_CONNECTOR_PASSWORD."
        )
    database = seen_from_connect(dsn, settings.connector_postgres_address, pipeline, password, system)
    return pipeline, connector_config(pipeline, tables, database, log_of(settings))


def check(connect: Connect, pipeline: str, config: dict[str, str]) -> None:
    """Let Connect and Debezium check the configuration. OperatorError lists the errors under their keys."""
    plugins = [plugin.class_name for plugin in connect.plugins()]
    if config["connector.class"] not in plugins:
        raise OperatorError(
            f"Kafka Connect has no plugin {config['connector.class']}; it has: {', '.join(sorted(plugins))}."
            " Put Debezium's PostgreSQL connector under its plugin.path."
        )
    errors = connect.validate(connector_name(pipeline), config)
    if errors:
        raise _refused(pipeline, [f"  {key}: {' '.join(found)}" for key, found in sorted(errors.items())])


def _refused(pipeline: str, lines: list[str]) -> OperatorError:
    told = "\n".join([f"Kafka Connect refuses the configuration of {connector_name(pipeline)}:", *lines])
    if any(is_wrong(line) for line in lines):
        return WrongUse(
            f"{told}\nThe connector cannot sign in to PostgreSQL: correct ROWTIDE_CONNECTOR_PASSWORD, or let"
            " `rowtide init --new-password` make another."
        )
    return OperatorError(told)


def wait_for(connect: Connect, name: str, state: str, seconds: float) -> Health:
    """Wait until the connector is in this state. OperatorError when it fails to run, or does not come to it in time.

    One that has failed before can still be stopped: its failure is shown until then."""
    seen = [Health("absent")]

    def there() -> bool:
        seen.append(health(connect.status(name)))
        return seen[-1].state == state or (state == "running" and seen[-1].state == "failed")

    wait_until(there, seconds)
    if seen[-1].state != state:
        reason = f": {seen[-1].reason}" if seen[-1].reason else ""
        raise OperatorError(
            f"Connector {name} is {seen[-1].state} instead of {state} after {seconds:g} s{reason}."
            f" Look at `rowtide connectors status` and at Kafka Connect's log."
        )
    return seen[-1]
