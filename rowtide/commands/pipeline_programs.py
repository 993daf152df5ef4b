"""`rowtide smoke | demo`: the whole pipeline, for people and for CI."""

import typer

from rowtide.demo.run import demo
from rowtide.smoke import smoke


def register(app: typer.Typer) -> None:
    """Add the commands to the root of `rowtide`."""
    app.command()(smoke)
    app.command()(demo)
