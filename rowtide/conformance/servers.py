"""The servers that cases run on: those that the environment names, or a stack of their own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from connections.connect import ConnectAccess
from infra.errors import WrongSettings
from infra.native.stack import Report, Stack
from infra.settings import Service, read_settings
from rowtide.conformance.case import Fault

_NEEDED = ("POSTGRES_DSN", "KAFKA_BOOTSTRAP_SERVERS", "CONNECT_URL", "ELASTICSEARCH_URL")


@dataclass(frozen=True, slots=True)
class Servers:
    """The variables that programs read; and the stack, if the servers may be killed."""

    environment: dict[str, str]
    stack: Stack | None = None

    @property
    def dsn(self) -> str:
        """DSN of a role that may create databases and roles."""
        return self.environment["ROWTIDE_POSTGRES_DSN"]

    @property
    def connect(self) -> ConnectAccess:
        """How to reach Kafka Connect; what does not answer in a few seconds is asked again."""
        read = self.environment.get
        ca = read("ROWTIDE_CONNECT_CA")
        return ConnectAccess(
            self.environment["ROWTIDE_CONNECT_URL"],
            read("ROWTIDE_CONNECT_USERNAME"),
            read("ROWTIDE_CONNECT_PASSWORD"),
            Path(ca) if ca else None,
            timeout_s=5.0,
        )

    def inject(self, fault: Fault) -> None:
        """Kill or pause a server."""
        service = cast(Service, fault.program)
        (self._own_stack.pause if fault.how == "pause" else self._own_stack.kill)(service)

    def clear(self, fault: Fault) -> None:
        """Resume or restart a server."""
        if fault.how == "pause":
            self._own_stack.resume(cast(Service, fault.program))
        else:
            self._own_stack.start()

    @property
    def _own_stack(self) -> Stack:
        if self.stack is None:
            raise WrongSettings(
                "A case kills or pauses servers, which is only done with a stack started for it."
                " Unset the servers' addresses in the environment."
            )
        return self.stack


@contextmanager
def running_servers(report: Report) -> Iterator[Servers]:
    """The servers that the environment names; if it names none, the current stack, started if necessary."""
    addresses = {f"ROWTIDE_{name}": os.environ.get(f"ROWTIDE_{name}", "") for name in _NEEDED}
    if all(addresses.values()):
        yield Servers(rowtide_variables(os.environ))
        return
    if any(addresses.values()):
        missing = ", ".join(name for name, value in addresses.items() if not value)
        raise WrongSettings(f"Only some servers are named. Set {missing}, or unset all of them.")
    with Stack(read_settings(), report) as stack:
        yield Servers(stack.addresses.environment(), stack)


def rowtide_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Rowtide's variables in an environment."""
    return {name: value for name, value in environment.items() if name.startswith("ROWTIDE_")}
