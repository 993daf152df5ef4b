"""`rowtide connectors`: the connector of a pipeline in Kafka Connect, for operators."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import typer

from cdc.capture_selection import choose, pipeline_of
from cdc.connectors import apply as applying
from cdc.connectors.client import Connect, Status
from cdc.connectors.delete import remove
from cdc.connectors.health import health
from cdc.connectors.plan import Unchanged, plan
from cdc.connectors.topics import Topics
from cdc.errors import OperatorError
from cdc.log.names import changes_topic, connector_name
from cdc.settings import Settings
from rowtide.console import (
    Output,
    OutputOption,
    PipelineOption,
    SpecOption,
    TableOption,
    WaitOption,
    err,
    faults_told,
    out,
    plan_as_json,
    tell_json,
    tell_plan,
    tell_table,
)

DRIFT = 1
"""Exit code of `diff` when the connector is not as wanted."""


def register(root: typer.Typer) -> None:
    """Add `connectors` to the root of `rowtide`."""
    app = typer.Typer(no_args_is_help=True, help="The connector of a pipeline in Kafka Connect.")
    for command in (plugins, list_, status, apply, diff, pause, resume, restart, delete):
        app.command(command.__name__.rstrip("_"))(command)
    root.add_typer(app, name="connectors")


@contextmanager
def _connect() -> Iterator[tuple[Settings, Connect]]:
    with faults_told():
        settings = Settings.read()
        settings.need("connect_url")
        with Connect(applying.connect_access(settings)) as connect:
            yield settings, connect


def plugins(output: OutputOption = Output.TEXT) -> None:
    """List the plugins that Kafka Connect has."""
    with _connect() as (_, connect):
        found = connect.plugins()
        if output is Output.JSON:
            tell_json([{"class": one.class_name, "type": one.type, "version": one.version} for one in found])
            return
        rows = [(one.class_name, one.type, one.version or "") for one in found]
        tell_table(("CLASS", "TYPE", "VERSION"), rows, "Kafka Connect has no plugins.")


def list_(output: OutputOption = Output.TEXT) -> None:
    """List every connector with its state, those that failed first."""
    with _connect() as (_, connect):
        _tell_statuses(sorted(connect.statuses(), key=lambda one: health(one).state != "failed"), output)


def status(spec: SpecOption = None, pipeline: PipelineOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show the state of a pipeline's connector, the worst of its parts. Exit code 1 when it failed or is absent."""
    with _connect() as (settings, connect):
        name = connector_name(pipeline_of(choose(settings, spec, pipeline, None)))
        found = connect.status(name)
        if found is None:
            raise _absent(name)
        _tell_statuses([found], output)
        if health(found).state == "failed":
            raise typer.Exit(1)


def _absent(name: str) -> OperatorError:
    return OperatorError(f"There is no connector {name}. Create it: rowtide connectors apply.")


def _tell_statuses(found: list[Status], output: Output) -> None:
    if output is Output.JSON:
        tell_json([_status_as_json(one) for one in found])
        return
    rows = [(one.name, health(one).state, one.connector.worker_id, health(one).reason) for one in found]
    tell_table(("CONNECTOR", "STATE", "WORKER", "REASON"), rows, "There are no connectors.")


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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show, change nothing.")] = False,
    wait: WaitOption = 0.0,
    output: OutputOption = Output.TEXT,
) -> None:
    """Create the connector and its topic, or bring them up to date. Kafka Connect checks the configuration first."""
    with _connect() as (settings, connect):
        settings.need("postgres_dsn", *(() if dry_run else ("kafka_bootstrap_servers",)))
        name, config = applying.desired(settings, choose(settings, spec, pipeline, table))
        connector = connector_name(name)
        applying.check(connect, name, config)
        found = plan(config, connect.config(connector))
        if not dry_run:
            Topics(settings.kafka).ensure(changes_topic(name), applying.topic_settings(settings))
            if not isinstance(found, Unchanged):
                connect.put_config(connector, config)
            if wait:
                applying.wait_for(connect, connector, "running", wait)
        if output is Output.JSON:
            tell_json(plan_as_json(connector, found) | {"dry_run": dry_run})
            return
        if dry_run:
            tell_plan(connector, found)
            return
        out.print(f"Connector {connector}: {_done(type(found).__name__)}.", markup=False)


def _done(action: str) -> str:
    return {"Create": "created", "Update": "updated", "Unchanged": "unchanged"}[action]


def diff(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    table: TableOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show how the running configuration differs from the wanted one. Exit code 0: it does not; 1: it does."""
    with _connect() as (settings, connect):
        settings.need("postgres_dsn")
        name, config = applying.desired(settings, choose(settings, spec, pipeline, table))
        found = plan(config, connect.config(connector_name(name)))
        if output is Output.JSON:
            tell_json(plan_as_json(connector_name(name), found))
        else:
            tell_plan(connector_name(name), found)
        if not isinstance(found, Unchanged):
            raise typer.Exit(DRIFT)


def pause(spec: SpecOption = None, pipeline: PipelineOption = None, wait: WaitOption = 0.0) -> None:
    """Stop reading for a while. The slot keeps its place, and PostgreSQL keeps the WAL until it goes on."""
    _ask("pause", "paused", spec, pipeline, wait)


def resume(spec: SpecOption = None, pipeline: PipelineOption = None, wait: WaitOption = 0.0) -> None:
    """Go on after a pause or a stop."""
    _ask("resume", "running", spec, pipeline, wait)


def restart(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Leave alone what runs.")] = False,
    wait: WaitOption = 0.0,
) -> None:
    """Restart the connector and its task. Kafka Connect never restarts a failed one by itself."""
    _ask("restart-failed" if only_failed else "restart", "running", spec, pipeline, wait)


def _ask(verb: str, state: str, spec: Any, pipeline: str | None, wait: float) -> None:
    with _connect() as (settings, connect):
        name = connector_name(pipeline_of(choose(settings, spec, pipeline, None)))
        asks: dict[str, Callable[[str], None]] = {
            "pause": connect.pause,
            "resume": connect.resume,
            "restart": connect.restart,
            "restart-failed": partial(connect.restart, only_failed=True),
        }
        if connect.config(name) is None:
            raise _absent(name)
        asks[verb](name)
        if wait:
            applying.wait_for(connect, name, state, wait)
        out.print(f"Connector {name}: {state if wait else 'asked to be ' + state}.", markup=False)


def delete(
    spec: SpecOption = None,
    pipeline: PipelineOption = None,
    offsets: Annotated[bool, typer.Option("--offsets", help="Forget how far it was, too.")] = False,
    slot: Annotated[
        bool, typer.Option("--slot", help="Drop the replication slot, too. [needs ROWTIDE_POSTGRES_DSN]")
    ] = False,
    topic: Annotated[
        bool, typer.Option("--topic", help="Delete the log, too. [needs ROWTIDE_KAFKA_BOOTSTRAP_SERVERS]")
    ] = False,
) -> None:
    """Delete the connector. Says what stays; with all three options the next `apply` starts with a new snapshot."""
    with _connect() as (settings, connect):
        settings.need(*(["postgres_dsn"] if slot else []), *(["kafka_bootstrap_servers"] if topic else []))
        name = pipeline_of(choose(settings, spec, pipeline, None))
        was_there = connect.config(connector_name(name)) is not None
        stays = remove(settings, connect, name, offsets=offsets, slot=slot, topic=topic)
        out.print(f"Connector {connector_name(name)} {'is deleted' if was_there else 'was not there'}.", markup=False)
        for line in stays:
            err.print(line, markup=False, soft_wrap=True)
