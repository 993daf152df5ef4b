"""Makes the HTTP server of a program: uvicorn, with limits that hold whoever connects."""

import logging
import resource
from dataclasses import replace
from math import ceil

import uvicorn
from starlette.types import ASGIApp

from http_server.client_network import Proxies
from http_server.open_connections import ConnectionLimits, OpenConnections
from http_server.protocol import protocol_class

OTHER_FILES = 256
"""File descriptors for everything but connections of clients: connections to servers, databases, logs."""
FEWEST = 16

log = logging.getLogger("rowtide.http_server")


def http_server(
    app: ASGIApp, limits: ConnectionLimits, proxies: Proxies, log_level: str | None = None
) -> uvicorn.Server:
    """The server of an application. `X-Forwarded-For` and `X-Forwarded-Proto` are believed only of `proxies`."""
    limits = replace(limits, connections=available_connections(limits.connections))
    connections = OpenConnections(limits.connections, limits.per_client, proxies)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol_class(limits, connections),
            ws="none",
            log_level=log_level,
            access_log=False,  # Addresses contain what people search for.
            log_config=None,  # The program's own form of log lines.
            server_header=False,
            timeout_keep_alive=ceil(limits.idle),
            proxy_headers=bool(proxies.networks),
            forwarded_allow_ips=proxies.networks,
        )
    )


def available_connections(configured: int) -> int:
    """The connections for which this process may open files; raises its soft limit of open files if that is lower.

    A process that has no file left accepts no connection at all, and cannot close the ones that wait."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = configured + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return configured
    available = max(FEWEST, soft - OTHER_FILES)
    log.warning("only %d connections at a time: the limit of open files (ulimit -n) is %d", available, soft)
    return available
