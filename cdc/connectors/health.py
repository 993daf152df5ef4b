"""One state of a connector out of Connect's many: the worst of the connector and its tasks. Pure.

Connect says RUNNING of a connector whose only task has failed, and never restarts it.
"""

import re
from dataclasses import dataclass
from typing import Literal

from cdc.connectors.client import Status

State = Literal["running", "paused", "stopped", "restarting", "starting", "unassigned", "failed", "absent"]

_BY_BADNESS: tuple[State, ...] = ("running", "paused", "stopped", "restarting", "starting", "unassigned", "failed")
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
"""What Debezium says, with the whole of its offset, when the slot is not there or stands beyond the stored offset."""


@dataclass(frozen=True, slots=True)
class Health:
    """`reason` is the root cause in one line when something failed, otherwise empty."""

    state: State
    reason: str = ""

    @property
    def settled(self) -> bool:
        """Whether waiting longer changes nothing."""
        return self.state in ("running", "paused", "stopped", "failed")


def health(status: Status | None) -> Health:
    """Derive one state. A running connector without a task is `starting`."""
    if status is None:
        return Health("absent")
    parts = [(status.connector.state, status.connector.trace), *((task.state, task.trace) for task in status.tasks)]
    states = [(_BY_NAME.get(state, "failed"), trace) for state, trace in parts]
    worst, trace = max(states, key=lambda found: _BY_BADNESS.index(found[0]))
    if worst == "running" and not status.tasks:
        return Health("starting")
    return Health(worst, root_cause(trace) if worst == "failed" else "")


def root_cause(trace: str) -> str:
    """The innermost cause of a Java stack trace, in one line."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    first = lines[0] if lines else "Connect gives no reason"
    cause = causes[-1] if causes else first
    if passed := _SLOT_PASSED.search(cause):
        return (
            f"the replication slot does not go back to {passed['lsn']}, where the connector stands: it was dropped, made again or"
            " moved, and the changes in between are not in the log. Take a new snapshot: rowtide resnapshot"
        )
    return _short(cause)


def _short(line: str) -> str:
    """Without the packages of the exception's class."""
    head, colon, rest = line.partition(": ")
    return f"{head.rpartition('.')[2]}{colon}{rest}" if " " not in head else line
