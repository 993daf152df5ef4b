"""The page of traps is complete, and every test and case that it or the page of guarantees names exists."""

import re

import pytest

from tests.support.paths import CASES, CHECKOUT, TESTS

TRAPS, GUARANTEES = (
    (CHECKOUT / f"docs/reference/{page}.md").read_text(encoding="utf-8") for page in ("traps", "guarantees")
)
PAGES = TRAPS + GUARANTEES
MODULES = sorted(TESTS.rglob("test_*.py"))
CODE = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
FILES = {path.stem for path in MODULES}
KINDS = [folder.name for folder in CASES.iterdir() if any(folder.rglob("schema.sql"))]
CASE_NAME = rf"`((?:{'|'.join(KINDS)})/[\w-]+)`"
TRAP = re.compile(r"^- \*\*([\d, bcd]+)\. (.+?)\.\*\*\n  (.+?)\n  Shown by (.+?)\.$", re.MULTILINE | re.DOTALL)
ENTRIES = [TRAP.search(entry) for entry in re.findall(r"(?ms)^- \*\*.+?(?=^- \*\*|^## |\Z)", TRAPS)]


def test_the_traps_are_all_there_and_each_names_what_shows_it() -> None:
    assert all(ENTRIES)
    numbers = [number for entry in ENTRIES if entry for number in entry[1].split(", ")]
    lettered = ["15b", "15c", "16b", "16c", "16d", "27b", "41b", "43b", "43c", "59b"]
    assert sorted(numbers) == sorted([*(str(number) for number in range(1, 86)), *lettered])
    assert all(entry[4].strip() for entry in ENTRIES if entry)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGES))))
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert re.search(rf"def {name}\(", CODE) or name in FILES


@pytest.mark.parametrize("name", sorted(set(re.findall(CASE_NAME, PAGES))))
def test_a_case_that_is_named_is_there(name: str) -> None:
    assert (CASES / name / "schema.sql").is_file()


@pytest.mark.parametrize(
    ("symbol", "path"), sorted(set(re.findall(r"`([A-Za-z_.]+)` in\s+\[[^\]]+\]\(([^)]+\.py)\)", GUARANTEES)))
)
def test_a_symbol_that_is_named_is_in_its_file(symbol: str, path: str) -> None:
    code = (CHECKOUT / "docs/reference" / path).read_text(encoding="utf-8")
    assert [part for part in symbol.split(".") if not re.search(rf"\b{part}\b", code)] == []
