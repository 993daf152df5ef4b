"""What ends the worker.

    WorkerError
    ├── PositionLost      the log no longer holds what comes next, or it is another log
    ├── StoreError        the row store is not this pipeline's, or it is in use
    ├── RowError          a change event does not fit the rows
    │   └── ShapeError    a row does not have the shape that the spec was resolved with
    ├── LeaseLost         another worker writes the documents now
    ├── SettingsError     a setting, the spec or credentials are wrong, or a port is taken (exit code 2)
    └── ServiceMissing    a service does not answer (exit code 3)

`cdc.log.transaction.LogError` and `cdc.log.envelope.EnvelopeError` end it as well.
"""


class WorkerError(Exception):
    """The worker cannot continue; the text says what, which and what to do."""

    exit_code = 1


class PositionLost(WorkerError):
    """The stored position does not exist in the log any more."""


class StoreError(WorkerError):
    """The row store cannot be used."""


class RowError(WorkerError):
    """A change event does not fit the table it belongs to."""


class ShapeError(RowError):
    """A row of another shape: the table's definition changed. Reading the table anew may heal that."""

    def __init__(self, text: str, table: tuple[str, str]) -> None:
        super().__init__(text)
        self.table = table


class ServiceMissing(WorkerError):
    """A service is not there."""

    exit_code = 3


class LeaseLost(WorkerError):
    """Another worker writes the documents now."""


class SettingsError(WorkerError):
    """Settings cannot be used; the text lists every fault."""

    exit_code = 2
