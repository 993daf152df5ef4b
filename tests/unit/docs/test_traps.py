"""Every test and case that the page of traps names is there."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs/reference/traps.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests").rglob("test_*.py"))
FILES = {path.stem for path in (CHECKOUT / "tests").rglob("test_*.py")}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert f"def {name}(" in TESTS or name in FILES


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:semantics|types|refused|faults)/[\w-]+)`", PAGE))))
def test_a_case_that_is_named_is_there(name: str) -> None:
    assert (CHECKOUT / "tests/cases" / name).is_dir()
