"""Searches that are made to cost as much as possible, against the real Elasticsearch with the heap of the tests.

Each of the attacks here took Elasticsearch's memory, so that a correct answer became an error, or the time of others.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.native.stack import Stack
from rowtide.commands.elasticsearch_key import create_search_key
from search_api.query.limits import MAX_COST
from tests.support.builders.wide_index import TEXT_FIELDS, WIDE_MAPPINGS, WIDE_SETTINGS
from tests.support.servers.search_api import Api, administrator_settings, running_api, settings_of
from tests.support.servers.services import elasticsearch_client

DOCUMENTS = 300
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EIGHT_WORDS = " ".join(LETTERS[n:] + LETTERS[: n + 4] for n in range(8))
"""Eight words of thirty letters."""
NAUGHTY = (
    "̦H̬̤̗̤͝e͜ ̜̥̝̻͍̟́w̕h̖̯͓o̝͙̖͎̱̮ ҉̺̙̞̟͈W̷̼̭a̺̪͍į͈͕̭͙̯̜t̶̼̮s̘͙͖̕ ̠̫̠B̻͍͙͉̳ͅe̵h̵̬͇̫͙i̹͓̳̳̮͎̫̕n͟d̴̪̜̖ ̰͉̩͇͙̲͞ͅT͖̼͓̪͢h͏͓̮̻e̬̝̟ͅ ̤̹̝W͙̞̝͔͇͝ͅa͏͓͔̹̼̣l̴͔̰̤̟͔ḽ̫.͕",
    "مُنَاقَشَةُ سُبُلِ اِسْتِخْدَامِ اللُّغَةِ فِي النُّظُمِ الْقَائِمَةِ وَفِيم يَخُصَّ التَّطْبِيقَاتُ الْحاسُوبِيَّةُ،",
)
"""Two texts of the public list (github.com/minimaxir/big-list-of-naughty-strings)."""


@pytest.fixture(scope="module")
def wide(stack: Stack) -> Iterator[Api]:
    """The API in front of an index with 37 text fields."""
    addresses = stack.addresses
    with elasticsearch_client(addresses) as admin:
        admin.delete("/wide-g000001")
        body = {"settings": WIDE_SETTINGS, "mappings": WIDE_MAPPINGS, "aliases": {"wide": {}, "wide-write": {}}}
        admin.put("/wide-g000001", json=body).raise_for_status()
        lines = "".join(f'{{"index":{{"_id":"{n}"}}}}\n{json.dumps(_document(n))}\n' for n in range(DOCUMENTS))
        headers = {"content-type": "application/x-ndjson"}
        answer = admin.post("/wide-write/_bulk?refresh=true", content=lines.encode(), headers=headers)
        assert not answer.raise_for_status().json()["errors"]
        key = create_search_key(administrator_settings(addresses), ["wide"], "test")
        with running_api(settings_of(addresses.elasticsearch_url, key, request_timeout=30)) as api:
            yield api
        admin.delete("/wide-g000001")


def _document(n: int) -> dict[str, Any]:
    words = [f"{LETTERS[(n + place) % 20 :][:6]}{LETTERS[n % 26]}" for place in range(TEXT_FIELDS - 1)]
    texts = {f"text{place}": f"harbour {word}" for place, word in enumerate(words)}
    return texts | {"code": str(n % 7), "day": f"2025-01-{n % 28 + 1:02}", "amount": n, "number": n}


def _key(api: Api) -> dict[str, str]:
    _, text = api.app.state.authorization.keys.create("test", ["search", "aggregate", "explain", "export"], ["*"])
    return {"authorization": f"Bearer {text}"}


@pytest.mark.parametrize("text", [EIGHT_WORDS, *NAUGHTY], ids=["eight words", "letters with marks", "Arabic"])
def test_a_text_that_is_too_long_to_correct_has_an_answer(wide: Api, text: str) -> None:
    answer = wide.get("/v1/wide/search", params={"q": text})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["items"], page["corrected"], page["omitted"]) == ([], None, ["correction"])
    shown = wide.get("/wide", params={"q": text}, headers={"accept": "text/html"})
    assert (shown.status_code, "without a correction" in shown.text) == (200, True)


def test_a_text_of_usual_length_is_still_corrected(wide: Api) -> None:
    page = wide.get("/v1/wide/search", params={"q": "harbuor harbuor harbuor"}).json()
    assert (page["corrected"], page["omitted"]) == ("harbour harbour harbour", [])


def test_one_key_cannot_keep_others_from_searching(wide: Api) -> None:
    greedy, other = _key(wide), _key(wide)
    dear = " ".join(f"{LETTERS[n:][:8]}~" for n in range(4))

    def attack(n: int) -> int:
        return wide.get("/v1/wide/search", params={"q": EIGHT_WORDS if n % 10 else dear}, headers=greedy).status_code

    with ThreadPoolExecutor(41) as pool:
        attacks = [pool.submit(attack, n) for n in range(40)]
        answers = [wide.get("/v1/wide/search", params={"q": "harbour"}, headers=other) for _ in range(5)]
        statuses = {attack.result() for attack in attacks}
    assert [(answer.status_code, answer.json()["total"]["value"]) for answer in answers] == [(200, DOCUMENTS)] * 5
    assert statuses <= {200, 429}


@pytest.mark.parametrize(
    ("path", "params", "what"),
    [
        ("search", {"q": " ".join(f"{LETTERS[:8]}~" for _ in range(31))}, "words with `~`"),
        ("export", {"q": " ".join(f"{LETTERS[:8]}~" for _ in range(31))}, "words with `~`"),
        ("explain/1", {"q": " ".join(f"{LETTERS[:8]}~" for _ in range(31))}, "words with `~`"),
        ("aggregate", {"by": "day:minute", "measure": ["percentiles:amount"] * 6}, "rows of the aggregation"),
    ],
)
def test_a_search_that_costs_too_much_is_refused_with_advice(
    wide: Api, path: str, params: dict[str, Any], what: str
) -> None:
    answer = wide.get(f"/v1/wide/{path}", params=params)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (400, "urn:rowtide:problem:too-expensive"), answer.text
    assert f"the limit is {MAX_COST}." in problem["detail"]
    assert what in problem["detail"]


def test_everything_that_one_search_may_have_together_is_answered(wide: Api) -> None:
    words = " OR ".join([LETTERS[n % 20 :][:2] + "*" for n in range(12)] + ["harbour"] * 20)
    params = {
        "q": words,
        "size": 200,
        "facet": [f"text{n}" for n in range(12)],
        "filter": [f"number:>-{n + 1}" for n in range(32)],
        "sort": "text1,text2,text3,text4",
    }
    answer = wide.get("/v1/wide/search", params=params)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (len(page["items"]), page["omitted"]) == (200, ["highlights"])
    assert page["items"][0]["highlights"] == {}
    assert len(page["facets"]) == 12
