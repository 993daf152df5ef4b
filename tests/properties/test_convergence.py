"""Whatever happens to the source, Connect, the worker and its bulks, the documents converge to the database.

Random histories of an eight-table shop run through the worker's own parts against an index double. The planted faults
of `test_planted_faults.py` show that the checks can fail.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from read_model.catalog.catalog import TableName
from sync_worker.store.transaction_spool import CHUNK_EVENTS
from tests.properties.test_compilers import COLUMNS, key_of, row_of
from tests.support.builders import plans
from tests.support.builders.deferred_keys import Deferred
from tests.support.builders.history import Delete, Move, Operation, Put, Source, Step, Truncate
from tests.support.oracle.loop_simulation import Turn, check

tables = st.sampled_from(sorted(COLUMNS))


def operations_on(table: TableName) -> st.SearchStrategy[Operation]:
    """Any operation on a table; inserts and updates are the most frequent."""
    key = row_of(table).map(lambda row: key_of(table, row))
    put: st.SearchStrategy[Operation] = st.builds(Put, st.just(table), row_of(table), st.booleans())
    delete: st.SearchStrategy[Operation] = st.builds(Delete, st.just(table), key)
    move: st.SearchStrategy[Operation] = st.builds(Move, st.just(table), key, key)
    truncate: st.SearchStrategy[Operation] = st.just(Truncate(table))
    return st.one_of(put, put, put, delete, move, move, truncate)


numbers = st.integers(0, 7)
permutations: st.SearchStrategy[list[tuple[int, int]]] = st.permutations(range(4)).flatmap(
    lambda targets: st.permutations(list(enumerate(targets)))
)
"""Up to four rows take each other's keys, in the order in which a statement meets them."""
line_rows = row_of(plans.LINES)
chains: st.SearchStrategy[list[Any]] = st.lists(
    st.one_of(st.tuples(numbers, line_rows.map(lambda row: key_of(plans.LINES, row)) | numbers), line_rows, numbers),
    max_size=8,
)
"""Keys that change, inserts and deletes, in any order."""
deferred: st.SearchStrategy[Operation] = st.builds(
    Deferred, st.just(plans.LINES), st.one_of(permutations, chains).map(tuple), st.booleans()
)
lines: st.SearchStrategy[Operation] = st.one_of(operations_on(plans.LINES), deferred, deferred)


some = st.lists(tables.flatmap(operations_on), max_size=5) | st.lists(lines, max_size=5)
kills = st.none() | st.integers(0, 6)
resent, skipped = st.integers(0, 3), st.integers(0, 4)
CUSTOMER = Put(plans.CUSTOMERS, {"id": 4, "name": "new", "email": "new"})


def _transaction(operations: list[Operation], killed_after: int | None, resent: int, skipped: int) -> Step:
    return lambda source: source.transaction(
        *operations, killed_after=killed_after, resent_transactions=resent, skipped_records=skipped
    )


def _kill(resent: int, skipped: int) -> Step:
    return lambda source: source.kill_connect(resent, skipped)


def _zombie_task(operations: list[Operation], resent: int, skipped: int, turns: list[int]) -> Step:
    return lambda source: source.transaction_with_zombie_task(
        *operations, resent_transactions=resent, skipped_records=skipped, turns=turns
    )


def _resnapshot(operations: list[Operation], captured: int, aborted_after: int | None) -> Step:
    """A new snapshot after transactions that the log never shows. It is never empty: that could not be seen in the
    log."""

    def step(source: Source) -> None:
        source.uncaptured(*operations, CUSTOMER, captured_records=captured)
        source.snapshot(aborted_after)

    return step


def _inconsistent_snapshot(operations: list[Operation], captured: int, between: list[list[Operation]]) -> Step:
    """The snapshot of a connector that died; the customer keeps it from being empty."""

    def step(source: Source) -> None:
        source.uncaptured(*operations, CUSTOMER, captured_records=captured)
        source.inconsistent_snapshot(*between)

    return step


transactions = st.builds(_transaction, some, kills, resent, skipped)
steps = st.one_of(
    transactions,
    transactions,
    transactions,
    transactions,
    st.just(Source.heartbeat),
    st.just(Source.neighbours_heartbeat),
    st.builds(_kill, resent, skipped),
    st.builds(_zombie_task, some, resent, skipped, st.lists(st.integers(1, 4), max_size=8)),
    st.builds(_resnapshot, some, st.integers(0, 3), kills),
    st.builds(_inconsistent_snapshot, some, st.integers(0, 3), st.lists(some, max_size=8)),
)


@st.composite
def histories(draw: Any) -> Source:
    """A source with a past before its first snapshot, and a log."""
    source = Source(plans.TABLES)
    source.uncaptured(*draw(st.lists(tables.flatmap(operations_on), max_size=8)))
    source.snapshot(draw(kills))
    for step in draw(st.lists(steps, max_size=9)):
        step(source)
    source.heartbeat()
    source.transaction()  # A heartbeat's own commit: it ends what a dead task left open.
    source.heartbeat()
    return source


reads = st.tuples(st.just("read"), st.integers(1, 12))
sends = st.tuples(st.just("send"), st.just(0))
which = st.integers(0, 7)
others = st.tuples(st.sampled_from(["arrive", "acknowledge", "acknowledge", "refresh", "late"]), which)
crashes = st.tuples(st.just("crash"), st.just(0)) | st.tuples(st.just("crash in take"), st.integers(0, 30))
schedules: st.SearchStrategy[list[Turn]] = st.lists(
    st.one_of(reads, reads, sends, sends, sends, others, others, crashes), max_size=40
)


# No shrinking: a history has no smaller form that is worth minutes; its log and the blob to repeat it are printed.
@settings(
    max_examples=100,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(source=histories(), turns=schedules)
def test_documents_converge(source: Source, turns: list[Turn]) -> None:
    check(source, turns)


def _customer(name: str, id_: int = 1) -> Put:
    return Put(plans.CUSTOMERS, {"id": id_, "name": name, "email": "long"}, toast=True)


def _order(customer: int) -> Put:
    row = {"id": 1, "customer_id": customer, "referrer_id": None, "status": "open"}
    return Put(plans.ORDERS, row | {"placed_at": None, "deleted": False})


def test_a_key_change_survives_the_edge_of_a_spooled_chunk() -> None:
    source = Source(plans.TABLES)
    source.uncaptured(_customer("first"), _order(1))
    source.snapshot()
    before = len(source.log)
    changes = [_customer(f"name {number}") for number in range(CHUNK_EVENTS - 1)]
    source.transaction(*changes, Move(plans.CUSTOMERS, (1,), (2,)), _order(2))
    source.heartbeat()
    # All but END: with it the whole transaction is read back from the spool, and the move stands across two chunks.
    whole: list[Turn] = [("read", before), ("read", len(source.log) - before - 2), ("crash", 0)]
    check(source, whole)


def test_positions_do_not_wait_for_a_repeated_transaction() -> None:
    source = Source(plans.TABLES)
    source.snapshot()
    names = [_customer(f"name {number}", number) for number in range(1, 5)]
    source.transaction(*names)
    source.kill_connect(resent_transactions=1)
    source.transaction(_customer("later"), _customer("latest", 2), _customer("last", 3))
    source.heartbeat()
    length = len(names) + 2
    for more in range(length + 1):
        check(source, [("read", length), ("read", more), ("crash", 0), ("read", 3), ("crash", 0)])


def test_a_snapshot_holds_freshness_at_the_position_before_it() -> None:
    source = Source(plans.TABLES)
    source.snapshot()
    source.transaction(_customer("Ann"), _order(1))
    source.heartbeat()
    source.uncaptured(_customer("Bea"))
    source.snapshot()
    source.heartbeat()
    indexed: list[Turn] = [("send", 0), ("acknowledge", 0)] * 3
    check(source, [("read", 5), *indexed, ("refresh", 0), ("read", 9), *indexed, ("refresh", 0)])


def test_a_restart_publishes_no_unrefreshed_change() -> None:
    source = Source(plans.TABLES)
    source.snapshot()
    source.heartbeat()
    source.transaction(_customer("Ann"), _order(1))
    indexed: list[Turn] = [("send", 0), ("acknowledge", 0)] * 3
    check(source, [("read", 9), *indexed, ("crash", 0)])
