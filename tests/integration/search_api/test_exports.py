"""Exports of the library, from the real Elasticsearch."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet
import pytest

from tests.support.builders.book_index import BOOKS
from tests.support.servers.search_api import Api, Library, running_api, settings_of

URL = "/v1/books/export"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_ndjson_holds_every_document_as_it_is(api: Api) -> None:
    answer = api.get(URL)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert (answer.headers["rowtide-rows"], answer.headers["cache-control"]) == (str(len(BOOKS)), "no-store")
    assert {line["id"] for line in lines(answer.text)} == set(BOOKS)
    assert f'"document":{BOOKS["3"]}}}\n' in answer.text


def test_a_search_is_exported_in_its_order(api: Api) -> None:
    params = {"format": "csv", "filter": "genre:series", "sort": "-price", "columns": "_id, copies.place,price"}
    rows = list(csv.reader(io.StringIO(api.get(URL, params=params).text)))
    assert rows[0] == ["_id", "copies.place", "price"]
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(159, 99, -1)]
    assert api.get(URL, params={"q": "harbour old", "format": "csv", "columns": "_id"}).text == "_id\r\n1\r\n"


@pytest.mark.parametrize("sort", ["", "genre"])
def test_an_export_that_broke_off_goes_on_where_it_ended(api: Api, library: Library, sort: str) -> None:
    first = api.get(URL, params={"limit": 20, "sort": sort})
    library.admin.put("/books-write/_doc/new?refresh=true", json={"genre": "a"}).raise_for_status()
    try:
        more = {"resume": first.headers["rowtide-export"], "rows": 15, "sort": sort}
        second = api.get(URL, params=more | {"limit": 10})
        assert second.headers["rowtide-rows"] == str(len(BOOKS))
        third = api.get(URL, params=more | {"rows": 25})
    finally:
        library.admin.delete("/books-write/_doc/new?refresh=true").raise_for_status()
    ids = [line["id"] for line in lines(first.text)[:15] + lines(second.text) + lines(third.text)]
    assert sorted(ids) == sorted(BOOKS)
    gone = api.get(URL, params=more)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:rowtide:problem:cursor-expired")


def test_parquet_comes_in_parts(api: Api) -> None:
    request: dict[str, Any] = {"format": "parquet", "columns": ["_id", "price", "published"], "limit": 40}
    ids: list[str] = []
    while True:
        answer = api.request("POST", URL, json=request)
        assert answer.status_code == 200, answer.text
        table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
        ids += table.column("_id").to_pylist()
        if len(ids) == int(answer.headers["rowtide-rows"]):
            break
        request |= {"resume": answer.headers["rowtide-export"], "rows": len(ids)}
    assert sorted(ids) == sorted(BOOKS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "xls"},
        {"columns": "who"},
        {"filter": "who:1"},
        {"limit": 0},
        {"rows": -1},
        {"resume": "x"},
        {"sort": "cover"},
    ],
)
def test_what_cannot_be_exported_is_refused_before_the_first_row(api: Api, wrong: dict[str, Any]) -> None:
    assert api.get(URL, params=wrong).status_code in (400, 422)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"format":"csv","more":1}', '{"rows":"1"}', '{"q":"\\ud800"}'])
def test_a_body_that_is_no_export_is_refused(api: Api, body: str) -> None:
    headers = {"content-type": "application/json"}
    assert api.request("POST", URL, content=body, headers=headers).status_code == 422
    assert api.request("POST", URL, content="{}", headers={"content-type": "text/plain"}).status_code == 422


def test_exports_are_noted_with_their_end(library: Library) -> None:
    with running_api(settings_of(library.url, library.key)) as api:
        api.get(URL, params={"q": "harbour", "format": "csv"})
        api.get(URL, params={"limit": 5})
        newest = api.app.state.audit.newest(2)
    assert [(export.index, export.format, export.rows, export.ended) for export in newest] == [
        ("books", "ndjson", 5, "complete"),
        ("books", "csv", 3, "complete"),
    ]
    assert json.loads(newest[1].query)["q"] == "harbour"
