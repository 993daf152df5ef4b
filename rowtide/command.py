"""What all commands have in common: their files are private, their errors are reported in one way, and their help ends
with examples."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXAMPLES = "Examples"


class _WithExamples:
    """A command or group. Its epilog is its examples, a line each; its help shows them in a panel of their own."""

    def __init__(self, *args: Any, epilog: str | None = None, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.examples = (epilog or "").splitlines()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, then the examples."""
        hide_flag_types(ctx.command.get_params(ctx))
        super().format_help(ctx, formatter)  # type: ignore[misc]  # The command or group it is mixed into.
        print_examples(self.examples)


class Command(_WithExamples, TyperCommand):
    """A command with examples."""


class Group(_WithExamples, TyperGroup):
    """A group of commands, with examples like a command's."""


def hide_flag_types(params: Sequence[Any]) -> None:
    """Let the help name no type for flags, which take no value."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""


def print_examples(examples: list[str]) -> None:
    """Print examples in a panel that looks like those of the options."""
    from rich.panel import Panel  # noqa: PLC0415 Needed for help only.
    from rich.text import Text  # noqa: PLC0415
    from typer import rich_utils  # noqa: PLC0415

    if not examples:
        return
    lines = Text("\n").join(Text(line, style="dim" if line.startswith("#") else "") for line in examples)
    panel = Panel(
        lines, title=EXAMPLES, title_align="left", border_style=rich_utils.STYLE_OPTIONS_PANEL_BORDER, padding=(0, 1)
    )
    rich_utils._get_rich_console().print(panel)


def add_command(
    app: typer.Typer,
    function: Callable[..., None],
    *examples: str,
    name: str | None = None,
    help: str | None = None,
    hidden: bool = False,
) -> None:
    """Add a command to a group. Its name is the function's, its help the function's docstring, unless given."""
    command_name = name or function.__name__.strip("_").replace("_", "-")
    text = help or _paragraphs(cleandoc(function.__doc__ or ""))
    register = app.command(command_name, cls=Command, epilog="\n".join(examples), help=text, hidden=hidden)
    register(_as_program(function))


def _paragraphs(text: str) -> str:
    """A docstring with each paragraph on one line, for the terminal to wrap."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def new_group(help: str, *examples: str) -> typer.Typer:
    """A group of commands, to be added to the root with `add_typer`."""
    return typer.Typer(cls=Group, no_args_is_help=True, help=help, epilog="\n".join(examples))


def _as_program(function: Callable[..., None]) -> Callable[..., None]:
    # The root's help needs neither.
    from connections.private_files import set_private_umask  # noqa: PLC0415
    from rowtide.console import reported_errors  # noqa: PLC0415

    @wraps(function)
    def run(*args: Any, **options: Any) -> None:
        set_private_umask()
        with reported_errors():
            function(*args, **options)

    return run
