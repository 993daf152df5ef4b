"""Take a connector away, and what belongs to it where that is asked for."""

from cdc.connectors.apply import wait_for
from cdc.connectors.client import Connect
from cdc.connectors.topics import Topics
from cdc.errors import OperatorError
from cdc.log.names import changes_topic, connector_name, publication_name, role_name, slot_name
from cdc.settings import Settings
from cdc.source.database import open_source
from connections.wait import wait_until

_SECONDS = 60.0


def remove(settings: Settings, connect: Connect, pipeline: str, *, offsets: bool, slot: bool, topic: bool) -> list[str]:
    """Delete the connector and what else is asked for; the answer says what stays. Repeating it is harmless."""
    name = connector_name(pipeline)
    if connect.config(name) is not None:
        if offsets:
            forget_offsets(connect, name)
        connect.delete(name)
    elif offsets:
        raise OperatorError(
            f"There is no connector {name}, so Kafka Connect will not delete its offsets."
            " Create it again (rowtide connectors apply), then delete it with --offsets."
        )
    if slot:
        drop_slot(settings, pipeline)
    if topic:
        Topics(settings.kafka).delete(changes_topic(pipeline))
    return _stays(pipeline, offsets=offsets, slot=slot, topic=topic)


def forget_offsets(connect: Connect, name: str) -> None:
    """Stop the connector and delete how far it was."""
    connect.stop(name)
    wait_for(connect, name, "stopped", _SECONDS)
    connect.delete_offsets(name)


def drop_slot(settings: Settings, pipeline: str) -> None:
    """Drop the slot as soon as nobody reads it; nothing happens when there is none."""
    assert settings.postgres_dsn is not None
    with open_source(settings.postgres_dsn.get_secret_value()) as source:
        if not wait_until(lambda: not source.slot_active(pipeline), _SECONDS):
            raise OperatorError(
                f"Replication slot {slot_name(pipeline)} is still read by somebody after {_SECONDS:g} s."
                " End that reader (pg_stat_replication names it), then repeat the command."
            )
        if source.slot_active(pipeline) is not None:
            source.drop_slot(pipeline)


def _stays(pipeline: str, *, offsets: bool, slot: bool, topic: bool) -> list[str]:
    lines = [
        f"Stays: publication {publication_name(pipeline)} and role {role_name(pipeline)} in PostgreSQL, and a marker role if one was made."
    ]
    if not slot:
        lines.append(
            f"Stays: replication slot {slot_name(pipeline)}; PostgreSQL keeps WAL for it until it is dropped (--slot)."
        )
    if not topic:
        lines.append(f"Stays: topic {changes_topic(pipeline)} in Kafka (--topic).")
    if not offsets:
        lines.append(
            f"Stays: the offsets of {connector_name(pipeline)} in Kafka Connect; a connector of that name goes on from them"
            " (--offsets)."
        )
    if slot and not offsets:
        lines.append("Careful: offsets without their slot make the next connector fail; it cannot know what it missed.")
    return lines
