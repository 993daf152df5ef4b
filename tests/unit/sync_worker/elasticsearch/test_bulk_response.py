"""What becomes of each item of a bulk request."""

from typing import Any

import pytest

from sync_worker.elasticsearch.bulk_response import Outcome, refusals


def item(status: int, error: dict[str, Any] | None = None, identity: str = "1") -> dict[str, Any]:
    """One entry of a response."""
    return {"index": {"_id": identity, "status": status, **({"error": error} if error else {})}}


def response(*items: dict[str, Any]) -> dict[str, Any]:
    """A response that reports a failure."""
    return {"errors": True, "items": list(items)}


def test_a_response_without_errors_needs_nothing() -> None:
    assert refusals({"errors": False}, 3) == []


@pytest.mark.parametrize("status", [200, 201, 404, 409])
def test_done_stale_and_absent_are_successes(status: int) -> None:
    assert refusals(response(item(status, {"type": "version_conflict_engine_exception"})), 1) == []


def test_a_stale_write_names_the_version_that_it_met_whatever_its_id_says() -> None:
    reason = (
        "[current version [1] is higher than the one provided [9]]: version conflict, current version [72] is higher"
    )
    error = {"type": "version_conflict_engine_exception", "reason": f"{reason} than the one provided [71]"}
    (stale,) = refusals(response(item(200), item(409, error)), 2)
    assert (stale.place, stale.outcome, stale.version, stale.reason) == (1, Outcome.STALE, 72, "")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_overloaded_server_is_asked_again(status: int) -> None:
    (refusal,) = refusals(response(item(status, {"type": "es_rejected_execution_exception"})), 1)
    assert refusal.outcome is Outcome.RETRY


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, "cluster_block_exception"), (404, "index_not_found_exception"), (400, "es_rejected_execution_exception")],
)
def test_trouble_of_the_index_is_not_the_documents(status: int, kind: str) -> None:
    assert [refusal.outcome for refusal in refusals(response(item(status, {"type": kind})), 1)] == [Outcome.RETRY]


def test_a_refused_document_is_named_by_place_and_id() -> None:
    error = {"type": "document_parsing_exception", "reason": "failed"}
    (refusal,) = refusals(response(item(200), item(400, error, "7"), item(201)), 3)
    assert (refusal.place, refusal.id, refusal.outcome) == (1, "7", Outcome.REJECTED)


def test_the_reason_keeps_the_types_and_no_values() -> None:
    cause = {"type": "illegal_argument_exception", "reason": 'For input string: "4111"'}
    error = {
        "type": "document_parsing_exception",
        "reason": "[1:9] failed to parse field [n] of type [long]. Preview of field's value: '4111'",
        "caused_by": cause,
    }
    (refusal,) = refusals(response(item(400, error)), 1)
    assert refusal.reason == (
        "document_parsing_exception < illegal_argument_exception: [1:9] failed to parse field [n] of type [long]."
    )


@pytest.mark.parametrize(
    ("reason", "cause", "field"),
    [
        (
            "[1:9] failed to parse field [lines.price] of type [long] in document with id '1'. Preview …",
            "",
            "lines.price",
        ),
        ("object mapping for [customer] tried to parse field [customer] as object", "", "customer"),
        (
            "failed to parse",
            'Document contains at least one immense term in field="name.keyword" (whose …',
            "name.keyword",
        ),
        ("[1:2] The provided [flattened] field [about] exceeds the maximum depth limit of [20].", "", "about"),
        ("failed to parse", "a document of 7 is too large", ""),
    ],
)
def test_a_rejection_names_its_field(reason: str, cause: str, field: str) -> None:
    error = {"type": "document_parsing_exception", "reason": reason, "caused_by": {"type": "x", "reason": cause}}
    (refusal,) = refusals(response(item(400, error)), 1)
    assert refusal.field == field


def test_an_answer_that_is_too_short_counts_for_nothing() -> None:
    refused = refusals(response(item(200)), 2)
    assert [(refusal.place, refusal.outcome) for refusal in refused] == [(0, Outcome.RETRY), (1, Outcome.RETRY)]
