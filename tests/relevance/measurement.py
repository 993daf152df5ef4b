"""Runs the judged queries against the API over documents of the writer, and reports how good the order of the hits
is."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from infra.addresses import Addresses
from tests.relevance.judgements import Document, Judged, read_judged
from tests.relevance.metrics import ndcg, reciprocal_rank
from tests.support.paths import CHECKOUT
from tests.support.servers.filled_index import filled_index, seed
from tests.support.servers.search_api import Api, running_api, settings_of
from tests.support.servers.services import fresh_place

ORDERS, PRODUCTS, CUSTOMERS = 1500, 200, 150
QUERIES = Path(__file__).with_name("queries.yaml")
SPEC = CHECKOUT / "rowtide" / "examples" / "orders.yaml"
PREFIX = "judged_"
"""Before the names of the indexes, so that no other test takes them."""


@dataclass(frozen=True)
class Measured:
    """One query, its nDCG at 10, and the reciprocal rank of the first document of the best grade that there is."""

    judged: Judged
    ndcg: float
    rank: float
    best: int
    grades: tuple[int, ...]


@contextmanager
def corpus(addresses: Addresses) -> Iterator[tuple[Api, Mapping[str, Sequence[Document]]]]:
    """The API over the corpus, and the corpus's documents by index, always the same and in the same order."""
    spec = SPEC.read_text(encoding="utf-8")
    for name in ("orders", "products"):
        spec = spec.replace(f"\n  {name}:\n", f"\n  {PREFIX}{name}:\n")
    with fresh_place(addresses) as place:
        seed(place, ORDERS, PRODUCTS, CUSTOMERS)
        with (
            filled_index(place, spec) as filled,
            running_api(settings_of(filled.url, filled.key, api_anonymous_pii="*")) as api,
        ):
            yield api, {name: _documents(api, f"{PREFIX}{name}") for name in ("orders", "products")}


def measure(api: Api, documents: Mapping[str, Sequence[Document]]) -> list[Measured]:
    """Run every query, and judge the first ten hits."""
    return [_measured(api, judged, documents[judged.index]) for judged in read_judged(QUERIES, documents)]


def _measured(api: Api, judged: Judged, documents: Sequence[Document]) -> Measured:
    answer = api.get(f"/v1/{PREFIX}{judged.index}/search", params={"q": judged.text, "size": 10})
    assert answer.status_code == 200, (judged.text, answer.text)
    grades = [judged.grade(item["document"]) for item in answer.json()["items"]]
    ideal = [judged.grade(document) for document in documents]
    best = max(ideal)
    assert best, f"{judged.kind}: no document is right for {judged.text!r}; the rule or the corpus is wrong"
    return Measured(
        judged,
        ndcg(grades, ideal),
        reciprocal_rank([grade == best for grade in grades]),
        ideal.count(best),
        tuple(grades),
    )


def table(measured: Sequence[Measured]) -> Iterator[str]:
    """A line for each class, and below it the queries that are not perfect."""
    yield f"{'class':<16}{'queries':>8}{'nDCG@10':>10}{'MRR':>8}"
    for kind in dict.fromkeys(query.judged.kind for query in measured):
        of_kind = [query for query in measured if query.judged.kind == kind]
        ndcg_mean, rank_mean = fmean(query.ndcg for query in of_kind), fmean(query.rank for query in of_kind)
        yield f"{kind:<16}{len(of_kind):>8}{ndcg_mean:>10.3f}{rank_mean:>8.3f}"
        for query in of_kind:
            if query.ndcg < 0.995:
                yield f"    {query.ndcg:.3f} {query.judged.text}  {list(query.grades)} of {query.best}"


def summary(measured: Sequence[Measured]) -> str:
    """The result as a JSON line."""
    figures = {
        "queries": len(measured),
        "ndcg_at_10": round(fmean(query.ndcg for query in measured), 4),
        "mrr": round(fmean(query.rank for query in measured), 4),
    }
    return json.dumps(figures)


def _documents(api: Api, index: str) -> list[Document]:
    """All documents, in the order of what people call them."""
    documents: list[Document] = []
    cursor = ""
    while True:
        page = api.get(f"/v1/{index}/search", params={"size": 200, "cursor": cursor}).json()
        documents += [item["document"] for item in page["items"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            return sorted(documents, key=lambda document: str(document.get("number") or document["sku"]))
