"""`rowtide verify` on a real pipeline: equal documents, documents changed by hand, and the cost for the source."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import httpx
import psycopg
import pytest

from cdc.log.lsn import parse_lsn
from infra.native.stack import Stack
from read_model.catalog.catalog import TableName
from read_model.sqlite import rows
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import fresh_place

SPEC = """\
pipeline: proof
documents:
  things:
    from: things
    fields:
      - name
      - price
      - weight
      - about
      - code: {column: about, path: code, type: keyword}
      - deep: {column: about, path: deep, type: object}
    include:
      parts: {many: parts, fields: [label, made]}
  pairs:
    from: pairs
    fields: [note]
  words:
    from: words
    fields: [note, since, until]
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text, price numeric(10,2), weight float8, about jsonb);
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things, label text, made date);
CREATE TABLE pairs(a int, b text, note text, PRIMARY KEY (a, b));
CREATE TABLE words(word text PRIMARY KEY, note text, since timestamptz, until timestamp);
INSERT INTO words SELECT 'word ' || n, 'note ' || n FROM generate_series(1, 5) n;
UPDATE words SET since = '0044-03-15 01:00Z BC', until = 'infinity' WHERE word = 'word 1';
INSERT INTO things SELECT n, 'thing ' || n, n / 4.0, n / 2.0, '{"n": 1, "a": [1, {"b": null}]}' FROM generate_series(1, 30) n;
INSERT INTO parts SELECT n, 1 + n % 30, 'part ' || n, date '0003-01-01 BC' + 10 * n FROM generate_series(1, 60) n;
INSERT INTO pairs SELECT n % 3, 'key "' || n || '"', 'note ' || n FROM generate_series(1, 20) n;
"""


class Proof:
    """A small pipeline, and direct access to its Elasticsearch."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        place = pipeline.place.addresses
        self._search = httpx.Client(
            base_url=place.elasticsearch_url,
            auth=(place.elasticsearch_username, place.elasticsearch_password),
            trust_env=False,
            timeout=60,
        )

    def close(self) -> None:
        """Leave Elasticsearch."""
        self._search.close()

    def alias(self, document: str) -> str:
        """The index of a kind of document."""
        return f"{self.pipeline.place.pipeline}-{document}"

    def sql(self, statement: str) -> None:
        """Change the database."""
        with psycopg.connect(self.pipeline.place.dsn, autocommit=True) as connection:
            connection.execute(statement)

    def committed(self, statement: str) -> int:
        """Change the database; the transaction's id."""
        with psycopg.connect(self.pipeline.place.dsn) as connection:
            connection.execute(statement)
            row = connection.execute("SELECT pg_current_xact_id()::text::int8").fetchone()
        assert row is not None
        return int(row[0])

    def by_hand(self, method: str, document: str, id_: str, body: object = None) -> None:
        """Change the index behind the worker's back."""
        path = f"/{self.alias(document)}/_doc/{id_}"
        answer = self._search.request(method, path, json=body, params={"refresh": "true"})
        assert answer.status_code < 300, answer.text

    def source(self, document: str, id_: str) -> dict[str, Any]:
        """A document of the index."""
        source: dict[str, Any] = self._search.get(f"/{self.alias(document)}/_doc/{id_}").json()["_source"]
        return source

    def search_ids(self, document: str, query: str) -> list[str]:
        """Ids that a search finds."""
        hits = self._search.get(f"/{self.alias(document)}/_search", params={"q": query}).json()["hits"]["hits"]
        return [hit["_id"] for hit in hits]

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """A command with `--output json`: its exit code and its answer."""
        done = self.pipeline.rowtide(*words, "--output", "json", check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def verify(self, *words: str) -> dict[str, dict[str, Any]]:
        """The reports of `rowtide verify` by kind of document."""
        code, answer = self.run("verify", *words)
        assert code == int(any(report["divergent"] or report["unsettled"] for report in answer["documents"])), answer
        return {report["document"].removeprefix(self.alias("")): report for report in answer["documents"]}


@pytest.fixture(scope="module")
def proof(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    """The pipeline, live; the tests share it and leave it as they found it."""
    stack.start()
    folder: Path = tmp_path_factory.mktemp("proof")
    (folder / "proof.yaml").write_text(SPEC)
    with fresh_place(stack.addresses) as place:
        with psycopg.connect(place.dsn, autocommit=True) as connection:
            connection.execute(SCHEMA)
        with Pipeline(place, folder / "proof.yaml", folder) as pipeline:
            pipeline.start()
            pipeline.wait_live()
            with closing(Proof(pipeline)) as proof:
                yield proof


def test_equal_documents_are_proven_in_buckets_of_any_size(proof: Proof) -> None:
    for size in ("7", "2000"):
        reports = proof.verify("--bucket", size)
        assert {name: (report["compared"], report["divergent"]) for name, report in reports.items()} == {
            "things": (30, 0),
            "pairs": (20, 0),
            "words": (5, 0),
        }


def test_dates_before_our_era_are_right_from_the_first_load_on(proof: Proof) -> None:
    word, thing = proof.source("words", "word 1"), proof.source("things", "2")
    assert (word["since"], word["until"]) == ("-0043-03-15T01:00:00Z", "infinity")
    assert [part["made"] for part in thing["parts"]] == ["-0002-01-11", "-0002-11-07"]
    log = (proof.pipeline.folder / "worker.log").read_text()
    assert "public.parts, public.words" in log.split("which the snapshot misread")[1].splitlines()[0]
    assert log.index("which the snapshot misread") < log.index("tables re-read")


def test_what_was_changed_by_hand_is_named_and_repaired(proof: Proof) -> None:
    original = proof.source("things", "3")
    proof.by_hand("PUT", "things", "3", {**original, "name": "other", "price": 0.75000})
    proof.by_hand("DELETE", "things", "4")
    proof.by_hand("PUT", "things", "1000", original)
    proof.by_hand("PUT", "things", "no number", original)
    proof.by_hand("PUT", "pairs", '[0,"key \\"3\\""]', {"note": "other"})
    proof.by_hand("PUT", "pairs", "no array", {"note": "extra"})
    reports = proof.verify("--bucket", "4")
    divergences = {
        (name, each["id"]): (each["what"], each["fields"]) for name, report in reports.items() for each in report["ids"]
    }
    assert divergences == {
        ("things", "3"): ("different", ["name"]),
        ("things", "4"): ("missing", []),
        ("things", "1000"): ("extra", []),
        ("things", "no number"): ("extra", []),
        ("pairs", '[0,"key \\"3\\""]'): ("different", ["note"]),
        ("pairs", "no array"): ("extra", []),
    }
    assert proof.verify("--sample", "100%", "--document", proof.alias("things"))["things"]["divergent"] == 4

    code, answer = proof.run("repair")
    assert (code, answer["proven"]) == (0, True)
    assert {report["document"]: (report["asked"], report["rows_changed"]) for report in answer["documents"]} == {
        proof.alias("things"): (4, 0),
        proof.alias("pairs"): (2, 0),
    }
    assert not any(report["divergent"] for report in proof.verify().values())


def test_a_row_store_that_was_changed_by_hand_is_repaired(proof: Proof) -> None:
    assert proof.pipeline.kill_worker(signal.SIGTERM) == 0
    with closing(
        apsw.Connection(str(proof.pipeline.folder / "store" / f"{proof.pipeline.place.pipeline}.sqlite"))
    ) as store:
        things, parts = (rows.table_name(TableName("public", name)) for name in ("things", "parts"))
        store.execute(f"UPDATE {things} SET name = 'by hand' WHERE id = 20; DELETE FROM {parts} WHERE id = 21")
        store.execute(f"INSERT INTO {parts} (id, thing_id, label) VALUES (900, 23, 'by hand')")
    proof.pipeline.start_worker()
    proof.pipeline.wait_live()
    # The index is right until these documents are built again.
    proof.sql("UPDATE things SET price = 7 WHERE id IN (20, 22, 23)")
    proof.pipeline.wait_fresh()
    (proof.pipeline.folder / "verify.json").write_text(json.dumps(proof.run("verify")[1]))
    code, answer = proof.run("explain", proof.alias("things"), "22")
    assert (code, answer["state"]) == (1, "row store differs")
    code, answer = proof.run("repair", "--from-verify", str(proof.pipeline.folder / "verify.json"))
    things_repaired = next(report for report in answer["documents"] if report["document"] == proof.alias("things"))
    assert (code, answer["proven"], things_repaired["asked"], things_repaired["rows_changed"]) == (0, True, 2, 2), (
        answer
    )
    code, answer = proof.run("repair", "--document", proof.alias("things"), "--range", "20..23")
    assert (code, answer["documents"][0]["asked"], answer["documents"][0]["rows_changed"]) == (0, 4, 0)
    assert not any(report["divergent"] for report in proof.verify().values())


def test_what_was_built_since_a_position_or_a_while_ago(proof: Proof) -> None:
    lsn = proof.verify("--document", proof.alias("things"))["things"]["lsn"]
    proof.sql("UPDATE things SET name = 'later' WHERE id IN (7, 8)")
    proof.pipeline.wait_fresh()
    since = proof.verify("--since", lsn)
    assert (since["things"]["compared"], since["pairs"]["compared"]) == (2, 0)
    assert proof.verify("--since", "1s")["pairs"]["divergent"] == 0


def test_a_sample_is_of_the_size_asked_for(proof: Proof) -> None:
    report = proof.verify("--sample", "5", "--seed", "20")["things"]
    assert 5 <= report["compared"] <= 10
    assert report == proof.verify("--sample", "5", "--seed", "20")["things"] | {"lsn": report["lsn"]}


def test_a_rejected_document_does_not_hold_up_the_rest(proof: Proof) -> None:
    proof.sql(
        'UPDATE things SET name = \'refused\', about = \'{"code": {"no": "keyword"}}\' WHERE id = 11;'
        " UPDATE things SET name = 'too deep', about = ('{\"deep\": ' || repeat('[', 1100) || repeat(']', 1100) || '}')::jsonb WHERE id = 12;"
        " UPDATE things SET name = 'after' WHERE id = 13"
    )
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined, fresh.left_out) == ("degraded", 2, 0)
    status = proof.pipeline.rowtide("status", "-o", "json", check=False)
    worker = json.loads(status.stdout)["worker"]
    assert (worker["state"], worker["quarantined"], worker["left_out"]) == ("degraded", 2, 0)
    assert proof.source("things", "13")["name"] == "after"
    _, answer = proof.run("quarantine", "list")
    quarantined = {each["id"]: each for each in answer["quarantine"]}
    assert {id_: each["what"] for id_, each in quarantined.items()} == {"11": "refused", "12": "not built"}
    assert "code" in quarantined["11"]["reason"]
    assert "no" not in quarantined["11"]["reason"].split("[code]")[1].split()
    assert proof.run("quarantine", "show", proof.alias("things"), "12")[1] == quarantined["12"]
    assert proof.pipeline.rowtide("quarantine", "show", proof.alias("things"), "13", check=False).returncode == 1
    report = proof.verify()["things"]
    assert {each["id"]: each["what"] for each in report["ids"]} == {"11": "different", "12": "different"}

    assert proof.pipeline.kill_worker(signal.SIGTERM) == 0
    assert proof.run("quarantine", "list")[1] == answer
    assert proof.pipeline.rowtide("quarantine", "retry", "--wait", "1", check=False).returncode == 3
    proof.pipeline.environment["ROWTIDE_WORKER_REJECTED_FIELDS"] = "leave_out"
    proof.pipeline.start_worker()
    proof.pipeline.wait_live()
    code, answer = proof.run("quarantine", "retry")
    assert (code, answer["retried"]) == (1, 2)
    assert {each["id"]: (each["what"], each["fields"]) for each in answer["quarantine"]} == {
        "11": ("left out", ["code"]),
        "12": ("not built", []),
    }
    assert proof.source("things", "11")["_rowtide"] == {"left_out": ["code"]}
    assert proof.search_ids("things", "_rowtide.left_out:code") == ["11"]
    report = proof.verify()["things"]
    assert ([each["id"] for each in report["ids"]], report["left_out_ids"]) == (
        ["12"],
        [{"id": "11", "fields": ["code"]}],
    )

    # Another mapping is another index: all is tried again, and what it holds now leaves.
    assert proof.pipeline.kill_worker(signal.SIGTERM) == 0
    del proof.pipeline.environment["ROWTIDE_WORKER_REJECTED_FIELDS"]
    spec = proof.pipeline.spec.read_text()
    proof.pipeline.spec.write_text(spec.replace("path: code, type: keyword", "path: code, type: object"))
    proof.pipeline.start_worker()
    fresh = proof.pipeline.wait_live()
    assert (fresh.quarantined, fresh.left_out) == (1, 0)
    assert proof.source("things", "11")["code"] == {"no": "keyword"}
    (left,) = proof.run("quarantine", "list")[1]["quarantine"]
    assert (left["id"], left["what"]) == ("12", "not built")

    proof.sql('UPDATE things SET about = \'{"code": "good"}\' WHERE id IN (11, 12)')
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined, fresh.left_out) == ("live", 0, 0)
    assert proof.verify()["things"]["divergent"] == 0
    assert proof.pipeline.kill_worker(signal.SIGTERM) == 0
    proof.pipeline.spec.write_text(spec)
    proof.pipeline.start_worker()
    proof.pipeline.wait_live()


def test_an_id_too_long_quarantines_only_its_document(proof: Proof) -> None:
    long, longer = "x" * 600, "x" * 513
    proof.sql(
        f"INSERT INTO words VALUES ('{long}', 'long'), ('', 'empty'), ('{longer}', 'gone soon'), ('{'y' * 512}', 'good');"
        " UPDATE words SET note = 'beside' WHERE word = 'word 1';"
        f" INSERT INTO pairs VALUES (1, '{long}', 'long')"
    )
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined) == ("degraded", 4)
    assert sorted(proof.search_ids("words", "note:good OR note:beside")) == ["word 1", "y" * 512]
    quarantined = {each["id"]: each for each in proof.run("quarantine", "list")[1]["quarantine"]}
    assert {id_: each["what"] for id_, each in quarantined.items()} == dict.fromkeys(
        [long, "", longer, f'[1,"{long}"]'], "refused"
    )
    assert quarantined[long]["reason"] == "The id has 600 bytes. Elasticsearch takes up to 512."
    assert "empty" in quarantined[""]["reason"]
    assert proof.run("quarantine", "show", proof.alias("words"), long)[1] == quarantined[long]
    assert proof.run("explain", proof.alias("words"), "")[1]["state"] == "set aside"
    assert {each["id"]: each["what"] for each in proof.verify()["words"]["ids"]} == dict.fromkeys(
        [long, "", longer], "missing"
    )

    proof.sql(
        f"UPDATE words SET word = 'short' WHERE word = '{long}'; UPDATE words SET word = 'full' WHERE word = '';"
        f" DELETE FROM words WHERE word = '{longer}'; DELETE FROM pairs WHERE b = '{long}'"
    )
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined) == ("live", 0)
    assert proof.verify()["words"] | {"lsn": ""} == proof.verify()["words"] | {"lsn": "", "compared": 8, "divergent": 0}


def test_a_document_with_too_many_nested_rows_is_quarantined(proof: Proof) -> None:
    proof.sql("INSERT INTO parts SELECT n, 14, 'one of many' FROM generate_series(20000, 30010) n")
    proof.sql("UPDATE things SET name = 'beside it' WHERE id = 15")
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined) == ("degraded", 1)
    (entry,) = proof.run("quarantine", "list")[1]["quarantine"]
    assert (entry["id"], entry["what"]) == ("14", "refused")
    assert "nested" in entry["reason"]
    assert proof.source("things", "15")["name"] == "beside it"

    proof.sql("DELETE FROM parts WHERE id >= 20000")
    fresh = proof.pipeline.wait_fresh()
    assert (fresh.state, fresh.quarantined) == ("live", 0)


def test_an_erased_person_is_in_no_file_and_no_index(proof: Proof) -> None:
    def files_with(canary: str) -> list[str]:
        files = [path for path in proof.pipeline.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if canary.encode() in path.read_bytes()]

    long = "repeat('canary-grace ', 4000)"
    proof.sql(
        f"INSERT INTO things VALUES (700, 'canary-grace', 1, 1, jsonb_build_object('deep', {long})),"
        " (701, 'canary-grace', 1, 1, '{\"code\": {\"canary-grace\": 1}}');"
        " INSERT INTO parts SELECT n, 700, 'canary-grace ' || n FROM generate_series(700, 900) n;"
        " INSERT INTO pairs VALUES (7, 'number', 'canary-grace')"
    )
    fresh = proof.pipeline.wait_fresh()
    assert fresh.quarantined + fresh.left_out == 1
    assert proof.search_ids("*", '"canary-grace"')
    assert files_with("canary-grace")

    proof.sql("DELETE FROM parts WHERE id >= 700; DELETE FROM things WHERE id >= 700; DELETE FROM pairs WHERE a = 7")
    fresh = proof.pipeline.wait_fresh()
    assert fresh.quarantined + fresh.left_out == 0
    assert proof.search_ids("*", '"canary-grace"') == []
    assert proof.pipeline.kill_worker(signal.SIGTERM) == 0
    assert files_with("canary-grace") == []
    proof.pipeline.start_worker()
    proof.pipeline.wait_live()


def test_a_document_is_explained(proof: Proof) -> None:
    before = time.time()
    xid = proof.committed("UPDATE parts SET label = 'newer' WHERE id = 34")
    proof.pipeline.wait_fresh()
    code, explanation = proof.run("explain", proof.alias("things"), "5")
    assert (code, explanation["state"], explanation["row_store"]["set_aside"]) == (0, "equal", None)
    assert [(part["path"], part["table"], part["key"]) for part in explanation["parts"]] == [
        ("", "public.things", {"id": 5}),
        ("parts", "public.parts", {"id": 4}),
        ("parts", "public.parts", {"id": 34}),
    ]
    last, index = explanation["last_transaction"], explanation["index"]
    assert (last["table"], last["key"], last["xid"]) == ("public.parts", {"id": 34}, xid)
    assert parse_lsn(last["lsn"]) <= parse_lsn(index["built_at"])
    times = [before * 1000, last["committed_ms"], index["built_ms"], index["acknowledged_ms"], time.time() * 1000]
    assert all(earlier <= later + 5 for earlier, later in pairwise(times)), times
    assert explanation["touched_by"]["transactions"] == [
        {"xid": xid, "lsn": last["lsn"], "committed_ms": last["committed_ms"]}
    ]

    # A row that is gone is no part any more; the transaction that took it away is known from the log.
    gone = proof.committed("DELETE FROM parts WHERE id = 34")
    proof.pipeline.wait_fresh()
    _, explanation = proof.run("explain", proof.alias("things"), "5")
    assert explanation["last_transaction"]["xid"] != gone
    assert [each["xid"] for each in explanation["touched_by"]["transactions"]] == [gone]
    proof.sql("INSERT INTO parts VALUES (34, 5, 'newer', '0003-01-01 BC')")
    proof.pipeline.wait_fresh()

    original = proof.source("things", "5")
    proof.by_hand("PUT", "things", "5", {**original, "name": "other"})
    code, explanation = proof.run("explain", proof.alias("things"), "5", "--values")
    assert (code, explanation["state"], explanation["row_store_differs"]) == (1, "index differs", [])
    assert explanation["index_differs"] == [{"field": "name", "held": '"other"', "database": '"thing 5"'}]
    proof.by_hand("PUT", "things", "5", original)
    assert proof.run("explain", proof.alias("pairs"), '[1,"key \\"4\\""]')[1]["state"] == "equal"
    code, explanation = proof.run("explain", proof.alias("pairs"), "nothing")
    assert (code, explanation["state"], explanation["parts"]) == (1, "unknown", [])
    shown = " ".join(proof.pipeline.rowtide("explain", proof.alias("things"), "6").stdout.split())
    assert "public.parts" in shown
    assert ", acknowledged 20" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sample", "all"], "Invalid --sample all. Give a number"),
        (["--since", "yesterday"], "Invalid --since yesterday. Give a duration"),
        (["--sample", "5", "--since", "1h"], "cannot be combined"),
        (["--document", "nothing"], "The spec has no document nothing."),
        (["repair", "--id", "3"], "need exactly one --document"),
        (["repair", "--from-verify", "no-such-file"], "Cannot read no-such-file"),
    ],
)
def test_wrong_use_is_an_error_with_its_reason(proof: Proof, words: list[str], message: str) -> None:
    command = () if words[0] == "repair" else ("verify",)
    done = proof.pipeline.rowtide(*command, *words, check=False)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
