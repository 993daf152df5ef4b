"""Writes the reference pages that are made from the code: settings, metrics and commands.

Run it after a change: `python -m docs.generate`. tests/unit/docs/test_references.py fails when a page is out of date.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import annotated_types
import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from cdc.settings import Settings as OperatorSettings
from docs import api_reference
from infra.settings import StackSettings
from rowtide.cli import COMMANDS as ROOT_COMMANDS
from rowtide.cli import load
from search_api.settings import ApiSettings
from sync_worker.http.metrics import WorkerCollector
from sync_worker.settings import WorkerSettings
from writer.__main__ import app as writer_app
from writer.settings import Settings as WriterSettings

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by `python -m docs.generate`. Change the code, not this page. -->\n"

PROGRAMS: tuple[tuple[str, str, type[BaseSettings]], ...] = (
    (
        "Operators' commands",
        "`rowtide init`, `connectors`, `documents`, `resnapshot`. What a command does not need may be absent.",
        OperatorSettings,
    ),
    ("Worker", "`rowtide worker` and `rowtide verify`.", WorkerSettings),
    ("Search API", "`rowtide api serve`.", ApiSettings),
    ("Servers", "`rowtide up`, `down`, `status`, `smoke`, `demo` and `conformance`.", StackSettings),
    ("Order application", "`python -m writer`.", WriterSettings),
)

SETTINGS = """\
# Settings

Every setting is an environment variable. A program reads them once, when it starts, and tells every fault at once: then it
ends with [exit code](exit-codes.md) 2. A variable means the same for every program. `rowtide status --env` prints those of the servers that
`rowtide up` started.
"""

METRICS = """\
# Metrics

The worker serves them at `GET /metrics`, in Prometheus' text form; by default at <http://127.0.0.1:9470/metrics>. They have
no labels: a worker serves one pipeline. The same endpoint answers `/freshness` (JSON) and `/health` (503 once the worker stops).
"""

WATCH = """
## What to watch

| question | expression |
| --- | --- |
| Is anything wrong? `/freshness` says what, in `reason` | `rowtide_live == 0` |
| How old is what people find? | `time() - rowtide_as_of_seconds` |
| Does anything wait? | `rowtide_pending_documents` |
| Was a document refused? | `rowtide_quarantined_documents > 0` |
| Does a document lack a field that was refused? | `rowtide_left_out_documents > 0` |
| Is the worker behind its log, or Elasticsearch behind the worker? | `rowtide_watermark_lsn - rowtide_searchable_lsn` (bytes of WAL) |
"""

COMMANDS = """\
# Commands

`rowtide --help` lists the commands, and `rowtide COMMAND --help` shows the options and examples of one.
`rowtide --install-completion` installs completion for your shell. It completes commands, options, and the names of
pipelines and documents.

Commands with `-o` (`--output`) print text for people by default, and with `-o json` one JSON value for programs. Errors,
warnings and progress go to standard error. Exit codes: 0 success, 1 failure, 2 wrong usage or settings, 3 a service is
unavailable ([details](exit-codes.md)).
"""


def pages() -> dict[Path, str]:
    """The text of each page, by its path."""
    return {
        FOLDER / "api.md": MADE + api_reference.page(),
        FOLDER / "settings.md": MADE + SETTINGS + "".join(map(_program, PROGRAMS)),
        FOLDER / "metrics.md": MADE + METRICS + "\n" + _metrics() + WATCH,
        FOLDER / "commands.md": MADE + COMMANDS + "".join(_commands()),
    }


def command_names() -> set[str]:
    """Every command that `rowtide` has, groups and their commands: `verify`, `connectors`, `connectors apply`."""
    return {name.removeprefix("rowtide ") for root in ROOT_COMMANDS for name, _ in _walk(f"rowtide {root}", load(root))}


def _program(program: tuple[str, str, type[BaseSettings]]) -> str:
    title, commands, settings = program
    prefix = str(settings.model_config["env_prefix"])
    rows = [(f"`{prefix}{name.upper()}`", *_field(field)) for name, field in settings.model_fields.items()]
    return f"\n## {title}\n\n{commands}\n\n" + _table(("variable", "default", "meaning"), rows)


def _field(field: FieldInfo) -> tuple[str, str]:
    parts = [_sentence(field.description or "")]
    bounds = _bounds(field)
    if bounds:
        parts.append(f"{bounds[:1].upper()}{bounds[1:]}.")
    return _default(field), " ".join(part for part in parts if part)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "made at each start"
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return ""
    shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return "" if isinstance(field.default, SecretStr) else f"`{shown}`"


_SIGNS = {
    annotated_types.Ge: "from",
    annotated_types.Gt: "more than",
    annotated_types.Le: "to",
    annotated_types.Lt: "below",
}


def _bounds(field: FieldInfo) -> str:
    values = getattr(field.annotation, "__args__", ()) if "Literal" in str(field.annotation) else ()
    if values:
        return "one of " + ", ".join(f"`{value}`" for value in values)
    found = []
    for one in field.metadata:
        for kind, word in _SIGNS.items():
            if isinstance(one, kind):
                found.append(f"{word} {getattr(one, kind.__name__.lower())}")
        if isinstance(one, annotated_types.MinLen) and one.min_length > 1:
            found.append(f"at least {one.min_length} characters")
    return " ".join(found)


def _metrics() -> str:
    fresh = SimpleNamespace(state="live", pending=0, quarantined=0, left_out=0, searchable=0, watermark=0, as_of_ms=0)
    worker: Any = SimpleNamespace(freshness=fresh, indexed=0, retries=0, events=0)
    rows = [
        (f"`{one.name}{'_total' if one.type == 'counter' else ''}`", one.type, one.documentation)
        for one in WorkerCollector(worker).collect()
    ]
    return _table(("metric", "kind", "meaning"), rows)


def _commands() -> Iterator[str]:
    panel = ""
    for root, entry in ROOT_COMMANDS.items():
        if not entry.hidden and entry.panel != panel:
            panel = entry.panel
            yield f"\n## {panel}\n"
        for name, command in _walk(f"rowtide {root}", load(root)):
            if not command.hidden:
                yield _command(name, command)
    writer = typer.main.get_group(writer_app)
    yield "\n## The order application\n\nNot a part of `rowtide`: an ordinary application, whose tables it follows.\n"
    for room, group in writer.commands.items():
        for name, command in _walk(f"python -m writer {room}", group):
            yield _command(name, command)


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for subcommand_name, subcommand in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {subcommand_name}", subcommand)


def _command(name: str, command: Any) -> str:
    level = "###" if name.count(" ") == 1 else "####"
    shown = [param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)]
    arguments = "".join(f" {_argument(param)}" for param in shown if param.param_type_name == "argument")
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    text = f"\n{level} {name}{arguments}\n\n" + "\n\n".join(paragraphs) + "\n"
    if examples := getattr(command, "examples", []):
        text += "\n```sh\n" + "\n".join(examples) + "\n```\n"
    rows = [(_option(param), _default_of(param), param.help or "") for param in shown]
    return text + ("\n" + _table(("option", "default", "meaning"), rows) if rows else "")


def _argument(param: Any) -> str:
    return str(param.metavar or f"{param.name.upper()}…")


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{option.metavar or option.name.upper()}`"
    value = f" `{option.metavar}`" if option.metavar else ""
    return " or ".join(f"`{name}`" for name in option.opts) + value


def _default_of(option: Any) -> str:
    if option.required:
        return "required"
    value = getattr(option.default, "value", option.default)
    if value is None or value is False or value in ((), []):
        return ""
    return f"`{value}`"


def _sentence(text: str) -> str:
    """With a capital and a full stop, however it stands in the code."""
    text = re.sub(r"\s+", " ", text.strip())
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.]' else '.'}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        heads,
        ["---"] * len(heads),
        *([cell.replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
