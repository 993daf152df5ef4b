"""The search API in front of the real Elasticsearch."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from infra.native.ports import free_ports
from infra.native.stack import Stack
from search_api.elasticsearch.privileges import key_body
from tests.support.builders.book_index import BOOKS
from tests.support.fakes.background_server import in_background
from tests.support.servers.search_api import Api, Library, running_api, settings_of


def ids(api: Api, **params: Any) -> list[str]:
    answer = api.get("/v1/books/search", params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_only_what_the_key_can_read_is_listed(api: Api) -> None:
    assert api.get("/v1/indices").json() == {"items": [{"name": "books"}]}
    assert api.get("/v1/secrets/search").status_code == 404
    assert api.get("/v1/secrets/1").status_code == 404
    assert api.get("/v1/books-g000001/search").status_code == 404


def test_the_key_cannot_write_or_see_another_index(library: Library) -> None:
    """Invariant 10."""
    headers = {"authorization": f"ApiKey {library.key}"}
    with httpx.Client(base_url=library.url, headers=headers, trust_env=False) as key:
        refused = [
            key.put("/books/_doc/1", json={"title": "x"}),
            key.delete("/books/_doc/1"),
            key.delete("/books-g000001"),
            key.put("/another"),
            key.post("/books/_update/1", json={"doc": {}}),
            key.get("/secrets/_search"),
            key.get("/secrets/_doc/1"),
            key.get("/secrets/_mapping"),
            key.put("/_cluster/settings", json={"persistent": {"action.auto_create_index": "true"}}),
            key.post("/_security/api_key", json={"name": "more"}),
        ]
        assert [response.status_code for response in refused] == [403] * len(refused)
        assert "secrets" not in key.get("/_alias").text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("harbour old", {"1"}),
        ("harb", {"1", "2", "ünï"}),
        ('"old harbour"', {"1"}),
        ("harbour -lights", {"1", "ünï"}),
        ("zoe unal", {"1"}),
        ("porto history", {"3"}),
        ("SM-0003", {"3"}),
        ("ünï", {"ünï"}),
        ("9007199254740993", {"2"}),
        ("nowhere", set()),
    ],
)
def test_one_box_finds_words_of_any_field(api: Api, text: str, expected: set[str]) -> None:
    assert set(ids(api, q=text)) == expected


@pytest.mark.parametrize(
    ("text", "corrected", "expected"),
    [
        ("harbuor lihgts", "harbour lights", {"2"}),
        ("Zoe Unel", "Zoe unal", {"1"}),
        ("author.name:Zoe histroy harbor", None, set()),
        ("mark SM-0003", "SM-0003", {"3"}),
        ("nothing SM-9999", None, set()),
    ],
)
def test_mistyped_words_are_corrected_and_told(api: Api, text: str, corrected: str | None, expected: set[str]) -> None:
    page = api.get("/v1/books/search", params={"q": text}).json()
    assert page["corrected"] == corrected
    assert {item["id"] for item in page["items"]} == expected


def test_pages_of_a_corrected_search_keep_the_typed_text(api: Api) -> None:
    params = {"q": "volmue", "size": 40}
    first = api.get("/v1/books/search", params=params).json()
    second = api.get("/v1/books/search", params=params | {"cursor": first["next_cursor"]}).json()
    assert first["corrected"] == second["corrected"] == "volume"
    assert len({item["id"] for page in (first, second) for item in page["items"]}) == 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("place:Lisbon state:good", {"1"}),
        ("place:Porto state:good", {"3"}),
        ("(place:Porto) (state:good)", {"1", "3"}),
        ("copies:(place:Lisbon NOT state:good)", {"2"}),
        ("place:Lisbon NOT state:good", {"2"}),
        ("copies:(place:Lisbon OR place:Faro) state:good", {"1", "a/b c?d#e%2F"}),
        ("born:[1900 TO 1960}", {"1"}),
        ("price:<1 OR price:[158 TO *]", {"3", "158", "159"}),
        ("published:2001-03 genre:(novel OR poetry)", {"1"}),
        ("published:>2028 price:<100", set()),
        ("extra.k:v", {"ünï"}),
        ("shelf_mark:SM-000* harb", {"1", "2", "ünï"}),
        ("title:har?our title:light*", {"2"}),
        ('title:"harbour old"~2', {"1"}),
        ("title:harbuor~ lights", {"2"}),
        ("genre:NOVEL title:dots", {".."}),
        ("big:*", {"2"}),
        ("author:zoe", {"1"}),
    ],
)
def test_the_syntax_means_what_it_says(api: Api, text: str, expected: set[str]) -> None:
    assert set(ids(api, q=text)) == expected


def test_texts_in_arrays_are_marked(api: Api) -> None:
    for text in ("porto history", "place:porto state:good history"):
        item = api.get("/v1/books/search", params={"q": text}).json()["items"][0]
        assert item["highlights"]["copies.place"] == ["<mark>Porto</mark>"]


def test_a_wrong_syntax_points_at_its_place(api: Api) -> None:
    answer = api.get("/v1/books/search", params={"q": "harbour price:many"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "parameter": "q",
            "message": "`many` is not a valid value for `price`; expected a number.",
            "start": 14,
            "end": 18,
        }
    ]


def suggested(api: Api, text: str, **more: Any) -> list[tuple[str, int | None]]:
    answer = api.get("/v1/books/suggest", params={"q": text, **more})
    assert answer.status_code == 200, answer.text
    return [(suggestion["text"], suggestion["count"]) for suggestion in answer.json()["items"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("ti", [("title:", None)]),
        ("plac", [("copies.place:", None)]),
        ("price:1 tit", [("price:1 title:", None)]),
        ("genre:", [("genre:series ", 60), ("genre:novel ", 4), ("genre:history ", 1), ("genre:poetry ", 1)]),
        ("genre:no", [("genre:novel ", 4)]),
        ("title:lights", [('title:"Harbour lights" ', 1)]),
        ("harbour li", [('title:"Harbour lights" ', 1), ("harbour copies.place:Lisbon ", 2)]),
        ("place:Li", [("copies.place:Lisbon ", 2)]),
        ("genre:poetry place:", [("genre:poetry copies.place:Lisbon ", 1)]),
        ('author.name:"Zoë', [('author.name:"Zoë Ünal" ', 1)]),
        ("lent:", [("lent:true", None), ("lent:false", None)]),
        ("price:", [("price:>=", None), ("price:<=", None), ("price:[* TO *]", None)]),
        ("nothing(((", []),
    ],
)
def test_suggestions_go_on_with_what_is_typed(api: Api, text: str, expected: list[tuple[str, int | None]]) -> None:
    assert suggested(api, text) == expected


def test_suggestions_count_what_the_filters_leave(api: Api) -> None:
    assert suggested(api, "place:", filter="genre:novel") == [
        ("copies.place:Faro ", 1),
        ("copies.place:Lisbon ", 1),
        ("copies.place:Porto ", 1),
    ]


def test_a_rank_is_explained_in_words(api: Api) -> None:
    explanation = api.get("/v1/books/explain/2", params={"q": "harbour lights"}).json()
    assert explanation["matches"]
    assert {(reason["field"], reason["text"]) for reason in explanation["reasons"]} >= {
        ("title", "harbour"),
        ("title", "lights"),
    }
    assert explanation["score"] == pytest.approx(sum(reason["score"] for reason in explanation["reasons"]), rel=0.05)
    assert explanation["score"] == pytest.approx(
        api.get("/v1/books/search", params={"q": "harbour lights"}).json()["items"][0]["score"], rel=0.01
    )


def test_what_a_document_lacks_is_named(api: Api) -> None:
    params = {"q": "harbour coffee price:>100 (genre:novel OR NOT lent:true)", "filter": ["genre:poetry", "price:<1"]}
    explanation = api.get("/v1/books/explain/1", params=params).json()
    assert not explanation["matches"]
    assert explanation["missing"] == ["coffee", "price:>100", "genre:=poetry", "price:<1"]
    assert api.get("/v1/books/explain/none", params=params).status_code == 404


def test_an_identifier_ranks_first(api: Api) -> None:
    assert ids(api, q="3")[0] == "3"
    assert ids(api, q="Harbour lights")[0] == "2"


def test_conditions_on_an_array_mean_one_element(api: Api) -> None:
    both = {"filter": ["copies.place:Lisbon", "copies.state:good"]}
    assert ids(api, **both) == ["1"]
    assert set(ids(api, filter=["copies.place:Lisbon", "copies.state:worn"])) == {"2"}


def test_filters_and_order(api: Api) -> None:
    assert ids(api, filter=["price:<3", "price:>=1.5"], sort="price") == ["1", "2"]
    assert ids(api, filter=["published:2001-03-01", "genre:novel"]) == ["1"]
    assert ids(api, filter=["lent:true", "author.born:<=1950"]) == ["1"]
    assert ids(api, filter="extra:v") == ["ünï"]
    assert ids(api, sort="-price", size=2) == ["159", "158"]


def test_facets_count_documents_and_stay_choosable(api: Api) -> None:
    params = {"facet": ["genre", "copies.state"], "filter": "genre:poetry"}
    page = api.get("/v1/books/search", params=params).json()
    assert page["total"] == {"value": 1, "relation": "eq"}
    genre, state = page["facets"]
    assert genre["values"][0] == {"value": "series", "count": 60}
    assert state["values"] == [{"value": "worn", "count": 1}]


CHOSEN = (
    (),
    ("copies.place:Lisbon",),
    ("copies.place:Lisbon", "copies.state:good"),
    ("copies.place:Lisbon", "copies.number:>0"),
    ("copies.state:worn", "copies.number:<1", "genre:novel"),
    ("copies.place:Lisbon", "copies.place:Porto", "copies.state:good", "price:<100"),
)


@pytest.mark.parametrize("filters", CHOSEN)
@pytest.mark.parametrize("text", ["", "harbour"])
def test_facet_counts_equal_the_hits_of_choosing_a_value(api: Api, filters: tuple[str, ...], text: str) -> None:
    facets = ["copies.place", "copies.state", "genre", "lent"]
    params: dict[str, Any] = {"q": text, "filter": list(filters), "size": 100}
    counted = api.get("/v1/books/search", params=params | {"facet": facets}).json()
    plain = api.get("/v1/books/search", params=params).json()
    assert (counted["total"], counted["items"]) == (plain["total"], plain["items"])
    for facet in counted["facets"]:
        name, others = facet["field"], [filter_ for filter_ in filters if not filter_.startswith(f"{facet['field']}:")]
        for value in facet["values"]:
            choosing = params | {"filter": [*others, f"{name}:{value['value']}"]}
            total = api.get("/v1/books/search", params=choosing).json()["total"]["value"]
            assert value["count"] == total, (name, value)
        counts = [value["count"] for value in facet["values"]]
        assert counts == sorted(counts, reverse=True)


def test_pages_by_cursor_and_by_number_hold_every_document_once(api: Api) -> None:
    seen: list[str] = []
    params: dict[str, Any] = {"sort": "genre", "size": 25}
    while True:
        answer = api.get("/v1/books/search", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [item["id"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        params["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(BOOKS)
    assert [document_id for n in (1, 2, 3) for document_id in ids(api, sort="genre", size=25, page=n)] == seen


def test_pages_by_cursor_stay_at_one_point_in_time(api: Api, library: Library) -> None:
    params: dict[str, Any] = {"sort": "genre", "size": 25, "cursor": "start"}
    page = api.get("/v1/books/search", params=params).json()
    seen = [item["id"] for item in page["items"]]
    library.admin.put(
        "/books-write/_doc/new?refresh=true", json={"title": "Came later", "genre": "a"}
    ).raise_for_status()
    library.admin.delete("/books-write/_doc/159?refresh=true").raise_for_status()
    try:
        while page["next_cursor"]:
            page = api.get("/v1/books/search", params=params | {"cursor": page["next_cursor"]}).json()
            seen += [item["id"] for item in page["items"]]
        assert sorted(seen) == sorted(BOOKS)
    finally:
        body = {"index": {"_id": "159"}}
        library.admin.delete("/books-write/_doc/new?refresh=true").raise_for_status()
        library.admin.post(
            "/books-write/_bulk?refresh=true",
            content=f"{json.dumps(body)}\n{BOOKS['159']}\n".encode(),
            headers={"content-type": "application/x-ndjson"},
        ).raise_for_status()


def open_points(library: Library) -> int:
    stats = library.admin.get("/books-g000001/_stats/search").json()
    return int(stats["_all"]["total"]["search"]["open_contexts"])


def test_a_cursor_whose_point_is_gone_says_so(library: Library) -> None:
    before = open_points(library)
    with running_api(settings_of(library.url, library.key, paging_points=2)) as few:
        params: dict[str, Any] = {"size": 25, "cursor": "start"}
        walks = [few.get("/v1/books/search", params=params).json()["next_cursor"] for _ in range(3)]
        assert open_points(library) == before + 2
        gone = few.get("/v1/books/search", params=params | {"cursor": walks[0]})
        assert (gone.status_code, gone.json()["type"]) == (410, "urn:rowtide:problem:cursor-expired")
        for cursor in walks[1:]:
            following = cursor
            while following:
                page = few.get("/v1/books/search", params=params | {"cursor": following})
                assert page.status_code == 200
                following = page.json()["next_cursor"]
        assert open_points(library) == before


def test_a_cursor_reads_from_the_start_at_its_own_point_in_time(api: Api) -> None:
    assert api.get("/v1/books/search", params={"cursor": "start", "page": 2}).status_code == 422
    first = api.get("/v1/books/search", params={"cursor": "start", "size": 1}).json()["next_cursor"]
    params = {"cursor": first, "size": 1, "consistency": "now"}
    assert api.get("/v1/books/search", params=params).status_code == 422


def test_highlights_are_escaped(api: Api) -> None:
    item = api.get("/v1/books/search", params={"q": "script"}).json()["items"][0]
    assert item["highlights"]["title"] == [
        "Slashes &amp; &lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt; marks"
    ]
    page = api.get("/books", params={"q": "script"}).text
    assert "<script>" not in page
    assert "<mark>script</mark>" in page


@pytest.mark.parametrize(
    "document_id", [document_id for document_id in BOOKS if not document_id.isdigit() and document_id != ".."]
)
def test_a_document_by_any_id_is_exactly_what_was_written(api: Api, document_id: str) -> None:
    answer = api.get(f"/v1/books/{quote(document_id, safe='')}")
    assert f'"document":{BOOKS[document_id]},' in answer.text
    assert api.get(f"/books/{quote(document_id, safe='')}").status_code == 200


def test_a_document_may_be_called_like_an_address(api: Api, library: Library) -> None:
    names = ["search", "fields", "export", "aggregate", "suggest", "explain", "explain/1", "_doc", "_doc/1", "save"]
    for name in names:
        path = f"/books-write/_doc/{quote(name, safe='')}"
        library.admin.put(path, json={"title": name}).raise_for_status()
    try:
        for name in names:
            document = api.get(f"/v1/books/_doc/{quote(name, safe='')}").json()
            assert (document["id"], document["document"]["title"]) == (name, name)
            tag = api.get(f"/v1/books/_doc/{quote(name, safe='')}").headers["etag"]
            again = api.get(f"/v1/books/_doc/{quote(name, safe='')}", headers={"if-none-match": tag})
            assert again.status_code == 304
    finally:
        for name in names:
            library.admin.delete(f"/books-write/_doc/{quote(name, safe='')}").raise_for_status()
        library.admin.post("/books/_refresh").raise_for_status()


def test_numbers_are_exact(api: Api) -> None:
    assert '"price":0.10000000000000000555' in api.get("/v1/books/3").text
    assert "0.10000000000000000555" in api.get("/books/3").text
    assert "9007199254740993" in api.get("/v1/books/search", params={"q": "lights"}).text


def test_a_document_has_an_etag(api: Api) -> None:
    tag = api.get("/v1/books/1").headers["etag"]
    assert tag.startswith('W/"7-')
    same = api.get("/v1/books/1", headers={"if-none-match": f'W/"6", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert same.headers["rowtide-freshness"]
    assert api.get("/v1/books/1", headers={"if-none-match": "*"}).status_code == 304
    assert api.get("/v1/books/1", headers={"if-none-match": 'W/"7"'}).status_code == 200


def test_fields_say_what_can_be_done_with_them(api: Api) -> None:
    fields = {field["name"]: field for field in api.get("/v1/books/fields").json()["items"]}
    assert fields["copies.number"] == {
        "name": "copies.number",
        "label": "Copies › number",
        "kind": "integer",
        "type": "integer",
        "operators": ["=", ">", ">=", "<", "<="],
        "searchable": False,
        "filterable": True,
        "ranged": True,
        "sortable": True,
        "facetable": False,
        "rows": "step",
        "measurable": True,
        "nested": "copies",
        "pii": [],
    }
    for name, field in fields.items():
        statuses = {
            "sortable": api.get("/v1/books/search", params={"sort": name}).json().get("errors"),
            "facetable": api.get("/v1/books/search", params={"facet": name}).json().get("errors"),
            "measurable": api.get("/v1/books/aggregate", params={"measure": f"sum:{name}"}).json().get("errors"),
        }
        assert {ability: field[ability] for ability in statuses} == {
            ability: errors is None for ability, errors in statuses.items()
        }, name


def test_problems_say_what_to_do(api: Api) -> None:
    wrong = api.get("/v1/books/search", params={"filter": "who:1", "size": "0"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    assert [error["parameter"] for error in wrong.json()["errors"]] == ["size", "filter"]
    assert api.get("/v1/books/search", params={"size": "many"}).status_code == 422
    assert api.get("/v1/books/nothing").json()["type"] == "urn:rowtide:problem:unknown-document"
    assert api.request("POST", "/v1/books/search").json()["status"] == 405
    assert api.get("/books", params={"sort": "who"}, headers={"accept": "text/html"}).text.startswith("<!doctype html>")


def test_an_answer_costs_all_the_searches_that_it_took(library: Library) -> None:
    with running_api(settings_of(library.url, library.key, api_rate=0.001, api_burst=100)) as api:
        costs: list[int] = []
        left = 100
        for path in (
            "/v1/books/search?q=harbour",
            "/v1/books/search?q=harbuor+lihgts",
            "/v1/books/suggest?q=ti",
            "/books",
        ):
            answer = api.get(path)
            assert answer.status_code == 200
            now = int(re.findall(r"r=(\d+)", answer.headers["ratelimit"])[0])
            costs.append(left - now)
            left = now
        assert costs == [1, 3, 2, 5], "the page: counts, and two searches for its chart"


def test_a_missing_elasticsearch_is_a_problem_and_not_a_crash() -> None:
    port = free_ports()["elasticsearch_port"]
    with running_api(settings_of(f"http://127.0.0.1:{port}", "a2V5OmtleQ==")) as away:
        answer = away.get("/v1/books/search")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert away.get("/health").status_code == 503
        assert away.get("/v1/freshness").status_code == 200
        assert "Try again" in away.get("/books", headers={"accept": "text/html"}).text


def test_a_wrong_key_is_a_problem(library: Library) -> None:
    with running_api(settings_of(library.url, "a2V5OmtleQ==")) as wrong:
        answer = wrong.get("/v1/books/search")
    assert answer.status_code == 503
    assert "credentials" in answer.json()["detail"]


@contextmanager
def worker_that_says(body: bytes) -> Iterator[str]:
    """A worker's HTTP endpoint that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


def test_freshness_is_in_every_answer(library: Library) -> None:
    live = (
        b'{"pipeline":"p","epoch":3,"searchable":77,"watermark":80,"as_of_ms":1000,"state":"live",'
        b'"reason":"","pending":0,"quarantined":0}'
    )
    with worker_that_says(live) as url, running_api(settings_of(library.url, library.key, worker_url=url)) as api:
        for path in ("/v1/books/search", "/v1/books/1", "/health"):
            freshness = api.get(path).json()["freshness"]
            assert (freshness["state"], freshness["searchable"], freshness["epoch"]) == ("live", 77, 3)


@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>"])
def test_a_worker_that_talks_nonsense_only_degrades(library: Library, answer: bytes) -> None:
    with worker_that_says(answer) as url, running_api(settings_of(library.url, library.key, worker_url=url)) as api:
        assert api.get("/v1/books/search").json()["freshness"]["degraded"] is True


def test_no_page_runs_scripts_in_it_or_loads_from_elsewhere(api: Api) -> None:
    for path in ("/", "/books", "/books/1", "/static/style.css"):
        answer = api.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert re.findall(r"<script(?! src=\"/static/[^\"]+\"( defer| type=\"module\")></script>)", answer.text) == []
        assert "style=" not in answer.text
        assert not re.search(r"\son[a-z]+=", answer.text)


def test_the_filter_form_leads_to_an_address_that_can_be_shared(api: Api) -> None:
    answer = api.get("/books", params={"q": "a b", "field": "price", "compare": ">=", "value": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/books?q=a+b&filter=price%3A%3E%3D2"


def test_the_openapi_document_describes_answers_and_problems(api: Api) -> None:
    document = api.get("/openapi.json").json()
    search = document["paths"]["/v1/{index}/search"]["get"]
    assert (
        search["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/SearchPage"
    )
    assert "application/problem+json" in search["responses"]["422"]["content"]
    assert {"SearchPage", "Problem", "Hit", "FreshnessView"} <= set(document["components"]["schemas"])


def test_credentials_that_can_write_serve_nobody(library: Library, stack: Stack) -> None:
    """Invariant 10."""
    addresses = stack.addresses
    strong: dict[str, Any] = {
        "elasticsearch_username": addresses.elasticsearch_username,
        "elasticsearch_password": addresses.elasticsearch_password,
    }
    with running_api(settings_of(library.url, None, **strong)) as api:
        for path in ("/v1/books/search", "/v1/indices", "/v1/books/1", "/health"):
            answer = api.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:rowtide:problem:credentials-too-strong")
    with running_api(settings_of(library.url, None, api_allow_writer=True, **strong)) as api:
        assert api.get("/v1/books/search").status_code == 200


@pytest.mark.parametrize("privilege", ["write", "manage", "delete"])
def test_a_key_that_can_also_write_serves_nobody(library: Library, privilege: str) -> None:
    """Invariant 10, also for a key of only these indexes."""
    body = key_body("too strong", ["books"], 1)
    body["role_descriptors"]["rowtide-search"]["indices"][0]["privileges"].append(privilege)
    key = library.admin.post("/_security/api_key", json=body).raise_for_status().json()["encoded"]
    with running_api(settings_of(library.url, key)) as api:
        assert api.get("/v1/books/search").status_code == 503
