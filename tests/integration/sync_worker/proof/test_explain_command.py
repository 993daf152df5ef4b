"""`rowtide explain` names the rows of a document, the transactions behind it, and where it differs."""

import time
from itertools import pairwise

from cdc.log.lsn import parse_lsn
from sync_worker.store.build_times import SLICE_MS
from tests.support.servers.proof_pipeline import ProofPipeline


def test_a_document_is_explained(proof: ProofPipeline) -> None:
    before = time.time()
    xid = proof.committed("UPDATE parts SET label = 'newer' WHERE id = 34")
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
    # Bulks built within one second share a row of build times, so `built_ms` may be that of an earlier bulk.
    built_ms = index["built_ms"] + SLICE_MS
    assert index["built_ms"] <= index["acknowledged_ms"]
    times = [before * 1000, last["committed_ms"], min(built_ms, index["acknowledged_ms"]), time.time() * 1000]
    assert all(earlier <= later + 5 for earlier, later in pairwise(times)), times
    assert explanation["touched_by"]["transactions"] == [
        {"xid": xid, "lsn": last["lsn"], "committed_ms": last["committed_ms"]}
    ]

    # A row that is gone is no part any more; the transaction that took it away is known from the log.
    gone = proof.committed("DELETE FROM parts WHERE id = 34")
    _, explanation = proof.run("explain", proof.alias("things"), "5")
    assert explanation["last_transaction"]["xid"] != gone
    assert [each["xid"] for each in explanation["touched_by"]["transactions"]] == [gone]
    proof.change("INSERT INTO parts VALUES (34, 5, 'newer', '0003-01-01 BC')")

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
