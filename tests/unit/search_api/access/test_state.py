"""What the API stores in its state file: keys, sessions, saved searches and the audit."""

import logging
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from search_api.access.api_keys import ApiKeys
from search_api.access.audit import Audit
from search_api.access.callers import Caller
from search_api.access.saved_searches import MAX_PER_CALLER, MAX_QUERY_LENGTH, InvalidSavedSearch, SavedSearches
from search_api.access.sessions import Sessions
from search_api.access.state import MIGRATIONS, State, StateFileError, now_ms
from search_api.errors import InvalidApiKey


@pytest.fixture
def state() -> Iterator[State]:
    with closing(State(None)) as opened:
        yield opened


def test_a_key_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.db"
    with closing(State(path)) as state:
        key, text = ApiKeys(state).create("sales", ["search"], ["orders"], ["country:PT"], ["name"])
        assert re.fullmatch(rf"rtk_{key.id}_[0-9a-f]{{64}}", text)
        assert ApiKeys(state).check(text).caller == Caller(
            key.id, frozenset({"search"}), frozenset({"orders"}), ("country:PT",), frozenset({"name"}), "sales"
        )
        session = Sessions(state, ApiKeys(state)).begin(text)
        written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    secret = text.rpartition("_")[2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [text for text in (secret, session) if text.encode() in written or bytes.fromhex(text) in written]


def test_what_is_kept_survives_a_machine_that_loses_power(tmp_path: Path) -> None:
    with closing(State(tmp_path / "state.db")) as state:
        assert state.rows("PRAGMA synchronous") == [(2,)], "FULL: the log is written through at each change"
        assert state.rows("PRAGMA journal_mode") == [("wal",)]


def test_a_key_outlives_the_server_and_is_revoked_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(State(path)) as state:
        key, text = ApiKeys(state).create("sales", ["search"], ["*"])
    with closing(State(path)) as state, closing(State(path)) as second:
        session = Sessions(state, ApiKeys(state)).begin(text)
        assert ApiKeys(second).revoke(key.id)
        with pytest.raises(InvalidApiKey):
            ApiKeys(state).check(text)
        with pytest.raises(InvalidApiKey):
            Sessions(state, ApiKeys(state)).check(session)
        assert ApiKeys(state).all()[0].condition(now_ms()) == "revoked"


def test_what_is_not_a_key_is_refused_in_the_same_way(state: State) -> None:
    keys = ApiKeys(state)
    key, text = keys.create("a", ["search"], ["*"])
    _, old = keys.create("b", ["search"], ["*"], expires_ms=now_ms() - 1)
    other = f"rtk_{key.id}_{'0' * 64}"
    for wrong in ("", "rtk_", other, text + "0", text.upper(), f" {text}", old, f"rtk_{'0' * 12}_{text[-64:]}"):
        with pytest.raises(InvalidApiKey, match=r"^$"):
            keys.check(wrong)
    assert keys.check(text).used_ms is None
    assert keys.check(text).used_ms is not None


def test_a_session_ends_by_signing_out(state: State) -> None:
    keys = ApiKeys(state)
    sessions = Sessions(state, keys)
    key, text = keys.create("a", ["search"], ["*"])
    session = sessions.begin(f" {text}\n")
    assert sessions.check(session).id == key.id
    sessions.end(session)
    with pytest.raises(InvalidApiKey):
        sessions.check(session)


def test_saved_searches_belong_to_one_caller(state: State) -> None:
    saved = SavedSearches(state)
    first = saved.save("ana", "orders", " late ", "q=late")
    again = saved.save("ana", "orders", "late", "q=late&sort=-total")
    assert (again.id, again.query) == (first.id, "q=late&sort=-total")
    assert saved.all("bob") == []
    assert saved.get("bob", first.id) is None
    assert not saved.remove("bob", first.id)
    assert saved.all("ana", "products") == []
    assert saved.all("ana") == saved.all("ana", "orders") == [again]
    assert saved.remove("ana", first.id)
    assert saved.all("ana") == []


def test_saved_searches_have_limits(state: State) -> None:
    saved = SavedSearches(state)
    for name, query in (("", "q=a"), (" ", "q=a"), ("a" * 101, "q=a"), ("a", "q" * (MAX_QUERY_LENGTH + 1))):
        with pytest.raises(InvalidSavedSearch):
            saved.save("ana", "orders", name, query)
    for number in range(MAX_PER_CALLER):
        saved.save("ana", "orders", str(number), "q=a")
    assert saved.save("ana", "orders", "7", "q=b").query == "q=b"
    with pytest.raises(InvalidSavedSearch, match="remove one"):
        saved.save("ana", "orders", "one more", "q=a")


def test_an_export_is_noted_before_its_first_row(state: State) -> None:
    key, _ = ApiKeys(state).create("sales", ["export"], ["*"])
    audit = Audit(state)
    number = audit.begin(Caller(key.id), "10.0.0.1", "orders", '{"q":"espresso"}', "csv")
    begun = audit.newest(5)[0]
    assert (begun.key_name, begun.rows, begun.ended) == ("sales", None, "running")
    audit.begin(Caller(), "10.0.0.2", "orders", "{}", "ndjson")
    audit.end(number, 1234, "cut")
    newest, older = audit.newest(5)
    assert (newest.key_id, newest.key_name) == ("", "")
    assert (older.rows, older.ended, older.query) == (1234, "cut", '{"q":"espresso"}')


def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database at all" * 100)
    newer = tmp_path / "newer.db"
    apsw.Connection(str(newer)).pragma("user_version", len(MIGRATIONS) + 1)
    with caplog.at_level(logging.CRITICAL):  # SQLite tells its own log of the damage too.
        for path in (damaged, newer, tmp_path):
            with pytest.raises(StateFileError, match="ROWTIDE_API_STATE"):
                State(path)
