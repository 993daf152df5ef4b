"""`rowtide`: the commands of every room, under one name. A room is imported only when one of its commands is asked for."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# Command or group of commands → the module whose `register(app)` adds it to the root.
ROOMS = {
    "up": "rowtide.commands.servers",
    "down": "rowtide.commands.servers",
    "status": "rowtide.commands.servers",
    "smoke": "rowtide.commands.pipeline_programs",
    "demo": "rowtide.commands.pipeline_programs",
    "conformance": "rowtide.commands.conformance",
    "init": "rowtide.commands.init",
    "connectors": "rowtide.commands.connectors",
    "documents": "rowtide.commands.documents",
    "resnapshot": "rowtide.commands.resnapshot",
    "worker": "rowtide.commands.worker",
    "worker-key": "rowtide.commands.worker",
    "verify": "rowtide.commands.worker",
    "repair": "rowtide.commands.worker",
    "explain": "rowtide.commands.worker",
    "quarantine": "rowtide.commands.worker",
    "api": "rowtide.commands.api",
}


class Rooms(TyperGroup):
    """Finds a command in the room that has it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's room; None when there is no such command."""
        if cmd_name not in ROOMS:
            return None
        app = typer.Typer()
        app.callback()(_root)
        import_module(ROOMS[cmd_name]).register(app)
        return typer.main.get_group(app).get_command(ctx, cmd_name)


def _root() -> None:
    """Keep Elasticsearch documents in step with PostgreSQL tables."""


def main() -> None:
    """Run `rowtide`."""
    app = typer.Typer(cls=Rooms, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_root)
    app()
