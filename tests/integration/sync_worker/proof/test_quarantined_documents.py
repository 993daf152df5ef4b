"""Documents that cannot be built, or that a real Elasticsearch rejects, are set aside; the others continue."""

import json

from tests.support.servers.proof_pipeline import ProofPipeline

LONG_KEY = "k" * 40_000
"""A key of a JSON document that is longer than a term of Elasticsearch's index may be."""


def test_a_rejected_document_does_not_hold_up_the_rest(proof: ProofPipeline) -> None:
    fresh = proof.change(
        f"UPDATE things SET name = 'refused', about = jsonb_build_object('{LONG_KEY}', 1) WHERE id = 11;"
        " UPDATE things SET name = 'too deep', about = ('{\"deep\": ' || repeat('[', 1100) || repeat(']', 1100) || '}')::jsonb WHERE id = 12;"
        " UPDATE things SET name = 'after' WHERE id = 13"
    )
    assert (fresh.state, fresh.quarantined, fresh.left_out) == ("degraded", 2, 0)
    status = proof.pipeline.rowtide("status", "-o", "json", check=False)
    worker = json.loads(status.stdout)["worker"]
    assert (worker["state"], worker["quarantined"], worker["left_out"]) == ("degraded", 2, 0)
    assert proof.source("things", "13")["name"] == "after"
    _, answer = proof.run("quarantine", "list")
    quarantined = {each["id"]: each for each in answer["quarantine"]}
    assert {id_: each["what"] for id_, each in quarantined.items()} == {"11": "refused", "12": "not built"}
    assert "about" in quarantined["11"]["reason"]
    assert "kkk" not in quarantined["11"]["reason"]
    assert proof.run("quarantine", "show", proof.alias("things"), "12")[1] == quarantined["12"]
    assert proof.pipeline.rowtide("quarantine", "show", proof.alias("things"), "13", check=False).returncode == 1
    report = proof.verify()["things"]
    assert {each["id"]: each["what"] for each in report["ids"]} == {"11": "different", "12": "different"}

    with proof.stopped_worker():
        assert proof.run("quarantine", "list")[1] == answer
        assert proof.pipeline.rowtide("quarantine", "retry", "--wait", "1", check=False).returncode == 3
        proof.pipeline.environment["ROWTIDE_WORKER_REJECTED_FIELDS"] = "leave_out"
    _a_retry_leaves_the_rejected_field_out(proof)

    # Another mapping is another index: all is tried again, and what it holds now leaves.
    spec = proof.pipeline.spec.read_text()
    with proof.stopped_worker():
        del proof.pipeline.environment["ROWTIDE_WORKER_REJECTED_FIELDS"]
        proof.pipeline.spec.write_text(spec.replace("- about\n", "- about: {index: false}\n"))
    _another_mapping_takes_the_field(proof)
    with proof.stopped_worker():
        proof.pipeline.spec.write_text(spec)


def _a_retry_leaves_the_rejected_field_out(proof: ProofPipeline) -> None:
    code, answer = proof.run("quarantine", "retry")
    assert (code, answer["retried"]) == (1, 2)
    assert {each["id"]: (each["what"], each["fields"]) for each in answer["quarantine"]} == {
        "11": ("left out", ["about"]),
        "12": ("not built", []),
    }
    assert proof.source("things", "11")["_rowtide"] == {"left_out": ["about"]}
    assert proof.search_ids("things", "_rowtide.left_out:about") == ["11"]
    report = proof.verify()["things"]
    assert ([each["id"] for each in report["ids"]], report["left_out_ids"]) == (
        ["12"],
        [{"id": "11", "fields": ["about"]}],
    )


def _another_mapping_takes_the_field(proof: ProofPipeline) -> None:
    fresh = proof.pipeline.wait_live()
    assert (fresh.quarantined, fresh.left_out) == (1, 0)
    assert proof.source("things", "11")["about"] == {LONG_KEY: 1}
    (left,) = proof.run("quarantine", "list")[1]["quarantine"]
    assert (left["id"], left["what"]) == ("12", "not built")

    fresh = proof.change('UPDATE things SET about = \'{"code": "good"}\' WHERE id IN (11, 12)')
    assert (fresh.state, fresh.quarantined, fresh.left_out) == ("live", 0, 0)
    assert proof.verify()["things"]["divergent"] == 0


def test_an_id_too_long_quarantines_only_its_document(proof: ProofPipeline) -> None:
    long, longer = "x" * 600, "x" * 513
    fresh = proof.change(
        f"INSERT INTO words VALUES ('{long}', 'long'), ('', 'empty'), ('{longer}', 'gone soon'), ('{'y' * 512}', 'good');"
        " UPDATE words SET note = 'beside' WHERE word = 'word 1';"
        f" INSERT INTO pairs VALUES (1, '{long}', 'long')"
    )
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

    fresh = proof.change(
        f"UPDATE words SET word = 'short' WHERE word = '{long}'; UPDATE words SET word = 'full' WHERE word = '';"
        f" DELETE FROM words WHERE word = '{longer}'; DELETE FROM pairs WHERE b = '{long}'"
    )
    assert (fresh.state, fresh.quarantined) == ("live", 0)
    assert proof.verify()["words"] | {"lsn": ""} == proof.verify()["words"] | {"lsn": "", "compared": 8, "divergent": 0}
    proof.change(f"DELETE FROM words WHERE word IN ('short', 'full', '{'y' * 512}')")


def test_a_document_with_too_many_nested_rows_is_quarantined(proof: ProofPipeline) -> None:
    proof.change("INSERT INTO parts SELECT n, 14, 'one of many' FROM generate_series(20000, 30010) n")
    fresh = proof.change("UPDATE things SET name = 'beside it' WHERE id = 15")
    assert (fresh.state, fresh.quarantined) == ("degraded", 1)
    (entry,) = proof.run("quarantine", "list")[1]["quarantine"]
    assert (entry["id"], entry["what"]) == ("14", "refused")
    assert "nested" in entry["reason"]
    assert proof.source("things", "15")["name"] == "beside it"

    fresh = proof.change("DELETE FROM parts WHERE id >= 20000")
    assert (fresh.state, fresh.quarantined) == ("live", 0)


def test_an_erased_person_is_in_no_file_and_no_index(proof: ProofPipeline) -> None:
    def files_with(canary: str) -> list[str]:
        files = [path for path in proof.pipeline.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if canary.encode() in path.read_bytes()]

    long = "repeat('canary-grace ', 4000)"
    fresh = proof.change(
        f"INSERT INTO things VALUES (700, 'canary-grace', 1, 1, jsonb_build_object('deep', {long})),"
        " (701, 'canary-grace', 1, 1, '{\"code\": {\"canary-grace\": 1}}');"
        " INSERT INTO parts SELECT n, 700, 'canary-grace ' || n FROM generate_series(700, 900) n;"
        " INSERT INTO pairs VALUES (7, 'number', 'canary-grace')"
    )
    assert fresh.quarantined + fresh.left_out == 1
    assert proof.search_ids("*", '"canary-grace"')
    assert files_with("canary-grace")

    fresh = proof.change(
        "DELETE FROM parts WHERE id >= 700; DELETE FROM things WHERE id >= 700; DELETE FROM pairs WHERE a = 7"
    )
    assert fresh.quarantined + fresh.left_out == 0
    assert proof.search_ids("*", '"canary-grace"') == []
    with proof.stopped_worker():
        assert files_with("canary-grace") == []
