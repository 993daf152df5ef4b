"""Deletes a connector and, on request, what belongs to it: offsets, replication slot, topic."""

from cdc.connectors.captured_database import require_captured_here
from cdc.connectors.client import POLL_SECONDS, Connect
from cdc.connectors.secrets_file import secrets_file_of
from cdc.connectors.state_wait import wait_for_state
from cdc.connectors.topics import Topics
from cdc.errors import OperatorError
from cdc.log.names import changes_topic, connector_name, publication_name, role_name, slot_name
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from connections.wait import wait_until

_SECONDS = 60.0


def delete_connector(
    settings: Settings, connect: Connect, pipeline: str, *, offsets: bool, slot: bool, topic: bool
) -> list[str]:
    """Delete the connector and whatever else is requested. Returns sentences that list what remains. Safe to repeat."""
    name = connector_name(pipeline)
    running = connect.config(name)
    if running is not None and slot:
        with open_source(settings.source_dsn) as source:
            require_captured_here(settings, source, pipeline, running)
    if running is not None:
        if offsets:
            delete_offsets(connect, name)
        connect.delete(name)
    elif offsets:
        raise OperatorError(
            f"There is no connector {name}, so Kafka Connect cannot delete its offsets."
            " Create it again (rowtide connectors apply), then delete it with --offsets."
        )
    if file := secrets_file_of(settings, pipeline):
        file.write({})
    if slot:
        with open_source(settings.source_dsn) as source:
            drop_slot(source, pipeline)
    if topic:
        Topics(settings.kafka).delete(changes_topic(pipeline))
    return _left(pipeline, offsets=offsets, slot=slot, topic=topic)


def delete_offsets(connect: Connect, name: str) -> None:
    """Stop the connector and delete its offsets."""
    connect.stop(name)
    wait_for_state(connect, name, "stopped", _SECONDS)
    connect.delete_offsets(name)


def drop_slot(source: Source, pipeline: str) -> None:
    """Drop the slot as soon as no consumer is connected to it; does nothing when there is none."""
    if not wait_until(lambda: not source.slot_active(pipeline), _SECONDS, pause_seconds=POLL_SECONDS):
        raise OperatorError(
            f"Replication slot {slot_name(pipeline)} is still in use after {_SECONDS:g} s."
            " End the process that reads it (see pg_stat_replication), then repeat the command."
        )
    if source.slot_active(pipeline) is not None:
        source.drop_slot(pipeline)


def _left(pipeline: str, *, offsets: bool, slot: bool, topic: bool) -> list[str]:
    lines = [
        f"Kept: publication {publication_name(pipeline)}, role {role_name(pipeline)} and the marker role, if there is"
        " one, in PostgreSQL."
    ]
    if not slot:
        lines.append(
            f"Kept: replication slot {slot_name(pipeline)}. PostgreSQL retains WAL for it until it is dropped (--slot)."
        )
    if not topic:
        lines.append(f"Kept: topic {changes_topic(pipeline)} in Kafka (--topic).")
    if not offsets:
        lines.append(
            f"Kept: the offsets of {connector_name(pipeline)} in Kafka Connect. A new connector of that name resumes"
            " from them (--offsets)."
        )
    if slot and not offsets:
        lines.append(
            "Warning: without the slot, the kept offsets make the next connector fail, because it cannot tell which"
            " changes it missed."
        )
    return lines
