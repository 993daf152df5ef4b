"""The SQLite compiler against a plain-Python reading of the same plans, over random small databases."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from read_model.catalog.catalog import TableName
from read_model.plan.model import Compute, Condition, DocumentPlan, Include, Join, Node
from read_model.types.canonical_json import canonical, differences
from tests.support.builders import plans
from tests.support.fakes.row_store import RowStore
from tests.support.oracle import oracle

ids = st.integers(1, 4)
references = st.none() | ids
words = st.none() | st.sampled_from(["", "a", "b", "B", "é", "it's", "draft", 'x"y\\z', "𝄞", "\t", "tail "])
cents = st.none() | st.integers(-(10**10) + 1, 10**10 - 1).map(lambda units: Decimal(units).scaleb(-2))
decimals = st.none() | st.sampled_from(
    [Decimal(text) for text in ("0.1", "0.2", "9.60", "10.00", "0.5", "-3", "12345678901234567890123.45")]
)
floats = st.none() | st.sampled_from([Decimal(text) for text in ("0.1", "0.2", "-1.5", "14.0", "2.5E-7", "1.0E22")])
instants = st.none() | st.sampled_from(
    ["2024-05-01T09:30:00Z", "2024-05-01T09:30:00.5Z", "2024-05-01T09:30:01Z", "2023-12-31T23:59:59.999999Z"]
)

COLUMNS: dict[TableName, dict[str, st.SearchStrategy[Any]]] = {
    plans.CUSTOMERS: {"id": ids, "name": words, "email": words},
    plans.ORDERS: {
        "id": ids,
        "customer_id": references,
        "referrer_id": references,
        "status": words,
        "placed_at": instants,
        "deleted": st.sampled_from([False, False, True, None]),
    },
    plans.PRODUCTS: {"id": ids, "sku": words, "price": cents, "category_id": references},
    plans.CATEGORIES: {"id": ids, "name": words, "parent_id": references},
    plans.LINES: {
        "order_id": ids,
        "line_no": ids,
        "product_id": references,
        "quantity": references,
        "unit_price": cents,
    },
    plans.PAYMENTS: {"id": st.integers(1, 8), "order_id": references, "amount": decimals, "fee": floats},
    plans.TAGS: {"id": ids, "name": words},
    plans.ORDER_TAGS: {"order_id": ids, "tag_id": ids, "rank": references},
}
PRICED = DocumentPlan(
    name="priced categories",
    id=(plans.ID,),
    root=Node(
        plans.CATEGORIES,
        (plans.ID,),
        computes=(
            Compute(
                "dearest",
                "max",
                Include(
                    "products",
                    True,
                    Node(plans.PRODUCTS, (plans.ID,), where=(Condition(plans.PRODUCT_SKU, "is not null"),)),
                    Join((plans.ID,), (plans.PRODUCT_CATEGORY,)),
                ),
                plans.PRODUCT_PRICE,
            ),
        ),
    ),
)
"""A filter and an aggregate of columns that the document does not show."""
DOCUMENTS = (*plans.DOCUMENTS, PRICED)
KEYS = {use.table: tuple(column.name for column in use.primary_key) for use in plans.TABLES}
Rows = dict[TableName, dict[tuple[Any, ...], dict[str, Any]]]


def row_of(table: TableName) -> st.SearchStrategy[dict[str, Any]]:
    """One row of a table."""
    return st.fixed_dictionaries(COLUMNS[table])


def key_of(table: TableName, row: dict[str, Any]) -> tuple[Any, ...]:
    """A row's primary key."""
    return tuple(row[name] for name in KEYS[table])


databases = st.fixed_dictionaries({table: st.lists(row_of(table), max_size=7) for table in COLUMNS}).map(
    lambda tables: {table: {key_of(table, row): row for row in rows} for table, rows in tables.items()}
)
Change = tuple[TableName, dict[str, Any], str]
"""A table, a row of it, and what of the row takes effect: `all`, `none` (it is deleted), or one column."""


def change_of(table: TableName) -> st.SearchStrategy[Change]:
    """One change of a table. Most updates change a single column."""
    columns = [name for name in COLUMNS[table] if name not in KEYS[table]]
    return st.tuples(st.just(table), row_of(table), st.sampled_from(["all", "none", *columns, *columns]))


changes = st.lists(st.sampled_from(sorted(COLUMNS)).flatmap(change_of), min_size=1, max_size=4)


def applied(rows: Rows, batch: list[Change]) -> Rows:
    """The rows after the batch."""
    after = {table: dict(members) for table, members in rows.items()}
    for table, row, effect in batch:
        key = key_of(table, row)
        if effect == "none":
            after[table].pop(key, None)
        elif effect == "all":
            after[table][key] = row
        elif key in after[table]:
            after[table][key] = after[table][key] | {effect: row[effect]}
    return after


_CONNECTED: dict[TableName, list[dict[str, Any]]] = {
    plans.CUSTOMERS: [{"id": n, "name": f"name {n}", "email": f"{n}@example.org"} for n in (1, 2)],
    plans.ORDERS: [
        {
            "id": n,
            "customer_id": n % 2 + 1,
            "referrer_id": (None, 1, 2)[n - 1],
            "status": ("new", "paid", "draft")[n - 1],
            "placed_at": f"2024-05-0{n}T09:30:00Z",
            "deleted": n == 2,
        }
        for n in (1, 2, 3)
    ],
    plans.PRODUCTS: [
        {"id": n, "sku": (None, "a", "b")[n - 1], "price": Decimal(f"{n}.50"), "category_id": n} for n in (1, 2, 3)
    ],
    plans.CATEGORIES: [{"id": n, "name": f"category {n}", "parent_id": (None, 1, 2)[n - 1]} for n in (1, 2, 3)],
    plans.LINES: [
        {"order_id": n, "line_no": m, "product_id": m, "quantity": n + m, "unit_price": Decimal(f"{n}{m}.00")}
        for n in (1, 2, 3)
        for m in (1, 2)
    ],
    plans.PAYMENTS: [
        {"id": n, "order_id": n % 2 + 1, "amount": Decimal(n) / 4, "fee": Decimal(f"{n}.5")} for n in range(1, 5)
    ],
    plans.TAGS: [{"id": n, "name": f"tag {n}"} for n in (1, 2)],
    plans.ORDER_TAGS: [{"order_id": n, "tag_id": m, "rank": n * m % 3} for n in (1, 2, 3) for m in (1, 2)],
}
CONNECTED: Rows = {table: {key_of(table, row): row for row in rows} for table, rows in _CONNECTED.items()}
"""Rows that are all joined to others, where each column has several values."""


def store_of(rows: Rows) -> RowStore:
    """A row store that holds the rows."""
    store = RowStore(plans.TABLES, DOCUMENTS)
    for table, members in rows.items():
        for row in members.values():
            store.upsert(table, row)
    return store


def expected(plan: DocumentPlan, rows: Rows) -> dict[str, Any]:
    """The documents by id, as the Python oracle reads them."""
    return oracle.documents(plan, {table: list(members.values()) for table, members in rows.items()})


@pytest.mark.parametrize("plan", DOCUMENTS, ids=lambda plan: plan.name)
@settings(max_examples=40, deadline=None, print_blob=True)
@given(rows=databases)
def test_documents_are_what_the_plan_means(plan: DocumentPlan, rows: Rows) -> None:
    built = store_of(rows).build_all(plan)
    documents = expected(plan, rows)
    assert built.keys() == documents.keys()
    for identity, document in documents.items():
        assert differences(built[identity], oracle.encode(document)) == []
        assert canonical(built[identity]) == canonical(oracle.encode(document))


@settings(max_examples=60, deadline=None, print_blob=True)
@given(rows=databases, batch=changes)
def test_every_document_that_a_batch_changes_becomes_pending(rows: Rows, batch: list[Change]) -> None:
    store, after = store_of(rows), applied(rows, batch)
    touched = {(table, key_of(table, row)) for table, row, _ in batch}
    for table, key in touched:
        store.note_changed(table, key, after[table].get(key))
    store.touch_changed()
    for table, key in touched:
        if (present := after[table].get(key)) is None:
            store.delete(table, key)
        else:
            store.upsert(table, present)
    store.touch_changed()
    for plan in DOCUMENTS:
        old, new = expected(plan, rows), expected(plan, after)
        changed = {identity for identity in old.keys() | new.keys() if old.get(identity) != new.get(identity)}
        assert changed <= store.pending(plan)


def one_column_changed(rows: Rows) -> Iterator[tuple[TableName, tuple[Any, ...], dict[str, Any]]]:
    """Each row of a database with two other values of each column: the table, the key, the row."""
    for table, members in rows.items():
        for key, row in members.items():
            for name in row.keys() - set(KEYS[table]):
                others = {other[name] for other in members.values()} - {row[name]}
                yield from ((table, key, row | {name: value}) for value in sorted(others, key=str)[:2])


def test_every_document_that_one_column_changes_becomes_pending() -> None:
    rows = CONNECTED
    before = {plan.name: expected(plan, rows) for plan in DOCUMENTS}
    seen = 0
    for table, key, row in one_column_changed(rows):
        store = store_of(rows)
        store.note_changed(table, key, row)
        store.touch_changed()
        store.upsert(table, row)
        store.touch_changed()
        after = rows | {table: rows[table] | {key: row}}
        for plan in DOCUMENTS:
            old, new = before[plan.name], expected(plan, after)
            changed = {identity for identity in old.keys() | new.keys() if old.get(identity) != new.get(identity)}
            assert changed <= store.pending(plan)
            seen += len(changed)
    assert seen > 100
