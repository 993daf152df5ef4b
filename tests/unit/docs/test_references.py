"""The documentation against the code: generated pages are up to date, named commands and linked files exist."""

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from docs import generate
from read_model.elasticsearch.index_body import index_body
from read_model.plan.resolve import resolve
from read_model.spec.parser import parse_spec
from search_api.query.request import RawRequest, check
from search_api.query.schema import read_mapping
from tests.support.builders.catalogs import answered
from tests.support.paths import CHECKOUT

PAGES = [*sorted(CHECKOUT.glob("*.md")), *sorted((CHECKOUT / "docs").rglob("*.md"))]
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
    names = set()
    for code in CODE.findall(text):
        for first, second in COMMAND.findall(code):
            names.add(f"{first} {second}" if second and first in GROUPS else first)
    return names


@pytest.mark.parametrize("page", generate.pages().items(), ids=lambda page: page[0].name)
def test_a_generated_page_is_up_to_date(page: tuple[Path, str]) -> None:
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
    ("text", "names"),
    [
        ("`rowtide up`, and rowtide itself", {"up"}),
        ("```sh\nrowtide connectors apply --wait 60\nrowtide worker &\n```", {"connectors apply", "worker"}),
        ("`rowtide connectors …` for operators", {"connectors"}),
        ("`python -m rowtide up`, `./rowtide x`", {"up"}),
    ],
)
def test_commands_are_found_only_in_code(text: str, names: set[str]) -> None:
    assert named_commands(text) == names


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_anchor_leads_to_a_heading(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = []
    for path, anchor in re.findall(r"\]\(([^)\s#:]*)#([^)\s]+)\)", text):
        there = (page.parent / path).read_text(encoding="utf-8") if path else text
        headings = re.findall(r"^#+ (.+)$", there, re.MULTILINE)
        if anchor not in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}:
            missing.append(f"{path}#{anchor}")
    assert missing == []


def test_every_command_that_a_message_names_exists() -> None:
    mention = re.compile(r"(?:: rowtide |\(rowtide |[Ss]tart one with `rowtide )([a-z-]+)(?: ([a-z]+))?")
    unknown = []
    for room in ("cdc", "sync_worker", "search_api", "infra", "read_model"):
        for file in (CHECKOUT / room).rglob("*.py"):
            for first, second in mention.findall(file.read_text(encoding="utf-8")):
                if first not in COMMANDS or (first in GROUPS and second and f"{first} {second}" not in COMMANDS):
                    unknown.append(f"{_name(file)}: rowtide {first} {second}".strip())
    assert unknown == []


def test_the_searches_of_the_pages_fit_the_shipped_spec() -> None:
    spec = parse_spec((CHECKOUT / "rowtide" / "examples" / "orders.yaml").read_text(encoding="utf-8"), "orders.yaml")
    orders = resolve(spec, answered("shop")).documents[0]
    schema = read_mapping(index_body(orders)["mappings"])
    searches = [url for page in PAGES for url in re.findall(r"/v1/orders/search\?([^'\s]+)'", page.read_text())]
    assert len(searches) > 3
    for query in searches:
        parameters = parse_qs(query)
        check(
            RawRequest(
                text=parameters.get("q", [""])[0],
                filters=tuple(parameters.get("filter", ())),
                sort=parameters.get("sort", [""])[0],
                facets=tuple(parameters.get("facet", ())),
            ),
            schema,
        )


def test_the_overview_links_every_page() -> None:
    overview = (CHECKOUT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {
        str(page.relative_to(CHECKOUT / "docs"))
        for page in PAGES
        if page.is_relative_to(CHECKOUT / "docs") and "decisions" not in page.parts and page.name != "README.md"
    }
    assert pages - set(LINK.findall(overview)) == set()
