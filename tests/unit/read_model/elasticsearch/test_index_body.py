"""Mappings follow the plan: strict, typed, nested where rows stay together."""

from dataclasses import replace
from typing import Any

import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.elasticsearch.index_body import index_body, typed_json_paths
from read_model.plan.model import Compute, Constant, DocumentPlan, Field, Include, Join, Node, Order, PipelinePlan
from tests.support.builders import plans


def properties_of(*fields: Field, search: dict[str, Any] | None = None) -> dict[str, Any]:
    """The mapped fields of a document with these fields."""
    node = Node(TableName("public", "t"), (plans.ID,), fields)
    body = index_body(DocumentPlan("t", node, (plans.ID,), search or {}))
    properties: dict[str, Any] = body["mappings"]["properties"]
    return properties


def test_the_index_is_strict_and_remembers_deletes_for_an_hour() -> None:
    body = index_body(plans.ORDERS_DOCUMENT, PipelinePlan("shop", (), spec_hash="abc"))
    assert body["settings"]["gc_deletes"] == "1h"
    assert body["mappings"]["dynamic"] == "strict"
    assert (body["mappings"]["_meta"]["pipeline"], body["mappings"]["_meta"]["spec_hash"]) == ("shop", "abc")


def test_another_mapping_is_another_shape() -> None:
    def shape(*fields: Field) -> str:
        root = Node(TableName("public", "t"), (plans.ID,), fields)
        return str(index_body(DocumentPlan("t", root, (plans.ID,)))["mappings"]["_meta"]["shape"])

    code = Field("code", Column("about", "jsonb"), ("code",))
    assert shape(code) == shape(code)
    assert shape(code) != shape(replace(code, options={"type": "object"}))


def test_every_part_of_a_document_is_mapped() -> None:
    mapped = index_body(plans.ORDERS_DOCUMENT)["mappings"]["properties"]
    assert list(mapped) == [
        *("status", "placed_at", "kind", "rank", "live", "none", "customer", "referrer", "lines", "payments", "tags"),
        *("line_count", "goods", "paid", "fees", "dearest", "least_fee"),
        "_rowtide",
    ]
    assert mapped["customer"].keys() == {"properties"}
    assert mapped["lines"]["type"] == "nested"
    assert mapped["lines"]["include_in_root"] is True
    assert mapped["lines"]["properties"]["product"]["properties"]["category"]["type"] == "text"
    assert mapped["tags"]["type"] == "text"
    assert {name: mapped[name]["type"] for name in ("rank", "live", "line_count", "goods", "least_fee")} == {
        "rank": "long",
        "live": "boolean",
        "line_count": "long",
        "goods": "double",
        "least_fee": "double",
    }


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (Column("v", "int2"), "short"),
        (Column("v", "numeric", precision=18, scale=0), "long"),
        (Column("v", "numeric", precision=10, scale=2), "double"),
        (Column("v", "numeric"), "double"),
        (Column("v", "money"), "double"),
        (Column("v", "bpchar", length=5), "keyword"),
        (Column("v", "bpchar", length=500), "text"),
        (Column("v", "mood", kind="e"), "keyword"),
        (Column("v", "uuid"), "keyword"),
        (Column("v", "interval"), "keyword"),
        (Column("v", "timestamptz"), "date"),
        (Column("v", "inet"), "ip"),
        (Column("v", "jsonb"), "flattened"),
        (Column("v", "bytea"), "binary"),
        (Column("v", "_int4", element="int4"), "integer"),
        (Column("v", "_mood", element="mood", element_kind="e"), "keyword"),
    ],
)
def test_types(column: Column, kind: str) -> None:
    assert properties_of(Field("v", column))["v"]["type"] == kind


def test_options_choose_the_mapping() -> None:
    text = Column("v", "text")
    assert properties_of(Field("v", text, (), {"index": False}))["v"] == {"type": "object", "enabled": False}
    assert properties_of(Field("v", text, (), {"type": "keyword"}))["v"]["type"] == "keyword"
    assert properties_of(Field("v", Column("v", "jsonb"), ("a",)))["v"]["type"] == "keyword"
    assert properties_of(Field("v", text, (), {"analyzer": "standard"}))["v"]["analyzer"] == "standard"
    synonyms = {"synonyms": ["tv, television"]}
    mapped = properties_of(Field("v", text, (), {"analyzer": "english"}), search=synonyms)["v"]
    assert (mapped["analyzer"], mapped["search_analyzer"]) == ("rowtide_english", "rowtide_english_search")


def test_what_json_may_hold_is_told_from_what_its_field_is() -> None:
    about = Column("about", "jsonb")
    fields = (
        Field("code", about, ("code",)),
        Field("gift", about, ("gift",), {"type": "boolean"}),
        Field("parts", about, ("parts",), {"type": "flattened"}),
        Field("any", about, ("any",), {"type": "object"}),
        Field("about", about),
        Field("word", about, (), {"type": "keyword"}),
        Field("text", Column("text", "text")),
    )
    document = DocumentPlan("t", Node(TableName("public", "t"), (plans.ID,), fields), (plans.ID,))
    assert typed_json_paths(document) == ("code", "gift", "parts", "word")
    assert index_body(document)["mappings"]["properties"]["gift"] == {"type": "boolean", "ignore_malformed": True}


def test_what_people_and_privacy_need_to_know_is_kept_by_path() -> None:
    leaf = Node(plans.CUSTOMERS, (plans.ID,), (Field("email", plans.CUSTOMER_EMAIL, (), {"pii": "email"}),))
    include = Include("people", True, leaf, Join((plans.ID,), (plans.ID,)), order_by=(Order(plans.ID),))
    root = Node(plans.ORDERS, (plans.ID,), (), includes=(include,))
    meta = index_body(DocumentPlan("t", root, (plans.ID,), {"boost": {"people.email": 2}}))["mappings"]["_meta"]
    assert meta["fields"] == {"people.email": {"pii": "email"}}
    assert meta["search"] == {"boost": {"people.email": 2}}


def test_values_from_further_are_mapped_where_they_are_shown() -> None:
    on_id = Join((plans.ID,), (plans.ID,))
    leaf = Node(plans.CUSTOMERS, (plans.ID,), (Field("email", plans.CUSTOMER_EMAIL, (), {"pii": "email"}),))
    address = Include("", False, leaf, on_id, value=True)
    mail = Include("mail", False, Node(plans.ORDERS, (plans.ID,), includes=(address,)), on_id, value=True)
    person = replace(address, value=False)
    order = (Order(plans.ID),)
    row = Node(plans.ORDERS, (plans.ID,), includes=(person,))
    people = Include("people", True, row, on_id, order_by=order, value=True)
    known = Include(
        "known", True, Node(plans.ORDERS, (plans.ID,), (), (Constant("x", True),)), on_id, order_by=order, value=True
    )
    body = index_body(DocumentPlan("t", Node(plans.ORDERS, (plans.ID,), includes=(mail, people, known)), (plans.ID,)))
    properties, meta = body["mappings"]["properties"], body["mappings"]["_meta"]
    assert properties["mail"]["type"] == "text"
    assert (properties["people"]["type"], set(properties["people"]["properties"])) == ("nested", {"email"})
    assert properties["known"] == {"type": "boolean"}
    assert meta["order"] == ["mail", "people.email", "known"]
    assert meta["fields"] == {"mail": {"pii": "email"}, "people.email": {"pii": "email"}}


def test_what_is_computed_of_personal_data_is_personal() -> None:
    leaf = Node(plans.CUSTOMERS, (plans.ID,), (Field("email", plans.CUSTOMER_EMAIL, (), {"pii": "email"}),))
    people = Include("people", True, leaf, Join((plans.ID,), (plans.ID,)))
    hidden = Include("", True, Node(plans.CUSTOMERS, (plans.ID,)), Join((plans.ID,), (plans.ID,)))
    computes = (
        Compute("first", "min", people, plans.CUSTOMER_EMAIL),
        Compute("last", "max", hidden, plans.CUSTOMER_EMAIL),
        Compute("number", "max", people, plans.ID),
        Compute("count", "count", people),
    )
    root = Node(plans.ORDERS, (plans.ID,), includes=(people,), computes=computes)
    meta = index_body(DocumentPlan("orders", root, (plans.ID,)))["mappings"]["_meta"]
    assert meta["fields"] == {name: {"pii": "email"} for name in ("people.email", "first", "last")}
    assert meta["order"] == ["people.email", "first", "last", "number", "count"]


def test_a_second_use_of_personal_data_is_personal() -> None:
    extra = Column("extra", "jsonb")
    person = Node(
        plans.CUSTOMERS,
        (plans.ID,),
        (
            Field("email", plans.CUSTOMER_EMAIL, (), {"pii": "email"}),
            Field("contact", plans.CUSTOMER_EMAIL, (), {"label": "Contact"}),
            Field("shown", plans.CUSTOMER_EMAIL, (), {"pii": False}),
            Field("birth", extra, ("who", "born"), {"pii": True}),
            Field("phone", extra, ("phone",), {"pii": "phone"}),
            Field("who", extra, ("who",)),
            Field("day", extra, ("who", "born", "day")),
            Field("country", extra, ("country",)),
            Field("all", extra),
        ),
    )
    people = Include("people", True, person, Join((plans.ID,), (plans.ID,)))
    orders = DocumentPlan("orders", Node(plans.ORDERS, (plans.ID,), includes=(people,)), (plans.ID,))
    fields = index_body(orders)["mappings"]["_meta"]["fields"]
    assert {name.removeprefix("people."): notes.get("pii") for name, notes in fields.items()} == {
        "email": "email",
        "contact": "email",
        "birth": True,
        "phone": "phone",
        "who": True,
        "day": True,
        "all": ["personal", "phone"],
    }
    assert fields["people.contact"]["label"] == "Contact"
    alone = Node(plans.CUSTOMERS, (plans.ID,), (Field("mail", plans.CUSTOMER_EMAIL),))
    other = DocumentPlan("customers", alone, (plans.ID,))
    for body in (index_body(other, others=(orders,)), index_body(other, PipelinePlan("shop", (orders, other)))):
        assert body["mappings"]["_meta"]["fields"] == {"mail": {"pii": "email"}}


def test_readers_are_told_which_fields_are_states() -> None:
    mood = Field("mood", Column("mood", "mood", kind="e", labels=("sad", "happy")))
    root = Node(plans.ORDERS, (plans.ID,), (Field("v", Column("v", "text")), mood))
    meta = index_body(DocumentPlan("orders", root, (plans.ID,)))["mappings"]["_meta"]
    assert (meta["order"], meta["states"]) == (["v", "mood"], ["mood"])


def test_limits_rise_with_the_document() -> None:
    node = Node(plans.ORDERS, (plans.ID,), tuple(Field(f"f{n}", Column("v", "text")) for n in range(600)))
    settings = index_body(DocumentPlan("t", node, (plans.ID,)))["settings"]
    assert settings["mapping.total_fields.limit"] == 2406
    assert "mapping.depth.limit" not in settings
