"""`rowtide resnapshot`: the way out of every lost position. Stop, forget the offsets, drop the slot, start again.

Only a slot that Debezium creates itself exports the snapshot that meets the stream exactly; hence a new slot each time.
"""

import typer

from cdc.capture_selection import choose, pipeline_of
from cdc.connectors.apply import connect_access, wait_for
from cdc.connectors.client import Connect
from cdc.connectors.delete import drop_slot, forget_offsets
from cdc.errors import OperatorError
from cdc.log.names import connector_name, slot_name
from cdc.settings import Settings
from cdc.source.database import Source, open_source
from connections.wait import wait_until
from rowtide.console import PipelineOption, SpecOption, WaitOption, faults_told, out

_SLOT_SECONDS = 60.0


def register(root: typer.Typer) -> None:
    """Add `resnapshot` to the root of `rowtide`."""
    root.command()(resnapshot)


def resnapshot(spec: SpecOption = None, pipeline: PipelineOption = None, wait: WaitOption = 60.0) -> None:
    """Take a new snapshot of every captured table. Reads the source once, whole; documents stay searchable meanwhile."""
    with faults_told():
        settings = Settings.read()
        settings.need("connect_url", "postgres_dsn")
        name = pipeline_of(choose(settings, spec, pipeline, None))
        with Connect(connect_access(settings)) as connect:
            again(settings, connect, name, wait)
        out.print(f"Connector {connector_name(name)} starts over with a new slot {slot_name(name)}.", markup=False)


def again(settings: Settings, connect: Connect, pipeline: str, wait: float) -> None:
    """Start a pipeline's connector over. Repeating it after a fault half-way is harmless."""
    connector = connector_name(pipeline)
    if connect.config(connector) is None:
        raise OperatorError(
            f"There is no connector {connector}. Create it, it starts with a snapshot: rowtide connectors apply."
        )
    forget_offsets(connect, connector)
    assert settings.postgres_dsn is not None
    with open_source(settings.postgres_dsn.get_secret_value()) as source:
        since, empty = source.lsn(), source.all_empty(pipeline)
        drop_slot(settings, pipeline)
        connect.resume(connector)
        if wait:
            wait_for(connect, connector, "running", wait)
        if empty or source.all_empty(pipeline):
            _tell_of_empty_snapshot(source, pipeline, since)


def _tell_of_empty_snapshot(source: Source, pipeline: str, since: int) -> None:
    """Where all tables are empty, the log would not show that a snapshot was taken. What is emitted before the slot is not in it."""
    if not wait_until(lambda: source.slot_active(pipeline) is not None, _SLOT_SECONDS):
        raise OperatorError(
            f"The connector did not make its slot {slot_name(pipeline)} in {_SLOT_SECONDS:g} s. Find out why (rowtide connectors"
            " status), then repeat the command."
        )
    source.tell_of_empty_snapshot(since)
