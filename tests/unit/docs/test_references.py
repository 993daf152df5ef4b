"""The documentation against the code: made pages are up to date, named commands and linked files exist."""

import re
from pathlib import Path

import pytest

from docs import generate

CHECKOUT = Path(__file__).parents[3]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
COMMANDS = generate.command_names()
GROUPS = {name.split(" ")[0] for name in COMMANDS if " " in name}

# In code (`rowtide verify`, ``` blocks) the word after `rowtide` is a command; in prose it need not be.
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w./-])rowtide ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def _name(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def named_commands(text: str) -> set[str]:
    """The commands that a page names, those of a group with their own name."""
    found = set()
    for code in CODE.findall(text):
        for first, second in COMMAND.findall(code):
            found.add(f"{first} {second}" if second and first in GROUPS else first)
    return found


@pytest.mark.parametrize("page", generate.pages().items(), ids=lambda page: page[0].name)
def test_a_made_page_is_up_to_date(page: tuple[Path, str]) -> None:
    path, text = page
    assert path.read_text(encoding="utf-8") == text, "run: python -m docs.generate"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_exists(page: Path) -> None:
    assert named_commands(page.read_text(encoding="utf-8")) - COMMANDS == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`rowtide up`, and rowtide itself", {"up"}),
        ("```sh\nrowtide connectors apply --wait 60\nrowtide worker &\n```", {"connectors apply", "worker"}),
        ("`rowtide connectors …` for operators", {"connectors"}),
        ("`python -m rowtide up`, `./rowtide x`", {"up"}),
    ],
)
def test_commands_are_found_in_code_alone(text: str, found: set[str]) -> None:
    assert named_commands(text) == found
