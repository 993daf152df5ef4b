"""A spec against a database: what it resolves to, and what is rejected."""

from dataclasses import replace

import pytest

from read_model.catalog.catalog import Catalog, TableName
from read_model.catalog.column_types import SUPPORTED
from read_model.plan.describe import plan_text
from read_model.plan.fingerprint import spec_hash
from read_model.plan.model import DocumentPlan, Include, PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.parser import parse_spec
from read_model.types.value_forms import form
from tests.support.builders import plans
from tests.support.builders.catalogs import answered, column, database, table
from tests.support.builders.irregular_catalogue import IRREGULAR
from tests.support.paths import EXAMPLES

SHOP = answered("shop")


def plan(text: str, catalog: Catalog = IRREGULAR) -> PipelinePlan:
    return resolve(parse_spec(text, "spec.yaml"), catalog)


def document(root: str, body: str = "", catalog: Catalog = IRREGULAR) -> DocumentPlan:
    """The document `d` of a table, with these lines below `from`."""
    indented = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return plan(f"pipeline: p\ndocuments:\n  d:\n    from: {root}\n{indented}", catalog).documents[0]


def include(root: str, words: str, catalog: Catalog = IRREGULAR) -> Include:
    return document(root, f"fields: []\ninclude: {{i: {words}}}", catalog).root.includes[0]


def shown(include: Include) -> tuple[list[str], list[str]]:
    assert include.join
    return [column.name for column in include.join.left], [column.name for column in include.join.right]


@pytest.mark.parametrize(("example", "name"), [("orders.yaml", "shop"), ("northwind.yaml", "northwind")])
def test_shipped_specs_fit_their_databases(example: str, name: str) -> None:
    resolved = resolve(parse_spec((EXAMPLES / example).read_text(), example), answered(name))
    assert resolved.pipeline == name
    assert resolved.documents
    assert "captured tables" in plan_text(resolved)


def test_tables_hold_exactly_the_columns_that_documents_use() -> None:
    resolved = plan(
        """
pipeline: p
documents:
  orders:
    from: orders
    fields: [number]
    where: {deleted_at: null}
    include:
      lines:
        many: order_lines
        order_by: [line_no]
        fields: [quantity]
        include: {product: {one: products, value: name}}
      tags: {many: tags, through: order_tags, value: name}
    compute: {paid: {sum: amount, of: {many: payments, where: {kind: refund}}}}
""",
        SHOP,
    )
    used = {use.table.name: ([used.name for used in use.columns], use.lookups) for use in resolved.tables}
    assert used == {
        "orders": (["id", "number", "deleted_at"], ()),
        "order_lines": (["id", "order_id", "line_no", "product_id", "quantity"], (("order_id",), ("product_id",))),
        "products": (["id", "name"], ()),
        "tags": (["id", "name"], ()),
        "order_tags": (["order_id", "tag_id"], (("order_id",), ("tag_id",))),
        "payments": (["id", "order_id", "kind", "amount"], (("order_id",),)),
    }


def test_an_id_may_be_another_key_and_is_looked_up_by() -> None:
    text = "pipeline: p\ndocuments: {d: {from: people, id: mail, fields: []}}"
    resolved = plan(text)
    assert [part.name for part in resolved.documents[0].id] == ["mail"]
    assert resolved.tables[0].lookups == (("mail",),)
    assert [part.name for part in document("parts").id] == ["id", "day"]
    assert [part.name for part in document("parts", "id: [day, id]").id] == ["day", "id"]


def test_all_columns_but_those_excluded_or_chosen() -> None:
    people = document("people", "fields: [all, {born_on: born}]\nexclude: [boss]")
    assert [field.name for field in people.root.fields] == ["id", "mail", "nick", "born_on"]


def test_foreign_keys_are_found_in_both_directions() -> None:
    assert shown(include("sales.orders", "{one: people}")) == (["customer"], ["id"])
    assert shown(include("people", "{many: sales.orders}")) == (["id"], ["customer"])
    assert shown(include("people", "{one: profiles}")) == (["id"], ["person"])
    assert shown(include("uses", "{one: parts}")) == (["part", "day"], ["id", "day"])


def test_a_foreign_key_is_chosen_by_columns_or_by_name() -> None:
    assert shown(include("letters", "{one: people, by: receiver}")) == (["receiver"], ["mail"])
    assert shown(include("letters", "{one: people, by: letters_sender_fkey}")) == (["sender"], ["mail"])
    assert shown(include("people", "{many: letters, by: sender}")) == (["mail"], ["sender"])
    assert shown(include("uses", "{one: parts, by: [day, part]}")) == (["part", "day"], ["id", "day"])


def test_a_table_can_refer_to_itself() -> None:
    assert shown(include("people", "{one: people, by: boss}")) == (["boss"], ["id"])
    assert shown(include("people", "{many: people, by: boss}")) == (["id"], ["boss"])


def test_an_undeclared_join() -> None:
    assert shown(include("people", "{one: parts, on: {id: id, born: day}}")) == (["id", "born"], ["id", "day"])
    assert shown(include("people", "{many: letters, on: {nick: sender}}")) == (["nick"], ["sender"])


def test_a_junction_between_two_tables_and_within_one() -> None:
    tags = include("orders", "{many: tags, through: order_tags, order_by: [{order_tags.tagged_at: desc}]}", SHOP)
    assert tags.through
    assert [(term.column.name, term.descending, term.junction) for term in tags.order_by] == [
        ("tagged_at", True, True),
        ("id", False, False),
        ("order_id", False, True),
        ("tag_id", False, True),
    ]
    for words in ("from: a, to: b", "from: a", "to: b", "from: {id: a}, to: {b: id}"):
        friends = include("people", f"{{many: people, through: {{table: friends, {words}}}}}").through
        assert friends
        assert [joined.name for joined in (*friends.enter.left, *friends.enter.right)] == ["id", "a"]
        assert [joined.name for joined in (*friends.leave.left, *friends.leave.right)] == ["b", "id"]


def test_arrays_have_a_total_order() -> None:
    orders = include("people", "{many: sales.orders, order_by: [{Total: desc}]}").order_by
    assert [(term.column.name, term.descending) for term in orders] == [("Total", True), ("id", False)]


def test_other_schemas_and_capitals() -> None:
    assert document("My.Table").root.table == TableName("My", "Table")
    assert document("sales.orders", "fields: [Total]").root.fields[0].name == "Total"


def test_a_value_is_a_node_with_one_field() -> None:
    person = include("sales.orders", "{one: people, value: mail, where: {nick: ab}}")
    assert person.value
    assert [field.name for field in person.node.fields] == ["mail"]
    assert [condition.values for condition in person.node.where] == [("ab",)]


def test_computes_share_the_include_or_bring_their_own() -> None:
    root = document(
        "people",
        """
fields: []
include: {orders: {many: sales.orders}}
compute:
  n: {count: orders}
  t: {max: orders.Total}
  m: {count: {many: sales.orders}}
""",
    ).root
    assert root.computes[0].include is root.computes[1].include is root.includes[0]
    assert root.computes[2].include is not root.includes[0]
    assert root.computes[2].include.node.fields == ()


def test_constants_of_filters_have_one_form() -> None:
    kinds = database(
        table(
            "t",
            "id int8 notnull; n numeric(9,2); f float8; d date; ts timestamp; tz timestamptz; ti time; u uuid; c bpchar(4); b bool",
        )
    )
    where = document(
        "t",
        """
fields: []
where:
  n: 9.60
  f: {gt: 2}
  d: {gte: 2024-01-31}
  ts: {lt: 2024-01-31 10:00:00}
  tz: {lt: '2024-01-31T10:00:00+02:00'}
  ti: {gt: '09:30'}
  u: 123E4567-E89B-12D3-A456-426614174000
  c: ab
  b: true
""",
        kinds,
    ).root.where
    assert [condition.values[0] for condition in where] == [
        "9.6",
        2,
        "2024-01-31",
        "2024-01-31T10:00:00",
        "2024-01-31T08:00:00+00:00",
        "09:30:00",
        "123e4567-e89b-12d3-a456-426614174000",
        "ab  ",
        True,
    ]


def test_the_hash_follows_the_documents_alone() -> None:
    def fingerprint(fields: str, name: str = "d", catalog: Catalog = IRREGULAR) -> str:
        return plan(f"pipeline: p\ndocuments: {{{name}: {{from: people, fields: {fields}}}}}", catalog).spec_hash

    first = fingerprint("[mail]")
    assert first == fingerprint("[{mail: {analyzer: english}}]") == fingerprint("[ mail ]")
    other = replace(IRREGULAR.tables[TableName("public", "people")], unique_keys=())
    wider = Catalog({**IRREGULAR.tables, other.name: other})
    assert first == fingerprint("[mail]", catalog=wider)
    assert len({first, fingerprint("[nick]"), fingerprint("[mail: nick]"), fingerprint("[mail]", "e")}) == 4


def test_the_hash_of_a_release_stays_the_same_in_the_next() -> None:
    assert spec_hash("p", plans.DOCUMENTS[:4]) == "dd64b26a92b92c0455fa5e9542231ecf"


def test_every_supported_type_has_a_form() -> None:
    assert all(form(column(f"c {type_}")) for type_ in SUPPORTED)


def test_search_paths_reach_into_json() -> None:
    body = "fields: [attributes]\nsearch: {boost: {attributes.colour: 2}}"
    assert document("products", body, SHOP).search == {"boost": {"attributes.colour": 2}}


def test_the_hash_follows_how_a_whole_json_column_is_mapped() -> None:
    def fingerprint(options: str) -> str:
        return plan(
            f"pipeline: p\ndocuments: {{d: {{from: products, fields: [attributes: {options}]}}}}", SHOP
        ).spec_hash

    assert fingerprint("{type: object}") != fingerprint("{type: flattened}")
    assert fingerprint("{type: object}") == fingerprint("{type: object, label: Attributes}")
