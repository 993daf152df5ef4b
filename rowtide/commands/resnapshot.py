"""`rowtide resnapshot`: start a pipeline over, with a new slot and a new snapshot."""

import typer

from cdc.capture_selection import choose, pipeline_name
from cdc.connectors.apply import connect_access
from cdc.connectors.client import Connect
from cdc.connectors.resnapshot import start_over
from cdc.log.names import connector_name, slot_name
from cdc.settings import Settings
from rowtide.command import add_command
from rowtide.commands.options import ConnectorWaitOption, PipelineOption, SpecOption
from rowtide.console import print_text


def register(root: typer.Typer) -> None:
    """Add `resnapshot` to the root of `rowtide`."""
    add_command(
        root,
        resnapshot,
        "rowtide resnapshot --spec shop.yaml",
        "rowtide resnapshot --pipeline shop --wait 120",
    )


def resnapshot(spec: SpecOption = None, pipeline: PipelineOption = None, wait: ConnectorWaitOption = 60.0) -> None:
    """Take a new snapshot of all captured tables.

    Use it after a lost position. It reads every captured table once, in full. Documents stay searchable meanwhile.
    """
    settings = Settings.read()
    settings.need("connect_url", "postgres_dsn")
    name = pipeline_name(choose(settings, spec, pipeline, None))
    with Connect(connect_access(settings)) as connect:
        start_over(settings, connect, name, wait)
    print_text(f"Connector {connector_name(name)} starts over with the new slot {slot_name(name)}.")
