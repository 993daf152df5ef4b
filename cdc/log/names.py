"""The names of what a pipeline owns: topic, slot, publication, connector, roles. Nothing else composes them."""

import re

PIPELINE_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
"""A pipeline's name is part of a slot's name, which allows only these characters."""

HEARTBEAT_PREFIX = "rowtide-hb"
"""Prefix of the non-transactional logical message that is the clock of the log."""

SNAPSHOT_PREFIX = "rowtide-snapshot"
"""Prefix of a message that announces an empty snapshot. Its content is a signed `cdc.log.control.SnapshotMessage`."""

MARKER_PREFIX = "rowtide-marker"
"""Prefix of a message that a reader emits to wait until its position is searchable. Its transaction is in the log, not
the message."""

CONTROL_PREFIXES = (HEARTBEAT_PREFIX, SNAPSHOT_PREFIX, MARKER_PREFIX)
"""The prefixes that a pipeline without a control key captures; messages with another one do not reach the topic."""


def changes_topic(pipeline: str) -> str:
    """The topic, with one partition, that holds the complete ordered log of a pipeline."""
    return f"{pipeline}.changes"


def slot_name(pipeline: str) -> str:
    """The replication slot; Debezium creates it."""
    return f"rowtide_{pipeline}"


def publication_name(pipeline: str) -> str:
    """The publication; `rowtide init` creates it."""
    return f"rowtide_{pipeline}"


def connector_name(pipeline: str) -> str:
    """The connector's name in Kafka Connect."""
    return f"rowtide-{pipeline}"


def role_name(pipeline: str) -> str:
    """The least-privilege replication role of the connector."""
    return f"rowtide_{pipeline}"


def control_key_file(pipeline: str) -> str:
    """The name of the file of the key that signs control messages."""
    return f"{role_name(pipeline)}.control-key"


def secrets_file(pipeline: str) -> str:
    """The name of the properties file from which Kafka Connect's FileConfigProvider reads the connector's secrets."""
    return f"{role_name(pipeline)}.properties"


def marker_role_name(pipeline: str) -> str:
    """The role of the search API, which can only emit a marker."""
    return f"rowtide_{pipeline}_marker"


def marker_dsn_file(pipeline: str) -> str:
    """The name of the file of that role's DSN."""
    return f"{marker_role_name(pipeline)}.dsn"
