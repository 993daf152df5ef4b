"""The page of types names every case, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "types.md").read_text(encoding="utf-8")


def test_the_page_names_every_case_of_a_type() -> None:
    named = set(re.findall(r"\(\.\./\.\./tests/cases/types/([a-z0-9-]+)\)", PAGE))
    assert named == {folder.name for folder in (ROOT / "tests" / "cases" / "types").iterdir()}
