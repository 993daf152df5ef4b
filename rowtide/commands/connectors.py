"""`rowtide connectors`: the connector of a pipeline in Kafka Connect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cdc.capture_selection import choose, pipeline_name
from cdc.connectors import apply as connector_setup
from cdc.connectors.client import Connect, Status
from cdc.connectors.delete import delete_connector
from cdc.connectors.health import health
from cdc.connectors.plan import Create, Difference, Plan, Unchanged, Update, plan
from cdc.connectors.state_wait import wait_for_state
from cdc.errors import OperatorError
from cdc.log.names import connector_name
from cdc.settings import Settings
from rowtide.command import add_command, new_group
from rowtide.commands.options import ConnectorWaitOption, PipelineOption, SpecOption, TableOption
from rowtide.console import (
    FAILED,
    NamedOutputOption,
    Output,
    OutputOption,
    print_json,
    print_names,
    print_note,
    print_table,
    print_text,
    print_warning,
)

LONGEST = 240
"""Characters of a configuration value that text output shows."""


def register(root: typer.Typer) -> None:
    """Add `connectors` to the root of `rowtide`."""
    group = new_group(
        "Manage the connector of a pipeline in Kafka Connect.",
        "rowtide connectors apply --spec shop.yaml --wait 60",
        "rowtide connectors list",
    )
    add_command(group, plugins, "rowtide connectors plugins")
    add_command(group, list_, "rowtide connectors list", "rowtide connectors list -o name")
    add_command(group, status, "rowtide connectors status --spec shop.yaml", "rowtide connectors status -o json")
    add_command(
        group,
        apply,
        "rowtide connectors apply --spec shop.yaml --wait 60",
        "# Check the configuration and show what would change",
        "rowtide connectors apply --spec shop.yaml --dry-run",
    )
    add_command(group, diff, "rowtide connectors diff --spec shop.yaml")
    add_command(group, pause, "rowtide connectors pause --pipeline shop --wait 30")
    add_command(group, resume, "rowtide connectors resume --pipeline shop --wait 30")
    add_command(group, restart, "rowtide connectors restart --pipeline shop --only-failed")
    add_command(
        group,
        delete,
        "rowtide connectors delete --pipeline shop",
        "# Delete everything that a new connector would continue from",
        "rowtide connectors delete --pipeline shop --offsets --slot --topic",
    )
    root.add_typer(group, name="connectors")


@contextmanager
def _connect() -> Iterator[tuple[Settings, Connect]]:
    settings = Settings.read()
    settings.need("connect_url")
    with Connect(connector_setup.connect_access(settings)) as connect:
        yield settings, connect


def plugins(output: OutputOption = Output.TEXT) -> None:
    """List the plugins of Kafka Connect."""
    with _connect() as (_, connect):
        installed = connect.plugins()
    if output is Output.JSON:
        print_json(
            [{"class": plugin.class_name, "type": plugin.type, "version": plugin.version} for plugin in installed]
        )
        return
    rows = [(plugin.class_name, plugin.type, plugin.version or "") for plugin in installed]
    print_table(("CLASS", "TYPE", "VERSION"), rows, "Kafka Connect has no plugins.")


def list_(output: NamedOutputOption = Output.TEXT) -> None:
    """List all connectors and their states, failed ones first."""
    with _connect() as (_, connect):
        statuses = sorted(connect.statuses(), key=lambda status: health(status).state != "failed")
    _print_statuses(statuses, output)


def status(spec: SpecOption = None, pipeline: PipelineOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show the state of a pipeline's connector.

    The state is the worst of the connector and its tasks. Exit code 1 if it failed or does not exist.
    """
    with _connect() as (settings, connect):
        name = connector_name(pipeline_name(choose(settings, spec, pipeline, None)))
        current = connect.status(name)
    if current is None:
        raise _absent(name)
    _print_statuses([current], output)
    if health(current).state == "failed":
        raise typer.Exit(FAILED)


def _absent(name: str) -> OperatorError:
    return OperatorError(f"There is no connector {name}. Run `rowtide connectors apply` to create it.")


def _print_statuses(statuses: Sequence[Status], output: Output) -> None:
    if output is Output.JSON:
        print_json([_status_as_json(status) for status in statuses])
    elif output is Output.NAME:
        print_names([status.name for status in statuses])
    else:
        rows = [
            (status.name, health(status).state, status.connector.worker_id, health(status).reason)
            for status in statuses
        ]
        print_table(("CONNECTOR", "STATE", "WORKER", "REASON"), rows, "There are no connectors.")


def _status_as_json(status: Status) -> dict[str, Any]:
    derived = health(status)
    tasks = [{"id": task.id, "state": task.state, "worker": task.worker_id} for task in status.tasks]
    return {
        "connector": status.name,
        "state": derived.state,
        "reason": derived.reason,
        "connector_state": status.connector.state,
        "tasks": tasks,
    }


def apply(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    table: TableOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the configuration and show the changes; change nothing.")
    ] = False,
    other_database: Annotated[
        bool,
        typer.Option("--other-database", help="Let an existing connector capture another database than before."),
    ] = False,
    wait: ConnectorWaitOption = 0.0,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create or update a pipeline's connector and topic.

    Kafka Connect validates the configuration first. A connector that has failed is restarted. A table that the
    connector does not capture yet must have been prepared by `rowtide init`.
    """
    with _connect() as (settings, connect):
        settings.need("postgres_dsn", *(() if dry_run else ("kafka_bootstrap_servers",)))
        desired = connector_setup.desired_config(settings, choose(settings, spec, pipeline, table))
        connector = desired.connector
        applied = connector_setup.apply_config(
            settings, connect, desired, dry_run=dry_run, other_database=other_database
        )
        if wait and not dry_run:
            wait_for_state(connect, connector, "running", wait, applied.before)
    change = applied.plan
    for warning in (desired.inline_warning, *desired.faults.values()):
        if warning:
            print_warning(warning)
    if output is Output.JSON:
        print_json(plan_as_json(connector, change) | {"dry_run": dry_run})
    elif dry_run:
        print_plan(connector, change)
    else:
        action = {"Create": "created", "Update": "updated", "Unchanged": "unchanged"}[type(change).__name__]
        print_text(f"Connector {connector}: {action}{', restarted after its failure' if applied.restarted else ''}.")


def diff(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    table: TableOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show how the running configuration differs from the desired one, and which tables the source does not publish
    as it should.

    Exit code 0 if there is no difference, 1 if there is one.
    """
    with _connect() as (settings, connect):
        settings.need("postgres_dsn")
        desired = connector_setup.desired_config(settings, choose(settings, spec, pipeline, table))
        change = plan(desired.config, connect.config(desired.connector))
    faults = tuple(desired.faults.values())
    if output is Output.JSON:
        print_json(plan_as_json(desired.connector, change) | {"source": faults})
    else:
        print_plan(desired.connector, change)
        for fault in faults:
            print_text(fault, "red")
    if faults or not isinstance(change, Unchanged):
        raise typer.Exit(FAILED)


def pause(spec: SpecOption = None, pipeline: PipelineOption = None, wait: ConnectorWaitOption = 0.0) -> None:
    """Pause a connector.

    The replication slot keeps its position, and PostgreSQL retains WAL for it until the connector is resumed.
    """
    _change_state("pause", "paused", spec, pipeline, wait)


def resume(spec: SpecOption = None, pipeline: PipelineOption = None, wait: ConnectorWaitOption = 0.0) -> None:
    """Resume a paused or stopped connector."""
    _change_state("resume", "running", spec, pipeline, wait)


def restart(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Restart only what failed.")] = False,
    wait: ConnectorWaitOption = 0.0,
) -> None:
    """Restart a connector and its task.

    Kafka Connect does not restart a failed task by itself.
    """
    _change_state("restart-failed" if only_failed else "restart", "running", spec, pipeline, wait)


def _change_state(action: str, state: str, spec: Path | None, pipeline: str | None, wait: float) -> None:
    with _connect() as (settings, connect):
        name = connector_name(pipeline_name(choose(settings, spec, pipeline, None)))
        requests: dict[str, Callable[[str], None]] = {
            "pause": connect.pause,
            "resume": connect.resume,
            "restart": connect.restart,
            "restart-failed": partial(connect.restart, only_failed=True),
        }
        if connect.config(name) is None:
            raise _absent(name)
        before = connect.status(name)
        requests[action](name)
        restarts = action == "restart" or (action == "restart-failed" and health(before).state == "failed")
        if wait:
            wait_for_state(connect, name, state, wait, before if restarts else None)
    print_text(f"Connector {name}: {state if wait else state + ' requested'}.")


def delete(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    offsets: Annotated[bool, typer.Option("--offsets", help="Also delete the connector's offsets.")] = False,
    slot: Annotated[
        bool, typer.Option("--slot", help="Also drop the replication slot. Needs ROWTIDE_POSTGRES_DSN.")
    ] = False,
    topic: Annotated[
        bool, typer.Option("--topic", help="Also delete the topic. Needs ROWTIDE_KAFKA_BOOTSTRAP_SERVERS.")
    ] = False,
) -> None:
    """Delete a connector, and list what remains.

    With all three options, the next `rowtide connectors apply` begins with a new snapshot.
    """
    with _connect() as (settings, connect):
        settings.need(*(["postgres_dsn"] if slot else []), *(["kafka_bootstrap_servers"] if topic else []))
        name = pipeline_name(choose(settings, spec, pipeline, None))
        existed = connect.config(connector_name(name)) is not None
        remaining = delete_connector(settings, connect, name, offsets=offsets, slot=slot, topic=topic)
    print_text(f"Connector {connector_name(name)}: {'deleted' if existed else 'did not exist'}.")
    for line in remaining:
        print_note(line)


def plan_as_json(connector: str, change: Plan) -> dict[str, Any]:
    """A plan as JSON, secrets masked."""
    changes = {
        difference.key: {"running": difference.running, "desired": difference.desired}
        for difference in differences(change)
    }
    return {"connector": connector, "action": type(change).__name__.lower(), "differences": changes}


def differences(change: Plan) -> list[Difference]:
    """What a plan would change, secrets masked."""
    match change:
        case Create(config):
            return [Difference(key, None, value).masked() for key, value in sorted(config.items())]
        case Update(changed):
            return [difference.masked() for difference in changed]
        case _:
            return []


def print_plan(connector: str, change: Plan) -> None:
    """Print a plan as a diff: - is running, + is desired."""
    states = {
        "Create": "does not exist yet",
        "Update": "runs with a different configuration",
        "Unchanged": "is up to date",
    }
    print_text(f"Connector {connector} {states[type(change).__name__]}.")
    for difference in differences(change):
        if difference.running is not None:
            print_text(f"- {difference.key} = {shortened(difference.running)}", "red")
        if difference.desired is not None:
            print_text(f"+ {difference.key} = {shortened(difference.desired)}", "green")


def shortened(value: str) -> str:
    """A value that fits into a few lines: both ends of a long one, where lists and queries differ."""
    if len(value) <= LONGEST:
        return value
    half = LONGEST // 2
    return f"{value[:half]} … {value[-half:]} ({len(value)} characters; --output json shows all)"
