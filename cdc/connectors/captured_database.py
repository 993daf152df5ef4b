"""Which database a connector captures, so that a command for another database does not change it.

Connector, slot and topic have the name of the pipeline. A pipeline of the same name on another database, or on another
Kafka Connect cluster, would take them over.
"""

from collections.abc import Mapping

from cdc.connectors.client import POLL_SECONDS
from cdc.connectors.log_origin import system_of_log
from cdc.errors import OperatorError
from cdc.log.heartbeat import placeholder
from cdc.log.names import changes_topic, connector_name, slot_name
from cdc.settings import Settings
from cdc.source.connector_database import database_name
from cdc.source.database import Source, open_source
from connections.wait import wait_until

DATABASE, PLACEHOLDER = "database.dbname", "unavailable.value.placeholder"
"""Keys of the configuration: the database's name, and a text that is derived from the server's system identifier."""

RELEASE_SECONDS = 15.0
"""How long the slot of a connector that was just deleted may still be in use."""


def require_own_names(
    settings: Settings,
    pipeline: str,
    running: Mapping[str, str] | None,
    desired: Mapping[str, str],
    *,
    other_database: bool,
) -> None:
    """Raise OperatorError when another pipeline has this name: `desired` would replace its connector, read its slot or
    write to its topic. `other_database`: connector and topic may have been those of another database."""
    if running is None:
        with open_source(settings.source_dsn) as source:
            require_unused_slot(source, pipeline)
        if settings.kafka_bootstrap_servers and not other_database:
            require_own_log(system_of_log(settings.kafka, pipeline), desired, pipeline)
    elif not other_database:
        require_same_database(running, desired, pipeline)


def require_captured_here(settings: Settings, source: Source, pipeline: str, running: Mapping[str, str]) -> None:
    """Raise OperatorError when the running connector captures another database than the source's."""
    own = {DATABASE: database_name(settings.source_dsn), PLACEHOLDER: placeholder(pipeline, source.system())}
    require_same_database(running, own, pipeline)


def require_same_database(running: Mapping[str, str], desired: Mapping[str, str], pipeline: str) -> None:
    """Raise OperatorError when the running connector captures another database than `desired`, which has both
    keys. A key that the running configuration lacks is not compared."""
    name = connector_name(pipeline)
    if running.get(PLACEHOLDER, desired[PLACEHOLDER]) != desired[PLACEHOLDER]:
        captured = f"database {running.get(DATABASE, '')} of another server"
    elif running.get(DATABASE, desired[DATABASE]) != desired[DATABASE]:
        captured = f"database {running[DATABASE]}, not {desired[DATABASE]}"
    else:
        return
    raise OperatorError(
        f"Connector {name} captures {captured}: a pipeline of this name follows it. Nothing was changed. Correct"
        " ROWTIDE_POSTGRES_DSN, or choose another name for the pipeline. If this database replaces that one, run"
        " `rowtide connectors apply --other-database`."
    )


def require_own_log(system: str | None, desired: Mapping[str, str], pipeline: str) -> None:
    """Raise OperatorError when the topic has the changes of another server. `system` is None when it names none."""
    if system is not None and placeholder(pipeline, system) != desired[PLACEHOLDER]:
        raise OperatorError(
            f"Topic {changes_topic(pipeline)} has the changes of a database on another server (system {system}): another"
            " Kafka Connect cluster may have a connector of this name. Nothing was changed. Choose another name for the"
            " pipeline. If this database replaces that one, pass --other-database."
        )


def require_unused_slot(source: Source, pipeline: str, seconds: float = RELEASE_SECONDS) -> None:
    """Raise OperatorError when the slot of a connector that this Kafka Connect does not have is still in use
    after `seconds`."""
    if not wait_until(lambda: not source.slot_active(pipeline), seconds, pause_seconds=POLL_SECONDS):
        raise OperatorError(
            f"Kafka Connect has no connector {connector_name(pipeline)}, but replication slot {slot_name(pipeline)} is in"
            " use: another Kafka Connect cluster has a connector of this name. Nothing was changed. Correct"
            " ROWTIDE_CONNECT_URL, or choose another name for the pipeline."
        )
