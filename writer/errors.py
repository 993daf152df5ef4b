"""The errors of the order application. Each states what happened, to which thing, and what to do."""


class WriterError(Exception):
    """Anything the application refuses or cannot do. The message is meant for the user."""


class RuleBrokenError(WriterError):
    """A business rule forbids the command in the present state."""


class NotFoundError(WriterError):
    """The command names something that does not exist."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} '{name}'. Check the spelling, or create it first.")
        self.kind = kind
        self.name = name


class ConflictError(WriterError):
    """The command would create something that exists already."""


class DatabaseUnavailableError(WriterError):
    """PostgreSQL does not answer, or rejects the login."""


class LoginRefusedError(DatabaseUnavailableError):
    """PostgreSQL rejects this user, password or database."""


class NotReadyError(WriterError):
    """The tables, or the data that a command needs to begin with, have not been created."""
