"""Aggregations over the library, compared with results computed from its documents."""

import json
from collections import defaultdict
from typing import Any

from tests.support.builders.book_index import BOOKS
from tests.support.servers.search_api import Api

DOCUMENTS = [json.loads(text) for text in BOOKS.values()]


def aggregate_of(api: Api, **params: Any) -> dict[str, Any]:
    answer = api.get("/v1/books/aggregate", params=params)
    assert answer.status_code == 200, answer.text
    aggregate: dict[str, Any] = answer.json()
    return aggregate


def test_a_sum_by_an_array_and_a_year(api: Api) -> None:
    aggregate = aggregate_of(
        api, by=["copies.state", "published:year"], measure=["sum:copies.number", "count", "avg:price"], top=50
    )
    expected: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, set(), 0, []])
    for place, document in enumerate(DOCUMENTS):
        for copy in document["copies"]:
            row = expected[copy["state"], f"{document['published'][:4]}-01-01T00:00:00.000Z"]
            row[0] += copy["number"]
            row[1].add(place)
            row[2] += 1
            if place not in row[3]:
                row[3].append(place)
    assert {tuple(row["keys"]): row for row in aggregate["rows"]}.keys() == expected.keys()
    for row in aggregate["rows"]:
        total, documents, elements, places = expected[tuple(row["keys"])]
        assert (row["values"][0], row["documents"], row["elements"]) == (total, len(documents), elements)
        assert row["values"][1] == len(documents)
        assert abs(row["values"][2] - sum(DOCUMENTS[number]["price"] for number in places) / len(places)) < 1e-9
    assert aggregate["total"]["documents"] == len(DOCUMENTS)
    assert [measure["over"] for measure in aggregate["measures"]] == ["copies", "documents", "documents"]
    assert [dimension["array"] for dimension in aggregate["dimensions"]] == ["copies", ""]


def test_a_filter_on_an_array_leaves_out_other_elements(api: Api) -> None:
    aggregate = aggregate_of(api, by="copies.place", filter="copies.place:Porto")
    assert [(row["keys"], row["documents"], row["elements"]) for row in aggregate["rows"]] == [(["Porto"], 2, 2)]
    assert aggregate["total"]["documents"] == 2


def test_values_steps_and_percentiles(api: Api) -> None:
    aggregate = aggregate_of(
        api, by=["genre", "lent"], measure=["percentiles:price:50", "max:price"], top=2, top_by="max:price"
    )
    assert [row["keys"] for row in aggregate["rows"]] == [
        ["series", True],
        ["series", False],
        ["novel", False],
        ["novel", True],
    ]
    assert aggregate["truncated"] is True
    assert aggregate["rows"][0]["values"][1] == 159.5
    assert list(aggregate["rows"][0]["values"][0]) == ["50"]
    steps = aggregate_of(api, by="price:50", q="volume")
    assert [(row["keys"], row["documents"]) for row in steps["rows"]] == [([100.0], 50), ([150.0], 10)]


def test_nothing_to_compute_from_is_null(api: Api) -> None:
    aggregate = aggregate_of(api, by="genre", measure=["avg:author.born", "sum:author.born"], q='"two dots"')
    assert aggregate["rows"][0]["values"] == [None, 0]
    nobody = aggregate_of(api, by="genre", measure=["min:price", "percentiles:price"], q="nowhere")
    assert (nobody["rows"], nobody["total"]["values"][0]) == ([], None)


def test_days_begin_in_the_zone(api: Api) -> None:
    aggregate = aggregate_of(api, by="published:day", zone="Pacific/Auckland", q="SM-0001")
    assert aggregate["rows"][0]["keys"] == ["2001-03-01T00:00:00.000+13:00"]
