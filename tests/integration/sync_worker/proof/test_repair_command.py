"""`rowtide repair` corrects documents and rows that were changed by hand, as `rowtide verify` names them."""

import json
from contextlib import closing

import apsw
import pytest

from read_model.catalog.catalog import TableName
from read_model.sqlite import rows
from tests.support.servers.proof_pipeline import ProofPipeline


def test_what_was_changed_by_hand_is_named_and_repaired(proof: ProofPipeline) -> None:
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


def test_a_row_store_that_was_changed_by_hand_is_repaired(proof: ProofPipeline) -> None:
    with proof.stopped_worker(), closing(apsw.Connection(str(proof.pipeline.row_store))) as store:
        things, parts = (rows.table_name(TableName("public", name)) for name in ("things", "parts"))
        store.execute(f"UPDATE {things} SET name = 'by hand' WHERE id = 20; DELETE FROM {parts} WHERE id = 21")
        store.execute(f"INSERT INTO {parts} (id, thing_id, label) VALUES (900, 23, 'by hand')")
    # The index is right until these documents are built again.
    proof.change("UPDATE things SET price = 7 WHERE id IN (20, 22, 23)")
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--id", "3"], "need exactly one --document"),
        (["--from-verify", "no-such-file"], "Cannot read no-such-file"),
    ],
)
def test_wrong_use_is_an_error_with_its_reason(proof: ProofPipeline, words: list[str], message: str) -> None:
    assert message in proof.usage_error("repair", *words)
