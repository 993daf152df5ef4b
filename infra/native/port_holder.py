"""Which process listens on a port of this machine, from Linux's /proc. Other users' processes show only to root."""

from collections.abc import Iterator
from pathlib import Path

_LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (include/net/tcp_states.h)."""


def port_holder(port: int) -> str:
    """The program and its process id, such as `java (process 4711)`; "another process" if it cannot be seen."""
    process = _listener(port)
    return f"{(process / 'comm').read_text().strip()} (process {process.name})" if process else "another process"


def working_folder(port: int) -> Path | None:
    """The working folder of the process that listens on the port; None if there is none or it cannot be seen."""
    process = _listener(port)
    try:
        return (process / "cwd").readlink() if process else None
    except OSError:
        return None


def _listener(port: int) -> Path | None:
    """The folder in /proc of a process that listens on the port; None if there is none or it cannot be seen."""
    inodes = set(_listening_inodes(port))
    processes = Path("/proc").glob("[0-9]*") if inodes else ()
    return next((process for process in processes if inodes & set(_socket_inodes(process))), None)


def _listening_inodes(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on a port, over IPv4 and IPv6."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")
    except OSError:
        return  # It ended in between, or belongs to another user.
