"""Builds the connector's configuration from a pipeline's name, tables and addresses. Pure.

What is the same for every pipeline is in `connector.json`, with its reasons in docs/reference/connector.md.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from cdc.capture_selection import Captured
from cdc.log.control import captured_prefixes
from cdc.log.heartbeat import emit_query, placeholder
from cdc.log.names import changes_topic, publication_name, slot_name
from cdc.log.signature import ControlKey
from cdc.source.connector_database import ConnectorDatabase
from connections.postgres import connector_options
from read_model.catalog.catalog import OnlyTable, TableName, quote_identifier

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""The largest record, in bytes, that the producer and the topic accept."""

SESSION_OPTIONS = "driver.options"
"""The setting that holds the key which signs heartbeats, or a reference to it, and the parameters of the sessions."""

MESSAGE_PREFIXES = "message.prefix.include.list"
"""The setting that holds the secret prefixes of control messages."""

CAPTURED_TABLES = "table.include.list"
"""The setting that holds a pattern for each captured table, with commas between them."""

MASK = "********"
_REFERENCE = re.compile(r"\$\{[^{}]+:[^{}]+\}( .*)?")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_SECRET_KEY = re.compile(r"password|secret|jaas|token|credential|passphrase|private", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How Kafka keeps the topic: for `retention_ms` milliseconds, on `replication` brokers."""

    retention_ms: int
    replication: int = 1


def template() -> dict[str, str]:
    """The part of the configuration that is the same for every pipeline."""
    text = resources.files(__package__).joinpath("connector.json").read_text(encoding="utf-8")
    return {str(key): str(value) for key, value in json.loads(text).items()}


def connector_config(
    pipeline: str,
    tables: Captured,
    database: ConnectorDatabase,
    topic: TopicSettings,
    key: ControlKey | None = None,
) -> dict[str, str]:
    """The complete configuration of a pipeline's connector. Raises ValueError when there are no tables.

    `key` is None when this machine does not have it; messages then have public prefixes."""
    if not tables:
        raise ValueError(f"Pipeline {pipeline!r} has no tables. A connector without tables would capture all of them.")
    own = {
        "topic.prefix": pipeline,
        "slot.name": slot_name(pipeline),
        "publication.name": publication_name(pipeline),
        CAPTURED_TABLES: ",".join(table_pattern(schema, name) for schema, name in sorted(tables)),
        # Anybody may emit messages, of a size that fails the connector's task.
        MESSAGE_PREFIXES: f"(?-i:{'|'.join(captured_prefixes(key))})",
        "heartbeat.action.query": emit_query(
            pipeline, tables, signed=bool(database.options), secret_prefix=key is not None
        ),
        "unavailable.value.placeholder": placeholder(pipeline, database.system),
        # Matches tables, transaction markers and messages; each record names its own table.
        "transforms.one.regex": rf"{pipeline}\..*",
        "transforms.one.replacement": changes_topic(pipeline),
        "topic.creation.default.retention.ms": str(topic.retention_ms),
        "topic.creation.default.replication.factor": str(topic.replication),
    }
    return template() | _connection(database) | own | _columns(tables) | _snapshot_selects(tables)


def _connection(database: ConnectorDatabase) -> dict[str, str]:
    parameters = {
        "database.hostname": database.host,
        "database.port": str(database.port),
        "database.dbname": database.name,
        "database.user": database.user,
        "database.password": database.password,
    }
    # First the key: `is_reference` looks there.
    options = f"{database.options} {connector_options(database.version)}".lstrip()
    optional = {"database.sslmode": database.sslmode, SESSION_OPTIONS: options}
    return parameters | {key: value for key, value in optional.items() if value}


def table_pattern(schema: str, name: str) -> str:
    """A Java regular expression that matches only this table.

    Debezium ignores case unless the pattern says otherwise, and splits the list at commas."""
    return f"(?-i:{_escaped(f'{schema}.{name}')})"


def captured_patterns(config: Mapping[str, str]) -> list[str]:
    """The patterns of the tables that a configuration captures."""
    return _UNESCAPED_COMMA.split(config.get(CAPTURED_TABLES, ""))


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else "\\" + c for c in text)


def _columns(tables: Captured) -> dict[str, str]:
    """Keep columns that no document uses out of the log: fewer bytes, and no failure over the type of an unused
    column."""
    if not any(tables.values()):
        return {}
    patterns = (_column_pattern(*table, tables[table]) for table in sorted(tables))
    return {"column.include.list": ",".join(patterns)}


def _snapshot_selects(tables: Captured) -> dict[str, str]:
    """What the snapshot reads of tables without the rows of those that inherit from them."""
    name = "snapshot.select.statement.overrides"
    selects = {}
    for table in sorted(tables):
        if isinstance(table, OnlyTable):
            columns = ", ".join(map(quote_identifier, tables[table])) or "*"
            selects[_table_id(table)] = f"SELECT {columns} FROM {table.rows}"
    listed = {name: ",".join(selects)} if selects else {}
    return listed | {f"{name}.{table}": select for table, select in selects.items()}


def _table_id(table: TableName) -> str:
    """A name as Debezium parses it; it needs quotes around other letters than those of plain names."""
    return str(table) if re.fullmatch(r"\w+\.\w+", str(table)) else table.quoted


def _column_pattern(schema: str, name: str, columns: Sequence[str]) -> str:
    either = "|".join(_escaped(column) for column in columns) if columns else ".*"
    return f"(?-i:{_escaped(f'{schema}.{name}')}\\.({either}))"


def masked(config: Mapping[str, str]) -> dict[str, str]:
    """The configuration with its secrets hidden, for people and logs. A reference to a secret is not hidden."""
    return {key: MASK if is_secret(key) and not is_reference(value) else value for key, value in config.items()}


def is_reference(value: str) -> bool:
    """Whether this is a reference that Kafka Connect resolves, such as `${file:/path:name}`; public words may follow."""
    return bool(_REFERENCE.fullmatch(value))


def is_secret(key: str) -> bool:
    """Whether the value of this configuration key is a secret."""
    return key in (SESSION_OPTIONS, MESSAGE_PREFIXES) or bool(_SECRET_KEY.search(key))
