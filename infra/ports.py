"""Ports: which are free, and whose setting to change when one is taken."""

import socket
from contextlib import ExitStack

from infra.errors import ServiceUnavailable
from infra.settings import PORTS

LOOPBACK = "127.0.0.1"


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
    """Raise ServiceUnavailable that names every taken port and its setting."""
    taken = [
        f"  {port} for {name}; choose another with ROWTIDE_{name.upper()}_PORT"
        for name, port in ports.items()
        if not is_free(port)
    ]
    if taken:
        raise ServiceUnavailable("Ports are taken by another process; stop it, or choose others:\n" + "\n".join(taken))


def free_ports() -> dict[str, int]:
    """Return a free port for each of PORTS, as settings named `<name>_port`."""
    with ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in PORTS}
        for each in sockets.values():
            each.bind((LOOPBACK, 0))
        return {f"{name}_port": each.getsockname()[1] for name, each in sockets.items()}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number
