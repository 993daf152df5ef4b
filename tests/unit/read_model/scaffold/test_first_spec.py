"""The first spec that is written for a database."""

from dataclasses import replace

import pytest

from read_model.catalog.catalog import Catalog, TableName
from read_model.plan.model import DocumentPlan, Node, nodes
from read_model.plan.resolve import resolve
from read_model.scaffold.first_spec import write_spec
from read_model.scaffold.foreign_keys import usable
from read_model.spec.errors import UnusableRootError
from read_model.spec.parser import parse_spec
from tests.support.builders.catalogs import answered, database, table
from tests.support.builders.irregular_catalogue import IRREGULAR


def written(catalog: Catalog, *roots: str) -> tuple[DocumentPlan, ...]:
    """The documents of the first spec, read and resolved again."""
    names = [TableName(schema or "public", name) for schema, _, name in (root.rpartition(".") for root in roots)]
    text = write_spec(catalog, names, "first")
    return resolve(parse_spec(text, "first.yaml"), catalog).documents


def shape(node: Node) -> dict[str, object]:
    """Includes as a tree of names, with what they are."""
    return {
        f"{include.name}{'[]' if include.many else ''}{' value' if include.value else ''}": shape(include.node)
        for include in node.includes
    }


def test_orders_of_the_shop() -> None:
    (orders,) = written(answered("shop"), "orders")
    assert shape(orders.root) == {
        "bill_address": {},
        "ship_address": {},
        "customer": {},
        "order_lines[]": {"product": {"category": {}}},
        "tags[] value": {},
        "payments[]": {},
        "shipments[]": {},
    }
    assert "customer_id" not in [field.name for field in orders.root.fields]


def test_of_a_table_that_others_inherit_from_only_its_own_rows_are_shown() -> None:
    shop = answered("shop").tables
    parents = {name: replace(each, inherited=name.name in ("orders", "payments")) for name, each in shop.items()}
    (orders,) = written(Catalog(parents), "orders")
    assert orders.root.table.rows == 'ONLY "public"."orders"'
    assert [node.table.name for node in nodes(orders.root) if node.table.rows.startswith("ONLY")] == [
        "orders",
        "payments",
    ]


def test_employees_of_northwind_refer_to_themselves_one_level() -> None:
    (employees,) = written(answered("northwind"), "employees")
    shapes = shape(employees.root)
    assert shapes["reports_to"] == {}
    assert shapes["employees_by_reports_to[]"] == {}
    assert shapes["territories[]"] == {"region value": {}}
    assert "photo" not in [field.name for field in employees.root.fields]


def test_a_table_between_two_others_with_more_to_say_is_an_array() -> None:
    (orders,) = written(answered("northwind"), "orders")
    lines = next(include for include in orders.root.includes if include.name == "order_details")
    assert lines.many
    assert lines.through is None
    assert [field.name for field in lines.node.fields] == [
        "order_id",
        "product_id",
        "unit_price",
        "quantity",
        "discount",
    ]


def test_several_keys_between_two_tables_have_names_of_their_own() -> None:
    (people,) = written(IRREGULAR, "people")
    assert shape(people.root) == {
        "boss": {},
        "orders[]": {},
        "people_by_boss[]": {},
        "people_by_a[]": {},
        "people_by_b[]": {},
        "profiles": {},
        "letters_by_sender[]": {},
        "letters_by_receiver[]": {},
    }


def test_names_that_yaml_or_a_document_would_misread() -> None:
    catalog = database(
        table("Odd Name", "No int8 notnull; all text; _x text; null text; a.b text; 7 int4; p box", key="No"),
    )
    text = write_spec(catalog, [TableName("public", "Odd Name")], "first")
    (document,) = resolve(parse_spec(text, "first.yaml"), catalog).documents
    assert document.name == "odd_name"
    assert {field.name: field.column.name for field in document.root.fields} == {
        "No": "No",
        "all_": "all",
        "x": "_x",
        "null": "null",
        "a_b": "a.b",
        "7": "7",
    }
    assert "# omitted: p (box: the type box is not supported)" in text


@pytest.mark.parametrize(
    "catalog", [answered("shop"), answered("northwind"), IRREGULAR], ids=["shop", "northwind", "odd"]
)
def test_every_table_that_can_be_a_root_gets_a_spec_without_errors(catalog: Catalog) -> None:
    roots = [str(candidate.name) for candidate in catalog.tables.values() if usable(candidate)]
    assert len(written(catalog, *roots)) == len(roots)


def test_roots_that_cannot_be() -> None:
    with pytest.raises(UnusableRootError, match=r"Table public\.nothing does not exist"):
        write_spec(IRREGULAR, [TableName("public", "nothing")], "first")
    with pytest.raises(UnusableRootError, match=r"public\.loose cannot be a root: it has no usable primary key"):
        write_spec(IRREGULAR, [TableName("public", "loose")], "first")
