"""Derives one state of a connector: the worst of the connector's and its tasks'. Pure.

Kafka Connect reports RUNNING for a connector whose only task has failed, and never restarts that task.
"""

import re
from dataclasses import dataclass
from typing import Literal

from cdc.connectors.client import Status

State = Literal["running", "paused", "stopped", "restarting", "starting", "unassigned", "failed", "absent"]

_BY_SEVERITY: tuple[State, ...] = ("running", "paused", "stopped", "restarting", "starting", "unassigned", "failed")
_BY_NAME: dict[str, State] = {
    "RUNNING": "running",
    "PAUSED": "paused",
    "STOPPED": "stopped",
    "RESTARTING": "restarting",
    "UNASSIGNED": "unassigned",
    "FAILED": "failed",
    "DESTROYED": "failed",
}

_SLOT_PASSED = re.compile(
    r"trying to read change stream starting at .*?\blsn=LSN\{(?P<lsn>[0-9A-F/]+)\}.* no longer available on the server"
)
"""Debezium's message, with its complete offset, when the slot is absent or is beyond the stored offset."""

_UNREADABLE = re.compile(r"\bReplicationMessageColumnValueResolver\.resolveValue\(")
"""The frame in which Debezium parses the text of a streamed value. It takes the type that the column has in the
database now, not the one that PostgreSQL sends with the row (Debezium 3.7.0, dbz#2232)."""

_LOST_CONNECTION = ("java.net.", "java.io.", "javax.net.")

_UNCONVERTED = re.compile(r"Failed to properly convert \w+ value for '(?P<column>.+)' of type (?P<type>.+)")
"""Debezium's message when a value does not fit the form that the configuration gives its type."""

_QUOTES_VALUE = re.compile(r"^(?P<name>java\.[\w.]+\.(?:NumberFormat|DateTime|DateTimeParse)Exception): .*")
"""Java's exceptions that quote the value which they cannot parse."""


@dataclass(frozen=True, slots=True)
class Health:
    """A connector's state. `reason` is the root cause in one line if something failed, otherwise empty."""

    state: State
    reason: str = ""


def health(status: Status | None) -> Health:
    """Derive the state. A running connector without a task is `starting`; None means that there is no connector."""
    if status is None:
        return Health("absent")
    parts = [(status.connector.state, status.connector.trace), *((task.state, task.trace) for task in status.tasks)]
    states = [(_BY_NAME.get(state, "failed"), trace) for state, trace in parts]
    worst, trace = max(states, key=lambda part: _BY_SEVERITY.index(part[0]))
    if worst == "running" and not status.tasks:
        return Health("starting")
    return Health(worst, root_cause(trace) if worst == "failed" else "")


Part = tuple[int | None, str, str]
"""A task's number, or None for the connector itself, with its state and its trace."""


def parts(status: Status | None) -> frozenset[Part]:
    """The connector and its tasks."""
    if status is None:
        return frozenset()
    return frozenset({(None, status.connector.state, status.connector.trace)}) | task_parts(status)


def task_parts(status: Status | None) -> frozenset[Part]:
    """The connector's tasks."""
    return frozenset((task.id, task.state, task.trace) for task in status.tasks) if status else frozenset()


def failed_parts(status: Status | None) -> frozenset[Part]:
    """What has failed."""
    return frozenset(part for part in parts(status) if _BY_NAME.get(part[1], "failed") == "failed")


def root_cause(trace: str) -> str:
    """The innermost cause of a Java stack trace, in one line and without a row's value."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    first = lines[0] if lines else "Kafka Connect gives no reason"
    cause = causes[-1] if causes else first
    if passed := _SLOT_PASSED.search(cause):
        return (
            f"The replication slot no longer reaches back to {passed['lsn']}, the connector's position: it was dropped,"
            " created again or moved, and the changes in between are not in the log. Take a new snapshot with"
            " `rowtide resnapshot`."
        )
    if unconverted := _UNCONVERTED.search(trace):
        return (
            f"Debezium cannot convert a value of column {unconverted['column']}, of type {unconverted['type'].strip()}."
            " Exclude the column from the spec, or correct the row; then take a new snapshot with `rowtide resnapshot`."
        )
    if _UNREADABLE.search(trace) and not cause.startswith(_LOST_CONNECTION):
        return (
            "Debezium cannot read a value by the type that its column has now: the row was written before ALTER COLUMN …"
            " TYPE, and a restart does not help. Take a new snapshot with `rowtide resnapshot`."
        )
    return _short(_QUOTES_VALUE.sub(r"\g<name>", cause))


def _short(line: str) -> str:
    """The line without the package of the exception's class."""
    head, colon, rest = line.partition(": ")
    return f"{head.rpartition('.')[2]}{colon}{rest}" if " " not in head else line
