"""The page of traps is whole, and every test and case that it or the page of guarantees names is there."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
TRAPS, GUARANTEES = (
    (CHECKOUT / f"docs/reference/{page}.md").read_text(encoding="utf-8") for page in ("traps", "guarantees")
)
PAGES = TRAPS + GUARANTEES
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests").rglob("test_*.py"))
FILES = {path.stem for path in (CHECKOUT / "tests").rglob("test_*.py")}
KINDS = [folder.name for folder in (CHECKOUT / "tests/cases").iterdir() if any(folder.rglob("schema.sql"))]
CASES = rf"`((?:{'|'.join(KINDS)})/[\w-]+)`"
ROWS = re.findall(r"(?m)^\| ([\d, b]+) \|.*\| (.*) \|$", TRAPS)


def test_the_traps_are_all_there_and_each_says_what_shows_it() -> None:
    numbers = [number for numbers, _ in ROWS for number in numbers.split(", ")]
    assert sorted(numbers) == sorted([*(str(number) for number in range(1, 85)), "27b"])
    assert all(shown.strip() for _, shown in ROWS)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGES))))
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert re.search(rf"def {name}\(", TESTS) or name in FILES


@pytest.mark.parametrize("name", sorted(set(re.findall(CASES, PAGES))))
def test_a_case_that_is_named_is_there(name: str) -> None:
    assert (CHECKOUT / "tests/cases" / name / "schema.sql").is_file()


@pytest.mark.parametrize("page", [TRAPS, GUARANTEES])
def test_a_file_that_is_linked_is_there(page: str) -> None:
    linked = set(re.findall(r"\]\(([\w./-]+)[)#]", page))
    assert [name for name in linked if not (CHECKOUT / "docs/reference" / name).exists()] == []
