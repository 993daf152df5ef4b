"""Starts a pipeline's connector over: stop, delete offsets, drop the slot, start. The recovery from every lost
position.

Only a slot that Debezium creates itself exports the snapshot that meets the stream exactly; hence a new slot each time.
"""

from cdc.connectors.apply import validate
from cdc.connectors.captured_database import require_captured_here
from cdc.connectors.client import Connect
from cdc.connectors.config import MESSAGE_PREFIXES
from cdc.connectors.delete import delete_offsets, drop_slot
from cdc.connectors.state_wait import wait_for_state
from cdc.control_keys import control_key
from cdc.errors import OperatorError
from cdc.log.control import snapshot_message
from cdc.log.names import SNAPSHOT_PREFIX, connector_name, publication_name, slot_name
from cdc.log.signature import ControlKey
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from connections.wait import wait_until

_SLOT_SECONDS = 60.0


def start_over(settings: Settings, connect: Connect, pipeline: str, wait: float) -> None:
    """Start a pipeline's connector over and wait up to `wait` seconds until it runs; 0 does not wait.

    Repeating it after a failure half-way is harmless. Raises OperatorError when there is no connector, when it
    captures another database or could not take the snapshot, or when it does not run in time.
    """
    connector = connector_name(pipeline)
    running = connect.config(connector)
    if running is None:
        raise OperatorError(
            f"There is no connector {connector}. Run `rowtide connectors apply` to create it; it begins with a"
            " snapshot."
        )
    with open_source(settings.source_dsn) as source:
        require_captured_here(settings, source, pipeline, running)
        _require_snapshot_possible(source, pipeline)
        validate(connect, connector, running)
        delete_offsets(connect, connector)
        since, empty = source.lsn(), source.all_empty(pipeline)
        if empty:
            _key(settings, pipeline)  # Before anything is changed.
        drop_slot(source, pipeline)
        connect.resume(connector)
        if wait:
            wait_for_state(connect, connector, "running", wait)
        if empty or source.all_empty(pipeline):
            captured = running.get(MESSAGE_PREFIXES, "")
            _announce_empty_snapshot(source, settings, pipeline, since, captured)


def _require_snapshot_possible(source: Source, pipeline: str) -> None:
    """Raise OperatorError while the offsets and the slot are still there: what follows cannot be undone."""
    tables = source.published(pipeline)
    if not tables:
        raise OperatorError(
            f"Publication {publication_name(pipeline)} does not exist or has no tables. Nothing was changed. Run `rowtide"
            " init`, then repeat the command."
        )
    faults = source.capture_faults(pipeline, dict.fromkeys(tables, ()), snapshot=True)
    if faults:
        reasons = "\n".join(f"  {fault}" for fault in faults.values())
        raise OperatorError(f"The connector could not take a whole snapshot, so nothing was changed:\n{reasons}")


def _announce_empty_snapshot(source: Source, settings: Settings, pipeline: str, since: int, captured: str) -> None:
    """When all tables are empty, the log does not show that a snapshot was taken, so a message has to announce it.

    `captured` are the prefixes in the connector's configuration, which an earlier version may have written. A message
    that is emitted before the slot exists is not in the log.
    """
    if not wait_until(lambda: source.slot_active(pipeline) is not None, _SLOT_SECONDS):
        raise OperatorError(
            f"The connector did not create slot {slot_name(pipeline)} within {_SLOT_SECONDS:g} s."
            " Find the cause with `rowtide connectors status`, then repeat the command."
        )
    key = _key(settings, pipeline)
    prefix = key.secret_prefix(SNAPSHOT_PREFIX)
    content = snapshot_message(key, pipeline, since, source.lsn())
    source.emit_message(prefix if prefix in captured else SNAPSHOT_PREFIX, content)


def _key(settings: Settings, pipeline: str) -> ControlKey:
    key = control_key(settings, pipeline)
    if key is None:
        raise OperatorError(
            "All captured tables are empty. The worker needs a signed message to delete their documents, but this"
            " pipeline has no control key. Run `rowtide init` and `rowtide connectors apply`, restart the worker, then"
            " repeat the command."
        )
    return key
