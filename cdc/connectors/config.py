"""From a pipeline's name, tables and addresses to the connector's configuration. Pure.

What never changes stands in `connector.json`, with its reasons in docs/reference/connector.md; this module adds the rest.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from cdc.log.heartbeat import emit_query, placeholder
from cdc.log.names import changes_topic, publication_name, slot_name
from cdc.source.checks import Captured

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Largest record that the producer and the topic take."""

MASK = "********"
_SECRET_KEY = re.compile(r"password|secret|jaas|token|credential|passphrase|private", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Database:
    """The source, as the Connect worker reaches it. `password` may be a reference such as `${file:/path:key}`.

    `system` is the database's system identifier (`cdc.log.heartbeat.SYSTEM_QUERY`)."""

    host: str
    port: int
    name: str
    user: str
    password: str
    system: str
    sslmode: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """How the topic is kept: for `retention_ms`, on `replication` brokers."""

    retention_ms: int
    replication: int = 1


def template() -> dict[str, str]:
    """The part of the configuration that is the same for every pipeline."""
    text = resources.files(__package__).joinpath("connector.json").read_text(encoding="utf-8")
    return {str(key): str(value) for key, value in json.loads(text).items()}


def connector_config(pipeline: str, tables: Captured, database: Database, log: Log) -> dict[str, str]:
    """The whole configuration of a pipeline's connector. ValueError when there are no tables."""
    if not tables:
        raise ValueError(f"pipeline {pipeline!r} has no tables; a connector without tables would capture all of them")
    own = {
        "topic.prefix": pipeline,
        "slot.name": slot_name(pipeline),
        "publication.name": publication_name(pipeline),
        "table.include.list": ",".join(table_pattern(schema, name) for schema, name in sorted(tables)),
        "heartbeat.action.query": emit_query(pipeline, tables),
        "unavailable.value.placeholder": placeholder(pipeline, database.system),
        # Tables, transaction markers and messages alike; the names behind the prefix do not matter, the record says its table.
        "transforms.one.regex": rf"{pipeline}\..*",
        "transforms.one.replacement": changes_topic(pipeline),
        "topic.creation.default.retention.ms": str(log.retention_ms),
        "topic.creation.default.replication.factor": str(log.replication),
    }
    return template() | _connection(database) | own | _columns(tables)


def _connection(database: Database) -> dict[str, str]:
    known = {
        "database.hostname": database.host,
        "database.port": str(database.port),
        "database.dbname": database.name,
        "database.user": database.user,
        "database.password": database.password,
    }
    return known | ({"database.sslmode": database.sslmode} if database.sslmode else {})


def table_pattern(schema: str, name: str) -> str:
    """A Java regular expression that matches this table alone: Debezium ignores case unless told, and splits at commas."""
    return f"(?-i:{_escaped(f'{schema}.{name}')})"


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else "\\" + c for c in text)


def _columns(tables: Captured) -> dict[str, str]:
    """Columns that no document uses stay out of the log: fewer bytes, and no failure over a type that nobody needs."""
    if not any(tables.values()):
        return {}
    patterns = (_column_pattern(*table, tables[table]) for table in sorted(tables))
    return {"column.include.list": ",".join(patterns)}


def _column_pattern(schema: str, name: str, columns: Sequence[str]) -> str:
    either = "|".join(_escaped(column) for column in columns) if columns else ".*"
    return f"(?-i:{_escaped(f'{schema}.{name}')}\\.({either}))"


def masked(config: Mapping[str, str]) -> dict[str, str]:
    """The configuration with its secrets hidden, for people and logs. References to a secret are no secret."""
    return {key: MASK if is_secret(key) and not value.startswith("${") else value for key, value in config.items()}


def is_secret(key: str) -> bool:
    """Whether a configuration's key holds a secret."""
    return bool(_SECRET_KEY.search(key))
