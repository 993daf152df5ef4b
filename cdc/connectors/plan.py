"""What `apply` would do: the desired configuration against the running one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.connectors.config import MASK, is_secret


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that differs; None on a side that has no such key. Values are as they are, secrets too: show `masked()`."""

    key: str
    running: str | None
    desired: str | None

    def masked(self) -> "Difference":
        """The same for people: a secret's values are hidden."""
        if not is_secret(self.key):
            return self
        return Difference(self.key, self.running and MASK, self.desired and MASK)


@dataclass(frozen=True, slots=True)
class Create:
    """There is no such connector yet."""

    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Update:
    """The connector runs with another configuration."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The connector runs with the desired configuration."""


Plan = Create | Update | Unchanged


def plan(desired: Mapping[str, str], running: Mapping[str, str] | None) -> Plan:
    """Compare. `name`, which Connect adds by itself, does not count."""
    if running is None:
        return Create(desired)
    keys = sorted((set(desired) | set(running)) - {"name"})
    found = tuple(
        Difference(key, running.get(key), desired.get(key)) for key in keys if running.get(key) != desired.get(key)
    )
    return Update(found) if found else Unchanged()
