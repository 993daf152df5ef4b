"""Change events folded to the last state of each row."""

from itertools import permutations
from typing import Any

import msgspec
import pytest

from cdc.log.envelope import decode
from read_model.catalog.catalog import TableName
from sync_worker.errors import RowError
from sync_worker.log.changes import Batch, TakenChange
from sync_worker.log.row_shape import Key, Row, RowShape
from sync_worker.log.table_changes import TableChanges

PEOPLE = TableName("public", "people")
ABSENT = "unchanged-value"
SHAPE = RowShape(PEOPLE, {"id": int | None, "name": str | None}, ("id",), {1: ABSENT})


def event(op: str, id_: int, name: str | None = None, *, moved_from: int | None = None, **more: Any) -> TakenChange:
    """A change of one person."""
    image: dict[str, Any] = {"before": {"id": id_}} if op == "d" else {"after": {"id": id_, "name": name, "other": 1}}
    source = {"schema": "public", "table": "people"}
    value = msgspec.json.encode({"op": op, "source": source, **({} if op == "t" else image), **more})
    old_key = None if moved_from is None else msgspec.json.encode({"id": moved_from})
    return TakenChange(decode(value), value, old_key)


def folded(*transactions: list[TakenChange], stored: dict[Key, Row] | None = None, newer: bool = False) -> TableChanges:
    """The changes of transactions that commit at 10, 20, …; `stored` is what the row store holds, `newer` when it is of later."""
    rows = stored or {}
    batch = Batch({PEOPLE: SHAPE}, lambda _, key: rows.get(key))
    for number, changes in enumerate(transactions, 1):
        batch.fold(changes, number * 10, rows_may_be_newer=newer)
    return batch.tables[PEOPLE]


def test_the_last_state_of_a_row_stands_and_the_first_touch_counts() -> None:
    people = folded([event("c", 1, "a")], [event("u", 1, "b"), event("c", 2, "x")])
    assert people.rows == {(1,): (1, "b"), (2,): (2, "x")}
    assert people.touched == {(1,): 10, (2,): 20}
    assert people.first_lsn() == 10


def test_a_row_deleted_and_inserted_again_is_there() -> None:
    assert folded([event("d", 1), event("c", 1, "b")]).rows == {(1,): (1, "b")}


def test_a_deleted_row_is_gone() -> None:
    assert folded([event("c", 1, "a")], [event("d", 1)]).rows == {(1,): None}


def test_truncate_takes_the_rows_before_it_and_none_after() -> None:
    people = folded([event("c", 1, "a")], [event("t", 0), event("c", 2, "b")], [event("t", 0), event("c", 3, "c")])
    assert people.rows == {(1,): None, (2,): None, (3,): (3, "c")}
    assert (people.truncated_at, people.first_lsn()) == (20, 10)


def test_an_unchanged_value_comes_from_the_row_store() -> None:
    assert folded([event("u", 1, ABSENT)], stored={(1,): (1, "long")}).rows == {(1,): (1, "long")}


def test_an_unchanged_value_comes_from_the_batch_first() -> None:
    people = folded([event("u", 1, "newer")], [event("u", 1, ABSENT)], stored={(1,): (1, "long")})
    assert people.rows == {(1,): (1, "newer")}


@pytest.mark.parametrize("before", [[], [event("u", 1, "newer")]])
def test_a_moved_row_takes_its_unchanged_value_along(before: list[TakenChange]) -> None:
    move = [event("d", 1), event("c", 2, ABSENT, moved_from=1)]
    people = folded(before, move, stored={(1,): (1, "long")})
    assert people.rows == {(1,): None, (2,): (2, "newer" if before else "long")}


def test_a_row_may_move_on_in_the_same_transaction() -> None:
    first = [event("c", 1, "long"), event("d", 1), event("c", 2, ABSENT, moved_from=1)]
    people = folded([*first, event("d", 2), event("c", 3, ABSENT, moved_from=2)])
    assert people.rows == {(1,): None, (2,): None, (3,): (3, "long")}


def test_a_key_change_that_shows_the_old_row_deletes_it() -> None:
    people = folded([event("u", 2, ABSENT, before={"id": 1})], stored={(1,): (1, "long")})
    assert people.rows == {(1,): None, (2,): (2, "long")}


@pytest.mark.parametrize("before", [[], [event("t", 0)]])
def test_an_unchanged_value_that_nobody_holds_stops_the_work(before: list[TakenChange]) -> None:
    stored: dict[Key, Row] = {(1,): (1, "long")} if before else {}
    with pytest.raises(RowError, match=r"public\.people omits name as unchanged"):
        folded([*before, event("u", 1, ABSENT)], stored=stored)


def test_newer_rows_may_lack_the_row_of_an_unchanged_value() -> None:
    changes = [event("u", 1, ABSENT), event("c", 2, ABSENT, moved_from=7), event("c", 3, ABSENT, moved_from=8)]
    people = folded(changes, [event("u", 1, ABSENT), event("d", 1)], stored={(2,): (2, "later")}, newer=True)
    assert people.rows == {(1,): None, (2,): (2, "later"), (3,): None}


def test_a_row_of_another_shape_stops_the_work_without_its_values() -> None:
    value = msgspec.json.encode(
        {"op": "c", "source": {"schema": "public", "table": "people"}, "after": {"id": "secret"}}
    )
    with pytest.raises(RowError, match=r"public\.people has other columns") as caught:
        folded([TakenChange(decode(value), value)])
    assert "secret" not in str(caught.value)


def test_an_operation_that_is_not_known_stops_the_work() -> None:
    with pytest.raises(RowError, match="operation 'x'"):
        folded([event("x", 1)])


def test_tables_that_no_document_uses_are_passed_over() -> None:
    batch = Batch({}, lambda _, __: None)
    batch.fold([event("c", 1)], 10)
    assert batch.tables == {}


def test_a_column_may_have_any_name() -> None:
    names = ("id", 'a "quoted" one', "back\\slash", "line\nbreak")
    shape = RowShape(PEOPLE, dict.fromkeys(names, int | None), ("id",), {})
    image = msgspec.json.encode({"other": 0, **{name: place for place, name in enumerate(names)}})
    assert shape.row(msgspec.Raw(image)) == (0, 1, 2, 3)
    with pytest.raises(RowError, match="other columns"):
        shape.row(msgspec.Raw(b'{"id": 1}'))


LINES = TableName("public", "lines")
LINE = RowShape(LINES, {"position": int | None, "name": str | None}, ("position",), {}, deferrable=True)


class Statement:
    """The events of a statement on a table whose key is deferrable, and the rows after it."""

    def __init__(self, names: str) -> None:
        self.rows = dict(enumerate(names))
        """The names by position."""
        self.events: list[TakenChange] = []

    def move(self, name: str, position: int, to: int) -> None:
        """A row changes its key: a delete, then a create that names the old key."""
        self.delete(name, position)
        self.put("c", name, to)

    def delete(self, name: str, position: int) -> None:
        """A row is deleted."""
        self._event({"op": "d", "before": {"position": position, "name": name}})

    def put(self, op: str, name: str, position: int, **more: Any) -> None:
        """A row is inserted or updated."""
        self._event({"op": op, "after": {"position": position, "name": name}, **more})

    def _event(self, event: dict[str, Any]) -> None:
        value = msgspec.json.encode({"source": {"schema": "public", "table": "lines"}, **event})
        self.events.append(TakenChange(decode(value), value))


def lines_after(statement: Statement, at_a_time: int = 100) -> dict[Key, Row]:
    """What the row store holds when the statement's events are folded, so many at a time."""
    stored: dict[Key, Row] = {(place,): (place, name) for place, name in statement.rows.items()}
    batch = Batch({LINES: LINE}, lambda _, key: stored.get(key))

    def write() -> None:
        for changes in batch.tables.values():
            stored.update({key: row for key, row in changes.rows.items() if row is not None})
            for key in [key for key, row in changes.rows.items() if row is None]:
                stored.pop(key, None)

    for place in range(0, len(statement.events), at_a_time):
        batch.fold(statement.events[place : place + at_a_time], 10, continues=True)
        following = batch.take_unsettled(Batch({LINES: LINE}, lambda _, key: stored.get(key)))
        write()
        batch = following
    batch.fold([], 10)
    write()
    return stored


@pytest.mark.parametrize("at_a_time", [2, 4, 100])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_rows_that_take_each_others_keys_are_all_there(count: int, at_a_time: int) -> None:
    names = "abcd"[:count]
    for targets in permutations(range(count)):
        for order in permutations(range(count)):
            statement = Statement(names)
            for place in order:
                statement.move(names[place], place, targets[place])
            expected = {(to,): (to, names[place]) for place, to in enumerate(targets)}
            assert lines_after(statement, at_a_time) == expected, (targets, order)


@pytest.mark.parametrize("at_a_time", [1, 2, 100])
def test_a_row_that_passes_through_the_key_of_another_leaves_it(at_a_time: int) -> None:
    statement = Statement("ab")
    statement.move("a", 0, 1)
    statement.move("a", 1, 2)
    assert lines_after(statement, at_a_time) == {(1,): (1, "b"), (2,): (2, "a")}


@pytest.mark.parametrize("at_a_time", [1, 2, 100])
def test_an_insert_at_a_key_that_is_still_taken_stays(at_a_time: int) -> None:
    statement = Statement("ab")
    statement.put("c", "new", 1)
    statement.put("u", "newer", 1, before={"position": 1, "name": "new"})
    statement.delete("b", 1)
    statement.put("c", "brief", 0)
    statement.delete("brief", 0)
    assert lines_after(statement, at_a_time) == {(0,): (0, "a"), (1,): (1, "newer")}


def test_a_row_of_an_earlier_transaction_of_the_batch_comes_back() -> None:
    stored: dict[Key, Row] = {}
    batch = Batch({LINES: LINE}, lambda _, key: stored.get(key))
    first, passing = Statement(""), Statement("")
    first.put("c", "a", 1)
    passing.put("c", "b", 1)
    passing.delete("b", 1)
    batch.fold(first.events, 10)
    batch.fold(passing.events, 20)
    assert batch.tables[LINES].rows == {(1,): (1, "a")}
    batch.fold([first.events[0]], 30, continues=True)
    following = batch.take_unsettled(Batch({LINES: LINE}, lambda _, key: (1, "a")))
    assert batch.tables[LINES].rows == {(1,): (1, "a")}
    following.fold(passing.events[1:], 30)
    assert following.tables[LINES].touched == {(1,): 10}


def test_a_truncate_takes_every_row_of_a_key() -> None:
    statement = Statement("ab")
    statement.put("c", "new", 1)
    statement._event({"op": "t"})
    statement.put("c", "newest", 1)
    batch = Batch({LINES: LINE}, lambda _, __: None)
    batch.fold(statement.events, 10)
    assert batch.tables[LINES].rows == {(1,): (1, "newest")}
