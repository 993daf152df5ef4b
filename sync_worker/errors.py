"""What ends the worker.

    WorkerError
    ├── PositionLost      the log no longer contains the next offset, or it is another log or source
    ├── StoreError        the row store belongs to another pipeline or spec, is damaged, or is in use
    ├── RowError          a change event does not match the stored rows
    │   └── ShapeError    a row does not fit the columns that the spec was resolved with
    ├── InvalidRequest    a request asks for what must not be done; it ends only the request
    ├── SourceUnreadable  the worker's role may not read a table of the source
    ├── LeaseLost         another worker writes these documents now
    ├── AliasTaken        an alias belongs to another pipeline or database
    ├── SettingsError     a setting, the spec or credentials are wrong, or a port is in use (exit code 2)
    └── ServiceMissing    a service does not answer (exit code 3)

`cdc.log.transaction.LogError`, `cdc.log.envelope.EnvelopeError` and `cdc.log.heartbeat.HeartbeatError` end it as well.
Every text is made of sentences. An error carries a `recovery` where an operator has to do something that its text
does not say; `describe` adds the commands.
"""

from cdc.log.recovery import Recovery

_NEW_STORE = "start the worker with --new-store, then take a new snapshot with `rowtide resnapshot`."
_APPLY = "apply the connector with `rowtide connectors apply`"

RECOVERY_TEXT = {
    Recovery.NEW_STORE: f"S{_NEW_STORE[1:]}",
    Recovery.APPLY_CONNECTOR: f"A{_APPLY[1:]}.",
    Recovery.APPLY_CONNECTOR_AND_NEW_STORE: f"A{_APPLY[1:]}, {_NEW_STORE}",
    Recovery.PREPARE_CONNECTOR_AND_NEW_STORE: f"Run `rowtide init`, {_APPLY}, {_NEW_STORE}",
    Recovery.CORRECT_SPEC_AND_NEW_STORE: f"Correct the spec, {_APPLY}, {_NEW_STORE}",
    Recovery.REMOVE_STORE: f"Remove the file with its -wal and -shm files, {_NEW_STORE}",
}
"""The sentence with the commands for each recovery."""


def describe(error: Exception) -> str:
    """The error's text, with the commands to recover where it has a `recovery`."""
    text, recovery = str(error), getattr(error, "recovery", None)
    if recovery is None:
        return text
    separator = "\n" if "\n" in text else " "
    return f"{text}{separator}{RECOVERY_TEXT[recovery]}"


class WorkerError(Exception):
    """The worker cannot continue. The text states what happened, and to which thing."""

    exit_code = 1

    def __init__(self, text: str, recovery: Recovery | None = None) -> None:
        super().__init__(text)
        self.recovery = recovery


class PositionLost(WorkerError):
    """The log does not continue at the stored position."""

    def __init__(self, text: str, recovery: Recovery = Recovery.NEW_STORE) -> None:
        super().__init__(text, recovery)


class StoreError(WorkerError):
    """The row store cannot be used."""


class RowError(WorkerError):
    """A change event does not match the table it belongs to."""


class ShapeError(RowError):
    """A row does not fit the known definition of its table, which probably changed. A resync of the table resolves
    that. `offset` is that of the message in the log, None while it is unknown."""

    def __init__(self, text: str, table: tuple[str, str]) -> None:
        super().__init__(text, Recovery.NEW_STORE)
        self.table = table
        self.offset: int | None = None


class ServiceMissing(WorkerError):
    """A service does not answer."""

    exit_code = 3


class InvalidRequest(WorkerError):
    """A request to the worker that must not be executed."""


class SourceUnreadable(WorkerError):
    """The worker's role may not read a table of the source."""


class LeaseLost(WorkerError):
    """Another worker writes these documents now."""


class AliasTaken(WorkerError):
    """An alias that the spec names is another pipeline's, or another database's."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text}\nNothing was changed. Rename the documents in the spec, or use another Elasticsearch. If the other"
            " pipeline or database is gone for good, start the worker once with --take-over: it replaces these"
            " documents, and deletes their old indexes."
        )


class SettingsError(WorkerError):
    """Settings cannot be used; the text lists every error."""

    exit_code = 2
