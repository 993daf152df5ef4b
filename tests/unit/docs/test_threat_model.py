"""The threat model names tests that exist, and each attacker's section names at least one."""

import re

import pytest

from tests.support.paths import CHECKOUT, TESTS

PAGE = (CHECKOUT / "docs/reference/threat-model.md").read_text(encoding="utf-8")
NAMED = re.compile(r"^ *- `(\w+\.py)::(\w+)`$", re.MULTILINE)
SECTIONS = re.split(r"(?m)^## ", PAGE)


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob(file))
    assert re.search(rf"(?m)^(?:async )?def {name}\(", code)


def test_every_name_of_a_test_is_of_this_form() -> None:
    assert len(NAMED.findall(PAGE)) == PAGE.count("::")


@pytest.mark.parametrize("section", SECTIONS[1:], ids=lambda section: section.partition("\n")[0])
def test_every_attacker_is_in_the_table_and_has_a_test(section: str) -> None:
    name = section.partition("\n")[0]
    assert f"| [{name}](#" in SECTIONS[0]
    assert NAMED.search(section)


def test_the_table_names_no_others() -> None:
    assert len(re.findall(r"(?m)^\| \[", SECTIONS[0])) == len(SECTIONS) - 1
