"""The state of a document, by what each side contains."""

import pytest

from cdc.log.lsn import Lsn
from read_model.freshness import Freshness
from sync_worker.elasticsearch.dropped_fields import leave_out
from sync_worker.store.build_times import Build
from sync_worker.store.quarantine import QuarantinedDocument, QuarantineKind
from sync_worker.verification.explain import Explanation, RowStoreSide, read_parts
from sync_worker.verification.index_reader import Indexed
from sync_worker.verification.log_search import LogTransaction

GOOD, BAD = '{"name":"a","n":1.50}', '{"name":"b","n":1.5}'
FRESH = Freshness("small", 1, 100, 100, 0, "live")


def side(text: str | None = GOOD, pending: int | None = None, kind: QuarantineKind | None = None) -> RowStoreSide:
    """What the row store contains."""
    aside = QuarantinedDocument("things", "1", kind, "too odd", ("n",), 50, 60, 0) if kind else None
    return RowStoreSide(100, text, pending, aside)


def explained(held: str | None, truth: str | None, stored: RowStoreSide | None, lsn: int = 90) -> Explanation:
    """A document as each of the three sides contains it."""
    explanation = Indexed("1", 1 << 48 | 70, held.encode()) if held else None
    return Explanation("things", "1", explanation, truth, Lsn(lsn), stored, FRESH)


@pytest.mark.parametrize(
    ("held", "truth", "stored", "lsn", "state"),
    [
        (GOOD, GOOD, side(), 90, "equal"),
        (None, None, side(None), 90, "unknown"),
        (BAD, GOOD, side(), 90, "index differs"),
        (None, GOOD, side(), 90, "index differs"),
        (BAD, None, side(None), 90, "index differs"),
        (BAD, GOOD, side(BAD), 90, "row store differs"),
        (BAD, GOOD, None, 90, "divergent"),
        (BAD, GOOD, side(BAD), 110, "on its way"),
        (BAD, GOOD, side(pending=80), 90, "pending"),
        (BAD, GOOD, side(kind=QuarantineKind.REJECTED), 90, "set aside"),
        (leave_out(GOOD, ["n"]).decode(), GOOD, side(kind=QuarantineKind.FIELD_DROPPED), 90, "equal"),
    ],
)
def test_the_state_names_the_link_that_is_wrong(
    held: str | None, truth: str | None, stored: RowStoreSide | None, lsn: int, state: str
) -> None:
    explanation = explained(held, truth, stored, lsn)
    assert explanation.verdict == explanation.as_json(values=False)["state"] == state


def test_values_are_told_only_when_asked_for() -> None:
    explanation = explained(BAD, GOOD, side())
    assert explanation.as_json(values=False)["index_differs"] == [{"field": "name"}]
    assert explanation.as_json(values=True)["index_differs"] == [{"field": "name", "held": '"b"', "database": '"a"'}]


def test_the_last_transaction_is_that_of_the_youngest_row() -> None:
    explanation = explained(GOOD, GOOD, side())
    explanation.parts = read_parts(
        '[{"path":"","table":"public.things","key":{"id":1},"xid":4294967295,"age":12,"committed_ms":null},'
        '{"path":"parts","table":"public.parts","key":{"id":7},"xid":3,"age":1,"committed_ms":1700000000000}]'
    )
    explanation.commit_lsn = Lsn(0x1_00000010)
    last = explanation.as_json(values=False)["last_transaction"]
    assert last == {"xid": 3, "table": "public.parts", "key": {"id": 7}, "committed_ms": 1700000000000, "lsn": "1/10"}


PARTS = (
    '[{"path":"","table":"public.things","key":{"id":1},"xid":5,"age":12,"committed_ms":null},'
    '{"path":"parts","table":"public.parts","key":{"id":7},"xid":8,"age":1,"committed_ms":null}]'
)


@pytest.mark.parametrize(
    ("log", "lsn", "touching"),
    [
        (None, None, []),
        ([], None, []),
        ([(8, 60)], "0/3C", [8]),
        # What came before the youngest row's transaction does not count, what came after it may have taken a row away.
        ([(5, 50), (8, 60), (9, 65)], "0/3C", [8, 9]),
        ([((1 << 32) + 8, 60)], "0/3C", [(1 << 32) + 8]),
        ([(9, 65)], None, [9]),
    ],
)
def test_the_log_dates_the_newest_row_and_later_changes(
    log: list[tuple[int, int]] | None, lsn: str | None, touching: list[int]
) -> None:
    explanation = explained(GOOD, GOOD, side())
    explanation.parts = read_parts(PARTS)
    explanation.build = Build(
        first_lsn=50, log_offset=1000, built_ms=1_700_000_000_500, acknowledged_ms=1_700_000_000_700
    )
    explanation.log = None if log is None else [LogTransaction(tx, Lsn(at), 1_700_000_000_000) for tx, at in log]
    answer = explanation.as_json(values=False)
    assert answer["last_transaction"]["lsn"] == lsn
    assert answer["last_transaction"]["committed_ms"] == (1_700_000_000_000 if lsn else None)
    transactions = answer["touched_by"]
    assert ((transactions and [each["xid"] for each in transactions["transactions"]]) or []) == touching
    assert (transactions is None) == (log is None)
    assert (answer["index"]["built_ms"], answer["index"]["acknowledged_ms"]) == (1_700_000_000_500, 1_700_000_000_700)
