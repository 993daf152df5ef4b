"""The pure parts of the chaos suite: schedules, invariants, the tally, and what the proxy does to a bulk."""

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from cdc.log.control import REPLAY_BYTES, ControlReader, Marker, Refusal, captured_prefixes
from cdc.log.envelope import LogicalMessage, Record, decode
from cdc.log.heartbeat import Heartbeat
from cdc.log.lsn import Lsn
from cdc.log.names import HEARTBEAT_PREFIX, MARKER_PREFIX, slot_name
from cdc.log.signature import ControlKey
from rowtide.conformance.fault_proxy import drop_documents, merge_rejections
from tests.chaos.event_tally import Balance, EventTally
from tests.chaos.hostile_login import LARGE_BYTES, Target, attack
from tests.chaos.invariants import contradictions
from tests.chaos.log import Study
from tests.chaos.schedule import FIRST_AT, MENU, REST, schedule

TEN_MINUTES = 600.0


def test_a_schedule_comes_from_its_seed() -> None:
    assert schedule(7, TEN_MINUTES) == schedule(7, TEN_MINUTES)
    assert schedule(7, TEN_MINUTES) != schedule(8, TEN_MINUTES)


@pytest.mark.parametrize("seed", range(20))
def test_a_ten_minute_schedule_has_every_fault_and_pauses(seed: int) -> None:
    faults = schedule(seed, TEN_MINUTES)
    assert {(each.kind, each.target) for each in faults} == {(each.kind, each.target) for each in MENU}
    assert faults[0].at == FIRST_AT
    assert [each.at for each in faults] == sorted(each.at for each in faults)
    over: dict[str, float] = {}
    for fault in faults:
        assert fault.at >= over.get(fault.target, 0.0)
        assert fault.at + fault.seconds <= TEN_MINUTES + 0.1
        over[fault.target] = fault.at + fault.seconds + REST - 0.2


def test_the_attacks_of_a_seed_are_of_every_kind_and_none_is_ever_obeyed() -> None:
    key = ControlKey("1" * 64)
    body = msgspec.json.encode(Heartbeat("7", 1, slot_name("shop"), 5, {}, 10))
    genuine = LogicalMessage(Lsn(20), key.secret_prefix(HEARTBEAT_PREFIX), key.sign(HEARTBEAT_PREFIX, body), 0)
    random, target = Random("attacks"), Target(slot_name("shop"), "7", REPLAY_BYTES * 2)
    attacks = [attack(random, target, [genuine]) for _ in range(300)]
    assert {each.kind for each in attacks} == {"forged", "malformed", "oversized", "replayed", "marker"}
    reader = ControlReader("shop", key)
    for each in attacks:
        obeyed = reader.read(LogicalMessage(Lsn(target.lsn), each.prefix, each.content, 0))
        assert isinstance(obeyed, Marker if each.prefix == MARKER_PREFIX else Refusal)
        assert len(each.content) <= LARGE_BYTES
        assert each.kind != "oversized" or each.prefix not in captured_prefixes(key)


def test_a_short_schedule_is_not_empty() -> None:
    assert all(len(schedule(seed, 60.0)) >= 4 for seed in range(20))


ORDER: dict[str, Any] = {
    "total": Decimal("10.20"),
    "line_count": 2,
    "units": 3,
    "paid": Decimal("1.00"),
    "lines": [{"quantity": 1, "unit_price": Decimal("0.20")}, {"quantity": 2, "unit_price": Decimal("5.00")}],
    "payments": [{"amount": Decimal("3.00")}, {"amount": Decimal("-2.00")}],
}
BOX: dict[str, Any] = {
    "code": "a",
    "weight": 5,
    "item_count": 2,
    "note_count": 1,
    "counted": 2,
    "items": [{"code": "a", "weight": 2}, {"code": "a", "weight": 3}],
    "notes": ["n"],
}
ROOM: dict[str, Any] = {"box_count": 1, "counted": 1, "boxes": [{"code": "a"}]}


@pytest.mark.parametrize(("alias", "document"), [("orders", ORDER), ("boxes", BOX), ("rooms", ROOM)])
def test_a_whole_document_does_not_contradict_itself(alias: str, document: dict[str, Any]) -> None:
    assert contradictions(alias, document) == []


def test_an_order_without_lines_sums_up_to_nothing() -> None:
    empty = {"total": Decimal(0), "line_count": 0, "units": None, "paid": None, "lines": [], "payments": []}
    assert contradictions("orders", empty) == []


@pytest.mark.parametrize(
    ("alias", "document", "message"),
    [
        ("orders", {**ORDER, "total": Decimal("10.19")}, "total is 10.19, its parts say 10.20"),
        ("orders", {**ORDER, "lines": ORDER["lines"][:1]}, "line_count is 2, its parts say 1"),
        ("orders", {**ORDER, "payments": []}, "paid is 1.00, its parts say 0"),
        ("boxes", {**BOX, "items": [*BOX["items"], {"code": "a", "weight": 1}]}, "weight is 5, its parts say 6"),
        ("boxes", {**BOX, "notes": []}, "note_count is 1, its parts say 0"),
        ("boxes", {**BOX, "code": "b"}, "an item of another box"),
        ("rooms", {**ROOM, "boxes": []}, "box_count is 1, its parts say 0"),
    ],
)
def test_half_a_transaction_is_a_contradiction(alias: str, document: dict[str, Any], message: str) -> None:
    assert message in contradictions(alias, document)


def _record(op: str, id_: int, version: int) -> Record:
    image = {"id": id_, "version": version}
    sides = {"before": {"id": id_}} if op == "d" else {"after": image}
    return decode(json.dumps({"op": op, "source": {"table": "rows"}, **sides}).encode())


def _happened(tally: EventTally) -> None:
    for op, id_, version in (("c", 1, 1), ("u", 1, 2), ("c", 2, 1), ("d", 2, 0)):
        tally.take(_record(op, id_, version))


@pytest.mark.parametrize(
    ("more", "alive", "balance"),
    [
        (lambda _: None, [(1, 2)], Balance(expected=4, lost=0, repeated=0, foreign=0)),
        (_happened, [(1, 2)], Balance(expected=4, lost=0, repeated=4, foreign=0)),
        (lambda _: None, [(1, 3)], Balance(expected=5, lost=1, repeated=0, foreign=0)),
        (lambda _: None, [(1, 1)], Balance(expected=3, lost=0, repeated=0, foreign=1)),
    ],
)
def test_the_tally_finds_what_is_lost_repeated_and_foreign(
    more: Callable[[EventTally], None], alive: list[tuple[int, int]], balance: Balance
) -> None:
    tally = EventTally()
    _happened(tally)
    more(tally)
    assert tally.balance(alive, gone=[(2, 1)]) == balance


def _marker(status: str, tx: int, lsn: int, count: int | None = None) -> Record:
    return decode(json.dumps({"status": status, "id": f"{tx}:{lsn}", "event_count": count, "ts_ms": 1}).encode())


def _event(tx: int, order: int, last: int) -> Record:
    source = {"schema": "public", "table": "rows", "sequence": json.dumps([str(last), "0"]), "snapshot": "false"}
    place = {"id": f"{tx}:{order}", "total_order": order}
    return decode(json.dumps({"op": "c", "after": {"id": order}, "source": source, "transaction": place}).encode())


def test_the_study_counts_what_comes_again_and_takes_it_once() -> None:
    taken: list[Record] = []
    whole = [_marker("BEGIN", 1, 10), _event(1, 1, 5), _event(1, 2, 5), _marker("END", 1, 20, 2)]
    cut = [_marker("BEGIN", 2, 21), _event(2, 1, 20)]
    rest = [_marker("BEGIN", 2, 21), _event(2, 1, 20), _event(2, 1, 20), _marker("END", 2, 30, 1)]
    findings = Study(taken.append).read([*whole, *whole[2:], *cut, *rest])
    assert findings.fault == ""
    assert len(taken) == findings.changes == 3
    assert findings.counts["transactions"] == 2
    assert findings.counts["events again outside of a transaction"] == 1
    assert findings.counts["beginnings again of an open transaction"] == 1
    assert findings.counts["events again in an open transaction"] == 2
    assert findings.counts["ends of transactions again"] == 1


def test_the_study_takes_nothing_of_what_was_cut_off() -> None:
    taken: list[Record] = []
    cut = [_marker("BEGIN", 1, 10), _event(1, 1, 5), _marker("END", 1, 20, 1), _marker("BEGIN", 1, 10), _event(1, 1, 5)]
    findings = Study(taken.append).read([*cut, _marker("BEGIN", 2, 21), _event(2, 1, 20), _marker("END", 2, 30, 1)])
    assert (findings.fault, len(taken)) == ("", 2)
    assert findings.counts["beginnings of others in an open transaction"] == 1
    assert findings.counts["cut off by another beginning"] == 1


def test_a_transaction_in_two_parts_is_wrong() -> None:
    parts = [_marker("BEGIN", 1, 10), _event(1, 1, 5), _marker("END", 1, 15, 1)]
    findings = Study().read([*parts, _marker("BEGIN", 1, 22), _event(1, 1, 5), _marker("END", 1, 30, 1)])
    assert "ended twice" in findings.fault


def test_the_study_stops_where_the_log_contradicts_itself() -> None:
    findings = Study().read([_marker("BEGIN", 1, 10), _marker("END", 1, 20, 1)])
    assert "announces 1 events, but the log contains 0" in findings.fault


INDEX = b'{"index":{"_id":"%d"}}\n{"n":1}\n'
DELETE = b'{"delete":{"_id":"%d"}}\n'


def test_a_thinned_bulk_and_its_answer_fit_together() -> None:
    body = INDEX % 1 + DELETE % 2 + DELETE % 3 + INDEX % 4 + INDEX % 5 + INDEX % 6
    thin, fates = drop_documents(body)
    assert thin == INDEX % 1 + DELETE % 2 + INDEX % 4 + INDEX % 5
    answer = {"errors": False, "items": [{"index": {"_id": str(each), "status": 200}} for each in (1, 2, 4, 5)]}
    whole = merge_rejections(answer, fates)
    assert whole["errors"] is True
    assert [next(iter(item.values()))["_id"] for item in whole["items"]] == ["1", "2", "3", "4", "5", "6"]
    assert [next(iter(item.values()))["status"] for item in whole["items"]] == [200, 200, 429, 200, 200, 429]
