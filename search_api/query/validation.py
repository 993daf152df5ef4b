"""What is wrong with a request: the parameter, the place in it, and what is expected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request. `start` and `end` are the characters of the parameter that are meant, where a part of it is."""

    parameter: str
    message: str
    start: int | None = None
    end: int | None = None


class RequestFaults(Exception):
    """A request that cannot be answered as it stands; `faults` are all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults
