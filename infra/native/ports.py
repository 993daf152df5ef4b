"""Ports: which are free, and whose setting to change when one is taken."""

import random
import socket

from infra.errors import WrongSettings
from infra.settings import PORTS

LOOPBACK = "127.0.0.1"
QUIET_PORTS = (20000, 31999)
"""Below Linux's default range for outgoing connections, which begins at 32768."""


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def require_free(ports: dict[str, int]) -> None:
    """Raise WrongSettings that names every taken port and its setting."""
    taken = [
        f"  {port} for {name}; choose another with ROWTIDE_{name.upper()}_PORT"
        for name, port in ports.items()
        if not is_free(port)
    ]
    if taken:
        raise WrongSettings("Ports are taken by another process; stop it, or choose others:\n" + "\n".join(taken))


def free_port() -> int:
    """Return a port that nobody listens on.

    Not one of those that the system hands to outgoing connections: such a port can be gone before a server takes it."""
    return next(port for port in iter(lambda: random.randint(*QUIET_PORTS), None) if is_free(port))


def free_ports() -> dict[str, int]:
    """Return a free port for each of PORTS, as settings named `<name>_port`."""
    found: set[int] = set()
    while len(found) < len(PORTS):
        found.add(free_port())
    return dict(zip((f"{name}_port" for name in PORTS), sorted(found), strict=True))
