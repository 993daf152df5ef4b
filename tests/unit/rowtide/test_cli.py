"""The command line as a whole: its help, examples, deprecated names, errors and completion."""

import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from rowtide.cli import COMMANDS, app, load
from rowtide.commands import completion
from rowtide.console import Output, print_names, reported_errors

SPEC = "pipeline: small\ndocuments:\n  things:\n    from: things\n    fields: [name]\n"


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for subcommand_name, subcommand in getattr(command, "commands", {}).items():
        yield from walk(f"{name} {subcommand_name}", subcommand)


ALL = dict(pair for name in COMMANDS for pair in walk(name, load(name)))


def rowtide(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app(), words, env={"COLUMNS": "80", **environment}, catch_exceptions=False)


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_an_example_that_fits(name: str) -> None:
    examples = [line for line in ALL[name].examples if not line.startswith("#")]
    assert examples, f"add an example to rowtide {name}"
    if not ALL[name].hidden:
        assert all(f"rowtide {name}" in example for example in examples), examples
    assert max(map(len, ALL[name].examples)) <= 76


@pytest.mark.parametrize("name", ALL)
def test_the_help_shows_the_examples_unbroken_at_80_columns(name: str) -> None:
    lines = [line.strip("│ ") for line in rowtide(*name.split(), "--help").stdout.splitlines()]
    assert any(line.strip("╭─╮ ") == "Examples" for line in lines)
    assert [example for example in ALL[name].examples if example not in lines] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_root_describes_a_command_as_the_command_does(name: str) -> None:
    command = load(name)
    summary = " ".join((command.help or "").split("\n\n")[0].split())
    assert (COMMANDS[name].help, COMMANDS[name].hidden) == (summary, command.hidden)


def test_the_roots_help_groups_the_commands_and_imports_none() -> None:
    script = (
        "import sys; from rowtide.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "rooms = ('cdc', 'read_model', 'connections', 'sync_worker', 'search_api', 'infra')\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] in rooms]"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    ).stdout
    places = [printed.index(panel) for panel in ("─ Pipeline", "─ Documents", "─ Search", "─ Local servers")]
    assert places == sorted(places)
    assert "worker-key" not in printed


def test_what_a_command_creates_is_private(tmp_path: Path) -> None:
    rowtide("api", "keys", "list", ROWTIDE_API_STATE=str(tmp_path / "state.db"))
    (tmp_path / "created").touch()
    assert stat.S_IMODE((tmp_path / "created").stat().st_mode) == 0o600


def test_the_version_is_printed() -> None:
    assert rowtide("--version").stdout.startswith("rowtide ")


def test_the_deprecated_spellings_of_the_output_work_with_a_warning(tmp_path: Path) -> None:
    state = {"ROWTIDE_API_STATE": str(tmp_path / "state.db")}
    text = rowtide("api", "keys", "list", "--output", "table", **state)
    assert (text.exit_code, text.stdout) == (0, "There are no API keys.\n")
    assert "`--output table` is deprecated" in text.stderr
    audit = rowtide("api", "audit", "--json", **state)
    assert (audit.exit_code, audit.stdout) == (0, "")
    assert "`--json` is deprecated" in audit.stderr
    assert rowtide("api", "keys", "list", "-o", "name", **state).stderr == ""
    assert rowtide("api", "keys", "list", "-o", "xml", **state).exit_code == 2


@pytest.mark.parametrize("command", [("worker-key",), ("api", "key", "orders")])
def test_the_deprecated_commands_for_keys_work_with_a_warning(command: tuple[str, ...]) -> None:
    printed = rowtide(*command, ROWTIDE_ELASTICSEARCH_URL="nowhere")
    assert printed.exit_code == 2
    assert "use `rowtide elasticsearch-key " in " ".join(printed.stderr.split())
    assert "ROWTIDE_ELASTICSEARCH_URL" in printed.stderr


def test_only_errors_with_an_exit_code_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    class Known(Exception):
        exit_code = 3

    with pytest.raises(typer.Exit) as ended, reported_errors():
        raise Known("Kafka at [red]x[/red] does not answer.")
    assert ended.value.exit_code == 3
    assert capsys.readouterr().err == "Error: Kafka at [red]x[/red] does not answer.\n"
    with pytest.raises(ZeroDivisionError), reported_errors():
        print_names([str(1 // 0)])


def test_documents_complete_from_the_spec(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    assert complete("rowtide explain ", ROWTIDE_SPEC=str(spec)) == ["things"]
    assert complete("rowtide explain t", ROWTIDE_SPEC=str(spec)) == ["things"]
    assert complete("rowtide explain x", ROWTIDE_SPEC=str(spec)) == []
    assert complete("rowtide verify --output ") == [Output.TEXT, Output.JSON]
    assert complete("rowtide conn") == ["connectors"]


def test_completion_is_silent_where_it_fails() -> None:
    assert complete("rowtide explain ", ROWTIDE_SPEC="nowhere.yaml") == []
    assert complete("rowtide connectors pause --pipeline ", ROWTIDE_CONNECT_URL="http://127.0.0.1:1") == []


def test_completion_gives_up_on_what_does_not_answer() -> None:
    answered = threading.Event()

    def read() -> list[str]:
        answered.wait(60)
        return ["late"]

    assert completion.names_in_time(read, 0.01) == []
    answered.set()


def complete(line: str, **environment: str) -> list[str]:
    """The completions that bash offers after this line."""
    words = line.split(" ")
    variables = {"_ROWTIDE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    result = CliRunner().invoke(app(), [], prog_name="rowtide", env={**variables, **environment})
    assert result.stderr == ""
    return result.stdout.split()
