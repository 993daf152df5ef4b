"""Every example of the page on the search syntax, and its limits."""

import re
from collections.abc import Mapping, Sequence

import pytest

from search_api.query.limits import MAX_CLAUSES, MAX_DEPTH, MAX_SLOP, MAX_TEXT, MAX_WILDCARDS, MIN_STEM
from tests.relevance.judgements import Document
from tests.relevance.measurement import PREFIX
from tests.support.paths import CHECKOUT
from tests.support.servers.search_api import Api

PAGE = (CHECKOUT / "docs" / "reference" / "search-syntax.md").read_text(encoding="utf-8")
Corpus = tuple[Api, Mapping[str, Sequence[Document]]]


def rows(heading: str) -> list[tuple[str, str]]:
    """The rows of the tables whose second column has this heading: what is written, and what it does."""
    examples: list[tuple[str, str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 2:
            inside = False
        elif cells[0] == "write":
            inside = cells[1] == heading
        elif inside and cells[0].startswith("`"):
            examples.append((cells[0][1:-1].replace("\\|", "|"), cells[1]))
    return examples


FINDS, WORDS, FAULTS = rows("finds orders"), rows("is read as"), rows("error")


@pytest.mark.parametrize("text", [text for text, _ in FINDS])
def test_what_is_written_finds_orders(judged_corpus: Corpus, text: str) -> None:
    api, documents = judged_corpus
    page = api.get(f"/v1/{PREFIX}orders/search", params={"q": text}).json()
    assert page["items"], text
    assert page["total"]["value"] < len(documents["orders"]), text
    assert not page["as_words"]
    assert bool(page["corrected"]) == (text == "armchiar")


EVERYTHING = (
    'customer.name:"{name}" lines.product.name:{word} total:>{total} placed_at:[{since} TO now]'
    " NOT status:cancelled ({city} OR nowhere) sku:{sku}*"
)


def test_a_text_with_every_syntax_finds_matching_orders(judged_corpus: Corpus) -> None:
    api, documents = judged_corpus
    url = f"/v1/{PREFIX}orders/search"
    usual = EVERYTHING.format(name="Ana Lima", word="espresso", total=100, since="now-7d", city="a", sku="AB-")
    answer = api.get(url, params={"q": usual})
    assert (answer.status_code, answer.json().get("as_words")) == (200, False), answer.text
    total_hits = 0
    for order in [
        candidate for candidate in documents["orders"] if candidate["status"] != "cancelled" and candidate["placed_at"]
    ][:20]:
        name, product = order["customer"]["name"], order["lines"][-1]["product"]
        values = {"name": name, "word": re.findall(r"\w+", product["name"])[0], "sku": product["sku"][:5]}
        text = EVERYTHING.format(**values, total=order["total"] - 1, since="2000-01-01", city=order["ship_to"]["city"])
        page = api.get(url, params={"q": text, "size": 100}).json()
        numbers = [item["document"]["number"] for item in page["items"]]
        assert (order["number"] in numbers, page["as_words"], page["corrected"]) == (True, False, None), text
        for document in (item["document"] for item in page["items"]):
            assert (document["customer"]["name"], document["total"] > order["total"] - 1) == (name, True)
            assert document["status"] != "cancelled"
            skus = [line["product"]["sku"] for line in document["lines"] if values["word"] in line["product"]["name"]]
            assert any(sku.startswith(values["sku"]) for sku in skus), "both mean one line"
        total_hits += len(numbers)
    assert total_hits >= 20


@pytest.mark.parametrize("text", [text for text, _ in WORDS])
def test_what_is_no_syntax_does_not_fail(judged_corpus: Corpus, text: str) -> None:
    api, _ = judged_corpus
    assert api.get(f"/v1/{PREFIX}orders/search", params={"q": text}).status_code == 200


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_fault_is_told_as_written(judged_corpus: Corpus, text: str, message: str) -> None:
    api, _ = judged_corpus
    answer = api.get(f"/v1/{PREFIX}orders/search", params={"q": text})
    assert answer.status_code == 422
    assert [error["message"] for error in answer.json()["errors"]] == [message]


def test_the_page_has_examples_and_the_limits_that_hold() -> None:
    assert min(len(FINDS), len(WORDS) + 20, len(FAULTS) + 20) >= 25
    limits = " ".join(PAGE.partition("## Limits")[2].split())
    for message in (
        f"up to {MAX_TEXT} characters",
        f"{MAX_CLAUSES} words and conditions",
        f"parentheses {MAX_DEPTH} deep",
        f"Up to {MAX_SLOP} words",
    ):
        assert message in limits
    assert (MIN_STEM, MAX_WILDCARDS) == (2, 4)
