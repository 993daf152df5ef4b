"""`rowtide verify` on a real pipeline: all documents, those of a sample, and those built since a position."""

import pytest

from tests.support.servers.proof_pipeline import ProofPipeline


def test_equal_documents_are_proven_in_buckets_of_any_size(proof: ProofPipeline) -> None:
    for size in ("7", "2000"):
        reports = proof.verify("--bucket", size)
        assert {name: (report["compared"], report["divergent"]) for name, report in reports.items()} == {
            "things": (30, 0),
            "pairs": (20, 0),
            "words": (5, 0),
        }


def test_dates_before_our_era_are_right_from_the_first_load_on(proof: ProofPipeline) -> None:
    word, thing = proof.source("words", "word 1"), proof.source("things", "2")
    assert (word["since"], word["until"]) == ("-0043-03-15T01:00:00Z", "infinity")
    assert [part["made"] for part in thing["parts"]] == ["-0002-01-11", "-0002-11-07"]
    log = proof.first_log
    assert "public.parts, public.words" in log.split("that the snapshot misread")[1].splitlines()[0]
    assert log.index("that the snapshot misread") < log.index("tables re-read")


def test_what_was_built_since_a_position_or_a_while_ago(proof: ProofPipeline) -> None:
    lsn = proof.verify("--document", proof.alias("things"))["things"]["lsn"]
    proof.change("UPDATE things SET name = 'later' WHERE id IN (7, 8)")
    since = proof.verify("--since", lsn)
    assert (since["things"]["compared"], since["pairs"]["compared"]) == (2, 0)
    assert proof.verify("--since", "1s")["pairs"]["divergent"] == 0


def test_a_sample_is_of_the_size_asked_for(proof: ProofPipeline) -> None:
    report = proof.verify("--sample", "5", "--seed", "20")["things"]
    assert 5 <= report["compared"] <= 10
    assert report == proof.verify("--sample", "5", "--seed", "20")["things"] | {"lsn": report["lsn"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sample", "all"], "Invalid --sample all. Give a number"),
        (["--since", "yesterday"], "Invalid --since yesterday. Give a duration"),
        (["--sample", "5", "--since", "1h"], "cannot be combined"),
        (["--document", "nothing"], "The spec has no document nothing."),
    ],
)
def test_wrong_use_is_an_error_with_its_reason(proof: ProofPipeline, words: list[str], message: str) -> None:
    assert message in proof.usage_error("verify", *words)
