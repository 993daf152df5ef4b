"""`python -m search_api`: read the settings and serve until stopped."""

import socket
import sys
from contextlib import suppress

import structlog

from connections.log_lines import configure_logging
from connections.private_files import set_private_umask
from http_server.server import http_server
from search_api.access.state import State, StateFileError
from search_api.app import create_app
from search_api.settings import ApiSettings, InvalidSettings, read_settings


def main() -> int:
    """Serve. Returns the exit code: 2 for invalid settings, an unusable state file or a port in use, 1 if the server
    did not start.
    """
    set_private_umask()
    try:
        settings = read_settings()
        State(settings.state_file).close()
        listener = listen(settings)
    except (InvalidSettings, StateFileError) as error:
        sys.stderr.write(f"Error: {error}\n")  # The form of every command.
        return 2
    configure_logging(settings)
    server = http_server(create_app(settings), settings.connection_limits, settings.proxies)
    url = f"http://{settings.api_host}:{settings.api_port}"
    if settings.log_format == "json":
        structlog.get_logger().info("serving", url=url)
    else:
        sys.stderr.write(f"Serving the search page and API at {url}. Press Ctrl-C to stop.\n")
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 1


def listen(settings: ApiSettings) -> socket.socket:
    """A listening socket. Raises InvalidSettings if the address is not local or the port is in use."""
    host, port = settings.api_host, settings.api_port
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise InvalidSettings(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop the program that listens there, or set"
            " ROWTIDE_API_HOST and ROWTIDE_API_PORT."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
