"""Free ports, and the setting to change when one is taken."""

import random
import socket

from infra.errors import WrongSettings
from infra.native.port_holder import port_holder
from infra.settings import PORTS

LOOPBACK = "127.0.0.1"
QUIET_PORTS = (20000, 31999)
"""Below Linux's default range for outgoing connections, which begins at 32768."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def require_free(ports: dict[str, int]) -> None:
    """Raise WrongSettings, with every taken port, who listens there and its setting, unless all are free."""
    taken = [
        f"  {port} for {name}, by {port_holder(port)}; ROWTIDE_{name.upper()}_PORT sets another one"
        for name, port in ports.items()
        if not is_free(port)
    ]
    if taken:
        raise WrongSettings("These ports are in use. Stop what uses them, or choose other ports:\n" + "\n".join(taken))


def free_port() -> int:
    """A port without a listener, outside the range of outgoing connections, which could take it before a server
    does."""
    return next(port for port in iter(lambda: random.randint(*QUIET_PORTS), None) if is_free(port))


def free_ports() -> dict[str, int]:
    """A free port for each of PORTS, as settings named `<name>_port`."""
    ports: set[int] = set()
    while len(ports) < len(PORTS):
        ports.add(free_port())
    return dict(zip((f"{name}_port" for name in PORTS), sorted(ports), strict=True))
