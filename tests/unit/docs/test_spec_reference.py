"""Every example of the reference page is a spec that fits its database."""

import re

import pytest

from read_model.catalog.column_types import SUPPORTED
from read_model.plan.resolve import resolve
from read_model.spec import keywords
from read_model.spec.parser import parse_spec
from tests.support.builders.catalogs import answered
from tests.support.paths import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reference" / "spec.md").read_text()
EXAMPLES = re.findall(r"^```yaml ?(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[f"example {at}" for at in range(len(EXAMPLES))])
def test_examples_resolve(kind: str, example: str) -> None:
    body = "".join(f"    {line}\n" for line in example.splitlines())
    text = example if kind == "file" else f"pipeline: page\ndocuments:\n  example:\n{body}"
    plan = resolve(parse_spec(text, "spec.md"), answered("northwind" if kind == "northwind" else "shop"))
    assert plan.documents


@pytest.mark.parametrize(
    "words",
    [
        keywords.DOCUMENT,
        keywords.INCLUDE,
        keywords.FIELD,
        keywords.COMPUTE,
        keywords.OPERATORS,
        keywords.SEARCH,
    ],
)
def test_the_page_names_every_word(words: dict[str, str]) -> None:
    assert [word for word in words if not re.search(rf"\b{word}\b", PAGE)] == []


def test_the_page_names_every_type() -> None:
    assert [name for name in SUPPORTED if f"`{name}`" not in PAGE] == []
