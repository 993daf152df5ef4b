"""Compares a connector's desired configuration with the running one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.connectors.config import masked


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that differs; None on a side that lacks it. Values may be secrets: show people `masked()`."""

    key: str
    running: str | None
    desired: str | None

    def masked(self) -> "Difference":
        """The difference with the values of a secret hidden, but not references to it."""
        running, desired = (value and masked({self.key: value})[self.key] for value in (self.running, self.desired))
        return Difference(self.key, running, desired)


@dataclass(frozen=True, slots=True)
class Create:
    """The connector does not exist yet."""

    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Update:
    """The connector runs with a different configuration."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The connector runs with the desired configuration."""


Plan = Create | Update | Unchanged


def plan(desired: Mapping[str, str], running: Mapping[str, str] | None) -> Plan:
    """Compare; `running` is None when there is no connector. Ignores `name`, which Kafka Connect adds."""
    if running is None:
        return Create(desired)
    keys = sorted((set(desired) | set(running)) - {"name"})
    differences = tuple(
        Difference(key, running.get(key), desired.get(key)) for key in keys if running.get(key) != desired.get(key)
    )
    return Update(differences) if differences else Unchanged()
