"""Every example of the page on the search syntax, and its limits."""

import re
from collections.abc import Mapping, Sequence

import pytest

from search_api.limits import MAX_CLAUSES, MAX_DEPTH, MAX_SLOP, MAX_TEXT, MAX_WILDCARDS, MIN_STEM
from tests.relevance.judgements import Document
from tests.relevance.measuring import PREFIX
from tests.support.search_api import Api
from tests.support.services import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reference" / "search-syntax.md").read_text(encoding="utf-8")
Corpus = tuple[Api, Mapping[str, Sequence[Document]]]


def rows(heading: str) -> list[tuple[str, str]]:
    """The rows of the tables whose second column has this heading: what is written, and what it does."""
    found: list[tuple[str, str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 2:
            inside = False
        elif cells[0] == "write":
            inside = cells[1] == heading
        elif inside and cells[0].startswith("`"):
            found.append((cells[0][1:-1].replace("\\|", "|"), cells[1]))
    return found


FINDS, WORDS, FAULTS = rows("finds orders"), rows("is read as"), rows("is told")


@pytest.mark.parametrize("text", [text for text, _ in FINDS])
def test_what_is_written_finds_orders(judged_corpus: Corpus, text: str) -> None:
    api, documents = judged_corpus
    page = api.get(f"/v1/{PREFIX}orders/search", params={"q": text}).json()
    assert page["items"], text
    assert page["total"]["value"] < len(documents["orders"]), text
    assert not page["as_words"]
    assert bool(page["corrected"]) == (text == "armchiar")


@pytest.mark.parametrize("text", [text for text, _ in WORDS])
def test_what_is_no_syntax_does_not_fail(judged_corpus: Corpus, text: str) -> None:
    api, _ = judged_corpus
    assert api.get(f"/v1/{PREFIX}orders/search", params={"q": text}).status_code == 200


@pytest.mark.parametrize(("text", "told"), FAULTS)
def test_a_fault_is_told_as_written(judged_corpus: Corpus, text: str, told: str) -> None:
    api, _ = judged_corpus
    answer = api.get(f"/v1/{PREFIX}orders/search", params={"q": text})
    assert answer.status_code == 422
    assert [error["message"] for error in answer.json()["errors"]] == [told]


def test_the_page_has_examples_and_the_limits_that_hold() -> None:
    assert min(len(FINDS), len(WORDS) + 20, len(FAULTS) + 20) >= 25
    limits = " ".join(PAGE.partition("## Limits")[2].split())
    for told in (
        f"up to {MAX_TEXT} characters",
        f"{MAX_CLAUSES} words and conditions",
        f"parentheses {MAX_DEPTH} deep",
        f"Up to {MAX_SLOP} words",
    ):
        assert told in limits
    assert (MIN_STEM, MAX_WILDCARDS) == (2, 4)
