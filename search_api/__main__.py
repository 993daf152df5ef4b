"""`python -m search_api`: reads the settings and serves until it is told to stop."""

import socket
import sys
from contextlib import suppress

import uvicorn

from search_api.access.state import State, StateFileError
from search_api.app import create_app
from search_api.settings import ApiSettings, InvalidSettings, read_settings


def main() -> int:
    """Serve; the exit code is 2 for wrong settings, a state file that cannot be used or a port that is taken."""
    try:
        settings = read_settings()
        State(settings.state_file).close()
        listener = listening(settings)
    except (InvalidSettings, StateFileError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            access_log=False,  # Addresses hold what people search for.
            server_header=False,
        )
    )
    sys.stderr.write(
        f"The search page and API are at http://{settings.api_host}:{settings.api_port}. Ctrl-C ends them.\n"
    )
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 1


def listening(settings: ApiSettings) -> socket.socket:
    """A socket that listens where it should. InvalidSettings when the address is not ours, or the port taken."""
    host, port = settings.api_host, settings.api_port
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise InvalidSettings(
            f"Cannot listen on {host}:{port}: {error.strerror}. End what listens there, or choose another place with"
            " ROWTIDE_API_HOST and ROWTIDE_API_PORT."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
