"""`python -m search_api`: reads the settings and serves until it is told to stop."""

import sys

import uvicorn

from search_api.app import create_app
from search_api.settings import WrongSettings, read_settings
from search_api.state import State, StateFault


def main() -> int:
    """Serve; the exit code is 2 for wrong settings."""
    try:
        settings = read_settings()
        State(settings.state_file).close()
    except (WrongSettings, StateFault) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    uvicorn.run(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        access_log=False,  # Addresses hold what people search for.
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
