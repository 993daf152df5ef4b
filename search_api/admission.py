"""Who may come in: a request becomes a caller, or an error that says what is missing."""

from dataclasses import dataclass

from fastapi import Request

from search_api.callers import Caller
from search_api.errors import KeyMissing


@dataclass(frozen=True, slots=True)
class Admission:
    """`anybody` is the caller without an API key, None where there is none."""

    anybody: Caller | None

    def admit(self, request: Request) -> Caller:
        """The caller of a request; raises KeyMissing."""
        if self.anybody is None:
            raise KeyMissing
        return self.anybody
