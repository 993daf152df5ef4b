"""The servers that cases run against: those that the environment names, or a stack of our own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from infra.errors import WrongSettings
from infra.native.stack import Report, Stack
from infra.settings import Service, read_settings
from rowtide.conformance.case import Fault

_NEEDED = ("POSTGRES_DSN", "KAFKA_BOOTSTRAP_SERVERS", "CONNECT_URL", "ELASTICSEARCH_URL")


@dataclass(frozen=True, slots=True)
class Servers:
    """The variables that programs read, and the stack when the servers are ours to kill."""

    environment: dict[str, str]
    stack: Stack | None = None

    @property
    def dsn(self) -> str:
        """A DSN of a role that may create databases and roles."""
        return self.environment["ROWTIDE_POSTGRES_DSN"]

    def strike(self, fault: Fault) -> None:
        """Kill or pause a server."""
        service = cast(Service, fault.program)
        (self._own.pause if fault.how == "pause" else self._own.kill)(service)

    def mend(self, fault: Fault) -> None:
        """Let a server go on, or start it again."""
        if fault.how == "pause":
            self._own.resume(cast(Service, fault.program))
        else:
            self._own.start()

    @property
    def _own(self) -> Stack:
        if self.stack is None:
            raise WrongSettings(
                "A case kills or pauses servers, and these are not a stack of Rowtide's."
                " Leave the addresses out of the environment, and a stack is started for the run."
            )
        return self.stack


@contextmanager
def running_servers(report: Report) -> Iterator[Servers]:
    """The servers that the environment names; a stack, started where it does not run, when it names none."""
    told = {f"ROWTIDE_{name}": os.environ.get(f"ROWTIDE_{name}", "") for name in _NEEDED}
    if all(told.values()):
        yield Servers(named(os.environ))
        return
    if any(told.values()):
        missing = ", ".join(name for name, value in told.items() if not value)
        raise WrongSettings(f"Some servers are named, others are not: set {missing} as well, or none of them.")
    with Stack(read_settings(), report) as stack:
        yield Servers(stack.addresses.environment(), stack)


def named(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that are Rowtide's."""
    return {name: value for name, value in environment.items() if name.startswith("ROWTIDE_")}
