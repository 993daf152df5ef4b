"""The fields whose values may not fit the type that the spec chooses, and the queries that count them."""

from read_model.catalog.catalog import Column, TableName
from read_model.elasticsearch.unindexed_values import unindexed_body, unindexed_counts
from read_model.plan.chosen_types import chosen_types
from read_model.plan.model import DocumentPlan, Field, Include, Join, Node, Order
from read_model.postgres.unfit_values import unfit_queries
from tests.support.builders import plans

CODE, ABOUT = Column("code", "text"), Column("about", "jsonb")


def document() -> DocumentPlan:
    address = Node(
        TableName("public", "addresses"),
        (plans.ID,),
        (
            Field("postal_code", CODE, (), {"type": "long"}),
            Field("city", CODE),
            Field("tag", CODE, (), {"type": "keyword"}),
        ),
    )
    join = Join((plans.ID,), (plans.ID,))
    fields = (
        Field("due", ABOUT, ("due",), {"type": "date"}),
        Field("hidden", CODE, (), {"type": "long", "index": False}),
        Field("code", CODE),
    )
    addresses = Include("addresses", True, address, join, order_by=(Order(plans.ID),))
    root = Node(TableName("public", "people"), (plans.ID,), fields, includes=(addresses,))
    return DocumentPlan("people", root, (plans.ID,))


def test_only_types_that_do_not_take_every_value_count() -> None:
    assert chosen_types(document()) == {"due": "date", "addresses.postal_code": "long"}


def test_each_table_is_read_once() -> None:
    first, second = unfit_queries(document())
    assert [(field.document, field.name, field.kind) for field in first.fields] == [("people", "due", "date")]
    assert second.table == TableName("public", "addresses")
    assert 'FROM "public"."addresses" r' in second.sql


def test_the_index_names_what_it_does_not_index() -> None:
    body = unindexed_body(["due"])
    assert body["aggs"]["paths"]["filters"]["filters"] == {"due": {"term": {"_ignored": "due"}}}
    buckets = {"due": {"doc_count": 232}, "other": {"doc_count": 0}}
    assert unindexed_counts({"aggregations": {"paths": {"buckets": buckets}}}) == {"due": 232}
