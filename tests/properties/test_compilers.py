"""The SQLite compiler against a plain-Python reading of the same plans, over random small databases."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from read_model.catalog.catalog import TableName
from read_model.plan.model import DocumentPlan
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
changes = st.lists(
    st.sampled_from(sorted(COLUMNS)).flatmap(lambda table: st.tuples(st.just(table), row_of(table), st.booleans())),
    min_size=1,
    max_size=4,
)


def store_of(rows: Rows) -> RowStore:
    """A row store that holds the rows."""
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    for table, members in rows.items():
        for row in members.values():
            store.upsert(table, row)
    return store


def expected(plan: DocumentPlan, rows: Rows) -> dict[str, Any]:
    """The documents by id, as the Python oracle reads them."""
    return oracle.documents(plan, {table: list(members.values()) for table, members in rows.items()})


@pytest.mark.parametrize("plan", plans.DOCUMENTS, ids=lambda plan: plan.name)
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
def test_every_document_that_a_batch_changes_becomes_pending(
    rows: Rows, batch: list[tuple[TableName, dict[str, Any], bool]]
) -> None:
    store = store_of(rows)
    before = {plan.name: expected(plan, rows) for plan in plans.DOCUMENTS}
    for table, row, _ in batch:
        store.note_changed(table, key_of(table, row))
    store.touch_changed()
    for table, row, deleted in batch:
        key = key_of(table, row)
        if deleted:
            store.delete(table, key)
            rows[table].pop(key, None)
        else:
            store.upsert(table, row)
            rows[table][key] = row
    store.touch_changed()
    for plan in plans.DOCUMENTS:
        old, new = before[plan.name], expected(plan, rows)
        changed = {identity for identity in old.keys() | new.keys() if old.get(identity) != new.get(identity)}
        assert changed <= store.pending(plan)
