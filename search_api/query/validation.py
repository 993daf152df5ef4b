"""Validation errors of a request: the parameter, the place in it, and what is expected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValidationError:
    """One error in a request. `start` and `end` are the character range within the parameter, None for all of it."""

    parameter: str
    message: str
    start: int | None = None
    end: int | None = None


class InvalidRequest(Exception):
    """A request that cannot be answered; `errors` lists everything that is wrong with it."""

    def __init__(self, *errors: ValidationError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
