"""Authorization over HTTP. Elasticsearch is not running, so an admitted request gets 503."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.native.ports import free_ports
from search_api.access.authorization import OPERATIONS
from search_api.http.body_limit import MAX_BODY
from tests.support.servers.paired_indexes import every_route
from tests.support.servers.search_api import Api, running_api, settings_of

ADMITTED = 503  # Elasticsearch is down behind the API.
REDIRECTED = 303
PATH = "/v1/books/search"
OWN = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}


@contextmanager
def running(**settings: Any) -> Iterator[Api]:
    url = f"http://127.0.0.1:{free_ports()['elasticsearch_port']}"
    with running_api(settings_of(url, "a2V5OmtleQ==", **settings)) as api:
        yield api


def key_of(api: Api, *scopes: Any, **more: Any) -> dict[str, str]:
    _, text = api.app.state.authorization.keys.create("test", scopes or ("search",), ["*"], **more)
    return {"authorization": f"Bearer {text}"}


@pytest.fixture(scope="module")
def locked() -> Iterator[Api]:
    with running(api_anonymous=False) as api:
        yield api


def test_without_a_key_nothing_is_read_but_whether_it_works(locked: Api) -> None:
    for path in (PATH, "/v1/indices", "/v1/books/1", "/v1/freshness", "/v1/books/fields"):
        answer = locked.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="rowtide"')
        assert answer.json()["type"] == "urn:rowtide:problem:key-needed"
    assert locked.get("/health").status_code == ADMITTED
    assert locked.get("/openapi.json").status_code == 200
    assert locked.get("/books", headers={"accept": "text/html"}).status_code == 401


def test_what_is_open_to_everybody_waits_for_nothing(locked: Api) -> None:
    answer = locked.get("/health?consistency=now", headers={"prefer": "wait=5"})
    assert "consistency=eventual" in answer.headers["rowtide-freshness"]
    assert "preference-applied" not in answer.headers
    operations = [
        operation for methods in locked.get("/openapi.json").json()["paths"].values() for operation in methods.values()
    ]
    opened = [operation for operation in operations if operation.get("security") == []]
    assert [operation["operationId"] for operation in opened] == ["health"]
    assert {parameter["name"] for operation in opened for parameter in operation.get("parameters", [])} == set()


def test_a_key_lets_in_and_a_wrong_one_does_not(locked: Api) -> None:
    good = key_of(locked)["authorization"]
    assert locked.get(PATH, headers={"authorization": good}).status_code == ADMITTED
    assert locked.get(PATH, headers={"authorization": good.replace("Bearer", "bearer")}).status_code == ADMITTED
    for wrong in ("", "Bearer", good[:-1], f"Basic {good}", good.replace("Bearer ", ""), f"{good} {good}"):
        answer = locked.get(PATH, headers={"authorization": wrong})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:rowtide:problem:key-refused")
    revoked = key_of(locked)
    assert locked.app.state.authorization.keys.revoke(revoked["authorization"].split("_")[1])
    assert locked.get(PATH, headers=revoked).status_code == 401
    assert locked.get(PATH, headers=key_of(locked, expires_ms=1)).status_code == 401


def test_a_wrong_key_is_not_overlooked_where_anybody_may_read() -> None:
    with running() as api:
        assert api.get(PATH).status_code == ADMITTED
        assert api.get(PATH, headers={"authorization": "Bearer nonsense"}).status_code == 401


def test_without_a_key_others_than_this_machine_read_alone() -> None:
    elsewhere = {"api_host": "0.0.0.0", "api_anonymous": True}
    with running(**elsewhere) as api:
        assert api.get(PATH).status_code == ADMITTED
        for answer in (
            api.get("/v1/books/export"),
            api.request("POST", "/v1/books/export", json={}),
            api.request("POST", "/saved", headers=OWN, data={"index": "books", "name": "mine"}),
        ):
            assert answer.status_code == 403, answer.text
    with running(**elsewhere, api_anonymous_export=True) as api:
        assert api.get("/v1/books/export").status_code == ADMITTED


def test_a_key_in_an_address_is_no_key(locked: Api) -> None:
    text = key_of(locked)["authorization"].split()[1]
    assert locked.get(PATH, params={"key": text, "authorization": f"Bearer {text}"}).status_code == 401


def test_a_key_does_only_what_its_scopes_say(locked: Api) -> None:
    answer = locked.get(PATH, headers=key_of(locked, "export"))
    assert (answer.status_code, answer.json()["detail"]) == (403, "The API key lacks the scope `search`.")


def test_a_session_stands_for_its_key(locked: Api) -> None:
    text = key_of(locked)["authorization"].split()[1]
    form = {"key": text, "next": "/books?q=a"}
    answer = locked.request("POST", "/sign-in", data=form, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (REDIRECTED, "/books?q=a")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert text not in cookie
    session = {"cookie": cookie.partition(";")[0]}
    assert locked.get(PATH, headers=session).status_code == ADMITTED
    assert locked.request("POST", "/sign-out", headers=session).status_code == 403
    assert locked.request("POST", "/sign-out", headers=session | OWN).status_code == REDIRECTED
    locked.client.cookies.clear()
    assert locked.get(PATH, headers=session).status_code == 401


def sign_in(api: Api, key: str, cookie: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The status of a sign-in from a browser with this cookie, and the cookie that it has afterwards."""
    answer = api.request("POST", "/sign-in", data={"key": key}, headers=OWN | cookie)
    api.client.cookies.clear()
    header = answer.headers.get("set-cookie")
    return answer.status_code, {"cookie": header.partition(";")[0]} if header else cookie


def test_signing_in_with_another_key_ends_the_former_session(locked: Api) -> None:
    first, second = (key_of(locked)["authorization"].split()[1] for _ in range(2))
    _, elsewhere = sign_in(locked, first, {})
    _, former = sign_in(locked, first, {})
    assert sign_in(locked, "no key", former) == (401, former)
    assert locked.get(PATH, headers=former).status_code == ADMITTED, "a failed sign-in leaves the session as it is"
    _, current = sign_in(locked, second, former)
    assert locked.get(PATH, headers=former).status_code == 401
    assert locked.get(PATH, headers=current).status_code == ADMITTED
    assert locked.get(PATH, headers=elsewhere).status_code == ADMITTED, "another browser's session stays"
    assert locked.request("POST", "/sign-out", headers=current | OWN).status_code == REDIRECTED
    assert [locked.get(PATH, headers=cookie).status_code for cookie in (former, current)] == [401, 401]


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb: c"]
)
def test_signing_in_leads_nowhere_else(locked: Api, elsewhere: str) -> None:
    text = key_of(locked)["authorization"].split()[1]
    answer = locked.request("POST", "/sign-in", data={"key": text, "next": elsewhere}, headers=OWN)
    locked.client.cookies.clear()
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "foreign",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"},
    ],
)
def test_no_page_from_elsewhere_signs_anybody_in_or_out(locked: Api, foreign: dict[str, str]) -> None:
    text = key_of(locked)["authorization"].split()[1]
    for path in ("/sign-in", "/sign-out"):
        answer = locked.request("POST", path, data={"key": text}, headers=foreign)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:rowtide:problem:foreign-origin")


def test_a_name_that_only_points_here_is_not_served() -> None:
    with running() as api:
        for host in ("evil.example", "127.0.0.1:8080.evil.example", "[::1].evil.example", "[::1]x", "localhost:", ""):
            assert api.get(PATH, headers={"host": host}).status_code == 421, host
        two = [("host", "localhost"), ("host", "evil.example")]
        assert api.get(PATH, headers=two).status_code == 421
        assert api.get(PATH, headers={"host": "localhost:8080"}).status_code == ADMITTED
        assert api.get(PATH, headers={"host": "[::1]:8080"}).status_code == ADMITTED
    with running(api_hosts="search.example") as api:
        assert api.get(PATH, headers={"host": "Search.example"}).status_code == ADMITTED


class BrokenAuthorization:
    """A part of the application that fails in an unexpected way."""

    def authorize(self, request: object) -> None:
        """Fail."""
        raise ZeroDivisionError("a secret of the server's")


@pytest.mark.parametrize("path", [PATH, "/books", "/"])
def test_an_answer_to_a_fault_of_our_own_is_as_safe_as_any(path: str) -> None:
    with running() as api:
        api.app.state.authorization = BrokenAuthorization()
        answer = api.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-type"].startswith("text/html" if path != PATH else "application/problem+json")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_caller_that_asks_too_much_waits() -> None:
    with running(api_rate=0.5, api_burst=3) as api:
        first = api.get(PATH)
        assert (first.status_code, first.headers["ratelimit-policy"]) == (ADMITTED, '"cost";q=3;w=6')
        assert first.headers["ratelimit"] == '"cost";r=2;t=2'
        refused = api.get("/books")
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:rowtide:problem:rate-exceeded")
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert api.get(PATH, headers=key_of(api)).status_code == ADMITTED
        assert api.get("/health").status_code == ADMITTED


def test_guessing_keys_at_the_form_is_slow() -> None:
    with running(api_anonymous=False, api_rate=0.1, api_burst=20) as api:
        form = {"key": f"rtk_{'0' * 12}_{'0' * 64}"}
        tried = [api.request("POST", "/sign-in", data=form, headers=OWN) for _ in range(3)]
        assert [response.status_code for response in tried] == [401, 401, 429]
        right = {"key": key_of(api)["authorization"].split()[1]}
        assert api.request("POST", "/sign-in", data=right, headers=OWN).status_code == 429
        assert tried[-1].headers["retry-after"]


def test_guessing_keys_is_slow() -> None:
    with running(api_anonymous=False, api_rate=0.1, api_burst=3) as api:
        wrong = {"authorization": f"Bearer rtk_{'0' * 12}_{'0' * 64}"}
        assert [api.get(PATH, headers=wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
        assert api.get(PATH, headers=key_of(api)).status_code == ADMITTED


def test_a_body_is_bounded(locked: Api) -> None:
    large = b"key=" + b"a" * MAX_BODY
    assert locked.request("POST", "/sign-in", content=large, headers=OWN).status_code == 413
    endless = {**OWN, "transfer-encoding": "chunked"}

    async def pieces() -> Any:
        for _ in range(20):
            yield b"a" * (MAX_BODY // 10)

    assert locked.request("POST", "/sign-in", content=pieces(), headers=endless).status_code == 413


@pytest.mark.parametrize("path", ["/sign-in", "/v1/books/export"])
def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_error(locked: Api, path: str) -> None:
    headers = OWN | {"content-type": "application/json", "host": "localhost"} | key_of(locked, "export", "search")
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        pass

    locked.portal.call(locked.app, scope, receive, send)


def test_no_secret_is_in_the_logs(locked: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        headers = key_of(locked)
        text = headers["authorization"].split()[1]
        locked.get(PATH, headers=headers, params={"q": "what a reader typed"})
        locked.get(PATH, headers={"authorization": f"Bearer {text}0"})
        answer = locked.request("POST", "/sign-in", data={"key": text}, headers=OWN)
        session = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        locked.get(PATH)
        locked.client.cookies.clear()
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("rowtide", "elastic")))
    assert ours
    for secret in (text, text[-64:], session, "what a reader typed", "a2V5OmtleQ=="):
        assert secret not in ours


def test_every_route_says_what_it_needs() -> None:
    """A new route needs a line in OPERATIONS: which scope, and what it costs."""
    named = {route.operation_id or route.name for route in every_route() if route.name not in {"sign_in", "sign_out"}}
    assert named >= {"search", "document", "results", "save_search"}
    assert named - OPERATIONS.keys() == set()


def test_an_address_tells_every_method_that_it_takes(locked: Api) -> None:
    for path, methods in (("/v1/books/search", "GET"), ("/v1/books/export", "GET, POST"), ("/sign-in", "POST")):
        answer = locked.request("DELETE", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
