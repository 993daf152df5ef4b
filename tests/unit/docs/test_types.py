"""The page of types names every case, and only these."""

import re

from tests.support.paths import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reference" / "types.md").read_text(encoding="utf-8")


def test_the_page_names_every_case_of_a_type() -> None:
    named = set(re.findall(r"\(\.\./\.\./tests/cases/types/([a-z0-9-]+)\)", PAGE))
    assert named == {folder.name for folder in (CHECKOUT / "tests" / "cases" / "types").iterdir()}
