"""Masked fields and documents of other tenants cannot be guessed: two indexes that differ only in them give the same
responses to every request.

Routes and parameters are read from the code, so that new ones are covered by default.
"""

import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow.parquet
import pytest
from fastapi.routing import APIRoute

from infra.native.stack import Stack
from rowtide.commands.elasticsearch_key import create_search_key
from search_api.access.callers import SCOPES
from search_api.exports.columns import MAX_COLUMNS
from search_api.query.limits import MAX_DIMENSIONS, MAX_FACETS, MAX_FILTERS, MAX_MEASURES, MAX_SORTS
from tests.support.builders.hostile import inputs
from tests.support.servers.paired_indexes import (
    MASKED,
    SECRETS,
    TWIN_MAPPINGS,
    TWIN_SETTINGS,
    TWINS,
    bodies,
    comparable,
    every_route,
    parameters_of,
    twin_documents,
    words,
)
from tests.support.servers.search_api import Api, administrator_settings, running_api, settings_of
from tests.support.servers.services import elasticsearch_client

EVERY = every_route()
NAMES = sorted({name for route in EVERY for name in parameters_of(route)[1]})
IDS = ("3", "s1", "none", "Zanzibar")
WORDS = 12
"""Of all words so many are tried in each parameter of each route; all of them where `SPOKEN` requires it."""
PAIRS = 20
"""Questions with several parameters at once, for each route."""
SEED = 20261124
LONGEST_INPUT = 5_000
"""Characters; the test of hostile inputs sends longer ones."""


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Api]:
    """The API before the twins, and before those (with an `s`) that also hold documents of strangers."""
    addresses = stack.addresses
    url = addresses.elasticsearch_url
    with elasticsearch_client(addresses) as admin:
        names = [f"{twin}{suffix}" for twin in TWINS for suffix in ("", "s")]
        for name in names:
            _create(admin, name, twin_documents(name.removesuffix("s"), strangers=name.endswith("s")))
        key = create_search_key(administrator_settings(addresses), names, "twins", 1)
        with running_api(settings_of(url, key, api_rate=1e9, api_burst=10**9, api_anonymous=False)) as api:
            yield api
        for name in names:
            admin.delete(f"/{name}-g000001").raise_for_status()


def _create(admin: httpx.Client, name: str, documents: dict[str, str]) -> None:
    body = {"settings": TWIN_SETTINGS, "mappings": TWIN_MAPPINGS, "aliases": {name: {}}}
    admin.delete(f"/{name}-g000001")
    admin.put(f"/{name}-g000001", json=body).raise_for_status()
    lines = "".join(f'{{"index":{{"_id":"{document_id}"}}}}\n{text}\n' for document_id, text in documents.items())
    headers = {"content-type": "application/x-ndjson"}
    answer = admin.post(f"/{name}-g000001/_bulk?refresh=true", content=lines.encode(), headers=headers)
    assert not answer.raise_for_status().json()["errors"]


def caller_of(api: Api, **more: Any) -> dict[str, str]:
    """A key that may do everything but see masked fields."""
    _, text = api.app.state.authorization.keys.create("curious", SCOPES, ["*"], **more)
    return {"authorization": f"Bearer {text}"}


def differs(api: Api, caller: dict[str, str], suffix: str, method: str, path: str, **question: Any) -> list[str]:
    """The two responses if they differ, else nothing. `{}` in the path is the index."""
    responses: list[str] = []
    for twin in TWINS:
        answer = api.request(method, path.replace("{}", f"{twin}{suffix}"), headers=caller, **question)
        assert answer.status_code < 500, (path, question, answer.text)
        head = f"{answer.status_code} {answer.headers.get('location', '')} {answer.headers.get('etag', '')} "
        responses.append(comparable(head + answer.text, in_order=not suffix))
    return [] if responses[0] == responses[1] else responses


def path_of(route: APIRoute, document_id: str) -> str:
    """A route's path with `{}` for the index."""
    path = route.path.replace("{index}", "{}")
    for name in parameters_of(route)[0]:
        for form in (f"{{{name}}}", f"{{{name}:path}}"):
            path = path.replace(form, quote(document_id, safe="")) if name != "index" else path
    return path


def questions(route: APIRoute, chance: random.Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each parameter with words of all kinds, then several at once."""
    has_id = bool(set(parameters_of(route)[0]) - {"index"})
    for method in sorted((route.methods or set()) & {"GET", "POST", "PUT", "DELETE"}):
        for document_id in IDS if has_id else IDS[:1]:
            yield method, path_of(route, document_id), {}
        for name in parameters_of(route)[1]:
            for word in chance.sample(words(), WORDS):
                yield method, path_of(route, "3"), {"params": {name: word}}
        for _ in range(PAIRS):
            picked = {name: chance.choice(words()) for name in chance.sample(NAMES, 3)}
            yield method, path_of(route, "3"), {"params": picked}
            if method != "GET":
                yield method, path_of(route, "3"), {"json": bodies(NAMES, chance.choice(words()), chance)}


READING = [route for route in EVERY if route.name not in {"sign_in", "sign_out"}]


@pytest.mark.parametrize("route", READING, ids=lambda route: f"{route.name} {route.path}")
def test_no_answer_depends_on_what_its_caller_may_not_see(api: Api, route: APIRoute) -> None:
    chance = random.Random(SEED)
    for suffix, caller in (("", caller_of(api)), ("s", caller_of(api, filters=["team:red"]))):
        for method, path, question in questions(route, chance):
            assert differs(api, caller, suffix, method, path, **question) == [], (SEED, method, path, question)


COUNTED = {"facet": ["team"]}
SPOKEN: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "text": ("/v1/{}/search", "q", 1, COUNTED),
    "suggestion": ("/v1/{}/suggest", "q", 1, {}),
    "filter": ("/v1/{}/search", "filter", MAX_FILTERS, COUNTED),
    "order": ("/v1/{}/search", "sort", MAX_SORTS, {}),
    "count": ("/v1/{}/search", "facet", MAX_FACETS, {}),
    "column": ("/v1/{}/export", "columns", MAX_COLUMNS, {"format": "csv"}),
    "dimension": ("/v1/{}/aggregate", "by", MAX_DIMENSIONS, {}),
    "measure": ("/v1/{}/aggregate", "measure", MAX_MEASURES, {}),
    "chart": ("/{}", "chart", 1, {"q": "harbour"}),
}
"""Where a reader's words are read: the address, the parameter, how many words one request takes, and what goes with
them. What is wrong with each of several is told at once; those of them that are right are asked one by one."""


@pytest.mark.parametrize("place", SPOKEN)
def test_no_word_tells_anything(api: Api, place: str) -> None:
    """Every word in every place where words mean something, misspelt secrets included."""
    address, name, most, more = SPOKEN[place]
    every = words() if name != "chart" else [word for word in words() if re.fullmatch(r"[\w.]+", word)]
    caller, tenant = caller_of(api), caller_of(api, filters=["team:red"])
    for some in (every[at : at + most] for at in range(0, len(every), most)):
        alone = [[value] for value in some if most > 1 and VISIBLE.match(value)]
        for values in [some, *alone]:
            question = more | {name: ",".join(values) if name in ("sort", "columns") else values}
            assert differs(api, caller, "", "GET", address, params=question) == [], (place, values)
            if most > 1 or values[0] in SECRET_WORDS:
                assert differs(api, tenant, "s", "GET", address, params=question) == [], (place, values)


HOSTILE = {
    "q": ("strings", "syntaxes"),
    "filter": ("strings", "syntaxes"),
    "sort": ("strings",),
    "cursor": ("cursors",),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_inputs_of_a_masked_tenant_are_refused_as_well(api: Api, name: str) -> None:
    tenant = caller_of(api, filters=["team:red"])
    for text in (hostile for file in HOSTILE[name] for hostile in inputs(file)):
        params = {name: text, "facet": "team"}
        if len(text) < LONGEST_INPUT:
            assert differs(api, tenant, "s", "GET", "/v1/{}/search", params=params) == [], (name, text[:200])


VISIBLE = re.compile(r"-?(title|team|price|made|extra|lines\.count|who\.country|count)\b")
SECRET_WORDS = [
    word
    for word in words()
    if ":" not in word and any(secret[:4] in word for pair in SECRETS.values() for secret in pair)
]
"""Those that a tenant asks, too: names of fields are the same for it."""


@pytest.mark.parametrize("suffix", ["", "s"])
@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet"])
def test_no_file_holds_what_its_caller_may_not_see(api: Api, format: str, suffix: str) -> None:
    caller = caller_of(api, filters=["team:red"] if suffix else ())
    seeing = caller_of(api, filters=["team:red"] if suffix else (), unmasked=["*"])
    for more in ({}, {"q": "harbour"}, {"sort": "-price"}, {"columns": "_id,title,lines,who,extra"}):
        params = {"sort": "price", "format": format} | more
        held = [_file(api, f"{twin}{suffix}", params, caller) for twin in TWINS]
        assert held[0] == held[1], more
        assert held[0]
        assert not any(secret in held[0] for pair in SECRETS.values() for secret in pair)
    assert _file(api, f"twina{suffix}", {"format": format}, seeing).count(SECRETS["twina"][1]) > 12


def _file(api: Api, name: str, params: dict[str, str], caller: dict[str, str]) -> str:
    answer = api.get(f"/v1/{name}/export", params=params, headers=caller)
    assert answer.status_code == 200, answer.text
    if params["format"] != "parquet":
        return answer.text
    return json.dumps(pyarrow.parquet.read_table(io.BytesIO(answer.content)).to_pylist(), default=str)


@pytest.mark.parametrize("sort", ["", "price", "-team,title", "made"])
@pytest.mark.parametrize("suffix", ["", "s"])
def test_no_page_of_a_cursor_does_either(api: Api, sort: str, suffix: str) -> None:
    caller = caller_of(api, filters=["team:red"] if suffix else ())
    for q in ("", "harbour"):
        pages_of: dict[str, list[list[str]]] = {}
        for twin in TWINS:
            name, params = f"{twin}{suffix}", {"q": q, "sort": sort, "size": 5}
            pages_of[twin] = list(_pages(api, caller, name, params, in_order=bool(sort) or not suffix))
        assert pages_of[TWINS[0]] == pages_of[TWINS[1]]
        assert sum(map(len, pages_of[TWINS[0]])) == 12


def _pages(api: Api, caller: dict[str, str], name: str, params: dict[str, Any], in_order: bool) -> Iterator[list[str]]:
    cursor = ""
    while True:
        answer = api.get(f"/v1/{name}/search", params=params | {"cursor": cursor}, headers=caller).json()
        ids = [item["id"] for item in answer["items"]]
        yield ids if in_order else [str(len(ids))] * len(ids)
        cursor = answer["next_cursor"]
        if not cursor:
            return


def test_a_cursor_serves_its_own_caller_only(api: Api) -> None:
    first, second = caller_of(api), caller_of(api)
    page = api.get("/v1/twina/search", params={"size": 5}, headers=first).json()
    params = {"size": 5, "cursor": page["next_cursor"]}
    assert api.get("/v1/twina/search", params=params, headers=first).status_code == 200
    assert api.get("/v1/twina/search", params=params, headers=second).status_code == 400


def test_the_same_questions_tell_who_may_see(api: Api) -> None:
    """The twins do differ: with every kind of data unmasked the questions find them out."""
    seeing = caller_of(api, unmasked=["*"])
    place, animal = SECRETS["twina"]
    for question in (
        {"q": place},
        {"q": f'"{place} {animal}"'},
        {"filter": f"who.mail:{animal}3@{place}.example"},
        {"filter": "who.pin:>20"},
        {"filter": f"lines.note:{animal}"},
        {"facet": "code"},
        {"sort": "who.born"},
        {},
    ):
        assert differs(api, seeing, "", "GET", "/v1/{}/search", params=question) != [], question
    assert differs(api, seeing, "", "GET", "/v1/{}/3") != []
    everybody = caller_of(api)
    assert differs(api, everybody, "s", "GET", "/v1/{}/search", params={"size": 100}) != []


def test_a_masked_field_is_nowhere_and_in_no_error(api: Api) -> None:
    caller = caller_of(api)
    assert not {field["name"] for field in api.get("/v1/twina/fields", headers=caller).json()["items"]} & set(MASKED)
    for params in ({"filter": "{}:x"}, {"sort": "{}"}, {"facet": "{}"}, {"filter": "{}:>1"}, {"q": "{}:x"}):
        responses = [
            api.get(
                "/v1/twina/search",
                params={key: value.format(name) for key, value in params.items()},
                headers=caller,
            )
            for name in ("who.name", "who.nome", "who.pin", "who.pon")
        ]
        plain = {
            answer.text.replace("pin", "name").replace("pon", "name").replace("nome", "name") for answer in responses
        }
        if responses[0].status_code != 200:
            assert len(plain) == 1
        assert len({answer.status_code for answer in responses}) == 1


def test_other_tenants_documents_do_not_exist(api: Api) -> None:
    tenant = caller_of(api, filters=["team:red"], unmasked=["*"])
    assert api.get("/v1/twinas/s1", headers=tenant).status_code == 404
    assert api.get("/v1/twinas/3", headers=tenant).status_code == 200
    page = api.get("/v1/twinas/search", params={"facet": "team", "size": 100}, headers=tenant).json()
    assert page["total"]["value"] == 12
    assert page["facets"][0]["values"] == [{"value": "red", "count": 12}]
    closed = caller_of(api, filters=["nothing:x"])
    assert api.get("/v1/indices", headers=closed).json() == {"items": []}
    assert api.get("/v1/twina/search", headers=closed).status_code == 404
