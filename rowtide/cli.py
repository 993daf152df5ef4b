"""`rowtide`: its commands, in the panels of its help. A command's module is imported only when that command is used.

So this table holds the line of help that the root shows for a command. A test compares it with the command's own.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from rowtide.command import Group

PIPELINE, DOCUMENTS, SEARCH, LOCAL_SERVERS = "Pipeline", "Documents", "Search", "Local servers"
EXAMPLES = (
    "# Start the whole pipeline on this machine, with a search page",
    "rowtide demo",
    "# What a command does, and its options",
    "rowtide connectors apply --help",
)


@dataclass(frozen=True, slots=True)
class RootCommand:
    """A command or group of the root: the module whose `register(app)` adds it, and how the root's help shows it."""

    module: str
    panel: str
    help: str
    hidden: bool = False


COMMANDS = {
    "init": RootCommand("init", PIPELINE, "Prepare a source database: create the connector's role and publication."),
    "connectors": RootCommand("connectors", PIPELINE, "Manage the connector of a pipeline in Kafka Connect."),
    "worker": RootCommand("worker", PIPELINE, "Run the sync worker until it is stopped."),
    "resnapshot": RootCommand("resnapshot", PIPELINE, "Take a new snapshot of all captured tables."),
    "documents": RootCommand("documents", DOCUMENTS, "Write, check and show the document spec of a pipeline."),
    "verify": RootCommand("verify", DOCUMENTS, "Compare the indexed documents with the database."),
    "explain": RootCommand("explain", DOCUMENTS, "Show where a document comes from and what is wrong with it."),
    "repair": RootCommand("repair", DOCUMENTS, "Re-read the rows of documents, index them again and verify them."),
    "quarantine": RootCommand("quarantine", DOCUMENTS, "List and retry documents that could not be indexed."),
    "api": RootCommand("api", SEARCH, "Serve the search API and page, and manage access to them."),
    "elasticsearch-key": RootCommand(
        "elasticsearch_key", SEARCH, "Create the Elasticsearch API keys of the worker and the search API."
    ),
    "credentials": RootCommand(
        "credentials", SEARCH, "Print the least-privileged credentials of the worker and the search API."
    ),
    "up": RootCommand("servers", LOCAL_SERVERS, "Start PostgreSQL, Kafka, Kafka Connect and Elasticsearch."),
    "down": RootCommand("servers", LOCAL_SERVERS, "Stop the servers of a stack."),
    "status": RootCommand("status", LOCAL_SERVERS, "Show the state of the servers and the worker."),
    "demo": RootCommand("demo", LOCAL_SERVERS, "Run the whole pipeline live, with an order application as its source."),
    "smoke": RootCommand(
        "smoke", LOCAL_SERVERS, "Run a fixed workload through a new pipeline and verify every document."
    ),
    "conformance": RootCommand(
        "conformance", LOCAL_SERVERS, "Run test cases and compare their documents with the database."
    ),
    "worker-key": RootCommand("elasticsearch_key", SEARCH, "Deprecated: use `rowtide elasticsearch-key worker`.", True),
}


class Root(Group):
    """The root group. It lists commands from the table and imports a command's module to run it."""

    def __init__(self, *args: Any, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.commands = {
            name: TyperCommand(name, help=entry.help, hidden=entry.hidden, rich_help_panel=entry.panel)
            for name, entry in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command by name, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(command.name or ""), rest


def load(name: str) -> Any:
    """Import a command or group of the root."""
    app = typer.Typer()
    app.callback()(_root)
    import_module(f"rowtide.commands.{COMMANDS[name].module}").register(app)
    return typer.main.get_group(app).commands[name]


def _print_version(version_flag: bool) -> None:
    if version_flag:
        from importlib.metadata import version  # noqa: PLC0415 Only for --version.

        typer.echo(f"rowtide {version('rowtide')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Keep Elasticsearch documents in sync with PostgreSQL tables."""


def app() -> typer.Typer:
    """The command line as an application."""
    root = typer.Typer(cls=Root, no_args_is_help=True, pretty_exceptions_enable=False, epilog="\n".join(EXAMPLES))
    root.callback()(_root)
    return root


def main() -> None:
    """Run `rowtide`."""
    app()(prog_name="rowtide")
