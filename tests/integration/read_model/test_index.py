"""The real server accepts the compiled indexes and the documents built for them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import psycopg
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.elasticsearch.index_body import index_body
from read_model.elasticsearch.unindexed_values import unindexed_body, unindexed_counts
from read_model.plan.chosen_types import CHOOSY, chosen_types
from read_model.plan.model import DocumentPlan, Field, Node, TableUse
from read_model.postgres.unfit_values import unfit_queries
from read_model.sqlite import rows
from sync_worker.store.pending_sql import build
from tests.support.builders import plans
from tests.support.builders.edge_values import EDGES
from tests.support.fakes.row_store import RowStore

Send = Callable[..., Any]


@pytest.fixture(scope="module")
def send(stack: Any) -> Iterator[Send]:
    """Sends a request to the stack's Elasticsearch and returns the body; fails unless it succeeds."""
    environment = stack.addresses.environment()
    login = (environment["ROWTIDE_ELASTICSEARCH_USERNAME"], environment["ROWTIDE_ELASTICSEARCH_PASSWORD"])
    with httpx.Client(
        base_url=environment["ROWTIDE_ELASTICSEARCH_URL"], auth=login, timeout=60, trust_env=False
    ) as client:

        def request(method: str, path: str, **content: Any) -> Any:
            response = client.request(method, path, **content)
            assert response.is_success, response.text
            return response.json()

        yield request


@pytest.fixture
def index(send: Send) -> Iterator[str]:
    """A name for an index, deleted afterwards."""
    name = f"read-model-{uuid4().hex[:12]}"
    yield name
    send("DELETE", f"/{name}")


def send_all(send: Send, index: str, store: RowStore, plan: DocumentPlan) -> None:
    """Create the index and send every document; none may be refused."""
    send("PUT", f"/{index}", json=index_body(plan))
    store.build_all(plan)
    statement = build(plan, "fresh")
    bodies = [body for _, body, _ in store.connection.execute(statement, {"after": 0, "limit": 1000, "version": 7})]
    headers = {"content-type": "application/x-ndjson"}
    answer = send("POST", f"/{index}/_bulk?refresh=true", content=b"".join(bodies), headers=headers)
    assert [item for item in answer["items"] if item["index"]["status"] != 201] == []


def hits(send: Send, index: str, query: dict[str, Any]) -> int:
    """How many documents a query finds."""
    return int(send("POST", f"/{index}/_search", json={"query": query})["hits"]["total"]["value"])


UNFIT: tuple[Any, ...] = (
    *(
        "12",
        12,
        12.5,
        "12 cm",
        "1e3",
        "yes",
        "true",
        True,
        "false",
        False,
        0,
        2025,
        "2025-01-31",
        "2025-13-01",
        "unknown",
    ),
    *("2025-01-31T10:00:00Z", "2025-01-31T10:00", "2025-01-31 10:00", "10.0.0.1", "::1", 1735689600000, 3000000000),
    *("9223372036854775808", "", [1, "x"], [], None, "0x10"),
)


def test_values_that_do_not_fit_are_counted_alike_before_and_after(send: Send, index: str, stack: Any) -> None:
    about = Column("about", "jsonb")
    table, kinds = TableName("pg_temp", "choosy"), sorted(CHOOSY)
    fields = tuple(Field(kind, about, ("v",), {"type": kind}) for kind in kinds)
    plan = DocumentPlan(index, Node(table, (plans.ID,), fields), (plans.ID,))
    store = RowStore((TableUse(table, (plans.ID, about), (plans.ID,)),), (plan,))
    (query,) = unfit_queries(plan)
    with psycopg.connect(stack.addresses.postgres_dsn) as connection:
        connection.execute("CREATE TEMP TABLE choosy (id int, about jsonb)")
        for n, value in enumerate(UNFIT):
            text = msgspec.json.encode({"v": value}).decode()
            store.upsert(table, {"id": n, "about": text})
            connection.execute("INSERT INTO choosy VALUES (%s, %s)", (n, text))
        send_all(send, index, store, plan)
        counted = send("POST", f"/{index}/_search", json=unindexed_body(chosen_types(plan)))
        counts = connection.execute(query.sql).fetchone()
        connection.execute("""INSERT INTO choosy VALUES (99, '{"v": {"an": "object"}}')""")
        more = connection.execute(query.sql).fetchone()
    assert counts is not None
    assert more is not None
    assert unindexed_counts(counted) == dict(zip(kinds, counts[1::2], strict=True))
    assert set(counts[::2]) == {len(UNFIT) - 1}
    assert [after - before for before, after in zip(counts, more, strict=True)] == [1] * 2 * len(kinds)


@pytest.mark.parametrize("plan", plans.DOCUMENTS, ids=lambda plan: plan.name)
def test_documents_are_indexed_as_they_are_built(plan: DocumentPlan, send: Send, index: str) -> None:
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    order = {"id": 1, "customer_id": 1, "referrer_id": 1, "status": "paid", "deleted": False}
    store.upsert(plans.ORDERS, {**order, "placed_at": "2024-05-01T09:30:00.000001Z"})
    store.upsert(plans.CUSTOMERS, {"id": 1, "name": "Zoë", "email": None})
    store.upsert(plans.CATEGORIES, {"id": 1, "name": "all", "parent_id": 1})
    store.upsert(plans.PRODUCTS, {"id": 1, "sku": "A-1", "price": Decimal("9.60"), "category_id": 1})
    line = {"order_id": 1, "line_no": 1, "product_id": 1, "quantity": 2, "unit_price": Decimal("9.60")}
    store.upsert(plans.LINES, line)
    store.upsert(plans.PAYMENTS, {"id": 1, "order_id": 1, "amount": Decimal("NaN"), "fee": Decimal("0.1")})
    store.upsert(plans.TAGS, {"id": 1, "name": "new"})
    store.upsert(plans.ORDER_TAGS, {"order_id": 1, "tag_id": 1, "rank": None})
    send_all(send, index, store, plan)
    if plan is plans.ORDERS_DOCUMENT:
        assert hits(send, index, {"match": {"customer.name": "ZOE"}}) == 1
        assert hits(send, index, {"prefix": {"lines.product.sku": "a"}}) == 1
        price = {"range": {"lines.unit_price": {"gt": 9}}}
        assert hits(send, index, {"nested": {"path": "lines", "query": price}}) == 1


def test_values_of_every_type_are_indexed(send: Send, index: str) -> None:
    table = TableName("public", "t")
    columns = [plans.ID, *(replace(column, name=name) for name, (column, _, _) in EDGES.items())]
    use = TableUse(table, tuple(columns), (plans.ID,))
    plan = DocumentPlan("t", Node(table, (plans.ID,), plans.fields(*columns)), (plans.ID,))
    store = RowStore((use,), (plan,))
    for n in range(max(len(cases) for _, _, cases in EDGES.values()) + 1):
        values: list[Any] = [n]
        for name, (_, _, cases) in EDGES.items():
            kind: Any = rows.decoded_types(use)[name]
            sent = cases[n][1] if n < len(cases) else "null"
            values.append(msgspec.json.decode(sent, type=kind if kind is msgspec.Raw else kind | None))
        store.connection.execute(rows.upsert(use), values)
    send_all(send, index, store, plan)


def test_texts_are_folded_stemmed_and_widened(send: Send, index: str) -> None:
    table, body = TableName("public", "t"), Column("v", "text")
    fields = (Field("en", body, (), {"analyzer": "english"}), Field("plain", body))
    plan = DocumentPlan("t", Node(table, (plans.ID,), fields), (plans.ID,), {"synonyms": ["tv => television"]})
    store = RowStore((TableUse(table, (plans.ID, body), (plans.ID,)),), (plan,))
    store.upsert(table, {"id": 1, "v": "Café with televisions"})
    send_all(send, index, store, plan)
    assert hits(send, index, {"match": {"plain": "cafe"}}) == 1
    assert hits(send, index, {"match": {"en": "TV"}}) == 1
    assert hits(send, index, {"match": {"plain": "television"}}) == 0
    assert hits(send, index, {"term": {"plain.keyword": "Café with televisions"}}) == 1
