"""Live names for shell completion. A failure, or a second without an answer, completes nothing and prints nothing."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

SECONDS = 1.0


def pipelines(_context: typer.Context) -> list[str]:
    """The pipelines whose connectors Kafka Connect has."""
    return names_in_time(_pipelines)


def documents(context: typer.Context) -> list[str]:
    """The documents of the spec, which are also the index aliases."""
    return names_in_time(lambda: _documents(context.params.get("spec")))


def names_in_time(read: Callable[[], list[str]], seconds: float = SECONDS) -> list[str]:
    """Run `read` for a time; an empty list when it fails or takes longer."""
    names: list[str] = []

    def run() -> None:
        try:
            names.extend(read())
        except Exception:  # noqa: BLE001 Whatever is wrong, the shell continues without names.
            names.clear()

    thread = threading.Thread(target=run, name="completion", daemon=True)
    thread.start()
    thread.join(seconds)
    return [] if thread.is_alive() else names


def _pipelines() -> list[str]:
    from cdc.connectors.apply import connect_access  # noqa: PLC0415 Completion imports what it needs, when it needs it.
    from cdc.connectors.client import Connect  # noqa: PLC0415
    from cdc.log.names import connector_name  # noqa: PLC0415
    from cdc.settings import Settings  # noqa: PLC0415

    prefix = connector_name("")
    with Connect(connect_access(Settings.read())) as connect:
        names = [status.name for status in connect.statuses()]
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def _documents(spec: Any) -> list[str]:
    from read_model.spec.parser import parse_spec  # noqa: PLC0415

    path = Path(spec or os.environ["ROWTIDE_SPEC"])
    return [document.name for document in parse_spec(path.read_text(encoding="utf-8"), str(path)).documents]
