"""Parsing a spec: what it accepts, and what it rejects with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from read_model.spec.errors import SpecError
from read_model.spec.model import DocumentSpec
from read_model.spec.parser import parse_spec
from tests.support.paths import EXAMPLES


def document(body: str) -> DocumentSpec:
    """The document `orders` with these lines below `from: orders`."""
    indented = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return parse_spec(f"pipeline: shop\ndocuments:\n  orders:\n    from: orders\n{indented}", "spec.yaml").documents[0]


def errors(text: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        parse_spec(text, "spec.yaml")
    assert str(raised.value) == "\n".join(map(str, raised.value.diagnostics))
    return [str(error) for error in raised.value.diagnostics]


def body_errors(body: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        document(body)
    return [str(error) for error in raised.value.diagnostics]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_specs_are_read(example: Path) -> None:
    assert parse_spec(example.read_text(), example.name).documents


def test_fields_are_columns_renames_options_and_paths() -> None:
    fields = document("""
fields:
  - number
  - title: name
  - notes: {analyzer: english, pii: true}
  - colour: {column: attributes, path: paint.color, type: keyword}
  - dotted: {column: attributes, path: [a.b, c]}
""").node.fields
    assert not fields.all
    assert [(field.name, field.column, field.path, field.options) for field in fields.chosen] == [
        ("number", "number", (), {}),
        ("title", "name", (), {}),
        ("notes", "notes", (), {"analyzer": "english", "pii": True}),
        ("colour", "attributes", ("paint", "color"), {"type": "keyword"}),
        ("dotted", "attributes", ("a.b", "c"), {}),
    ]


@pytest.mark.parametrize("words", ["", "fields: all", "fields: '*'", "fields: [all]"])
def test_all_columns(words: str) -> None:
    fields = document(f"{words}\nexclude: [notes]").node.fields
    assert fields.all
    assert [name for name, _ in fields.exclude] == ["notes"]


def test_filters() -> None:
    where = document("""
where:
  deleted_at: null
  placed_at: not null
  notes: 'not null'
  status: [placed, paid]
  currency: {ne: EUR}
  customer_id: {ne: null}
  total: {gt: 5, lte: 9.60}
  id: {not_in: [1, 2]}
""").node.where
    assert [(condition.column, condition.comparison, condition.values) for condition in where] == [
        ("deleted_at", "is null", ()),
        ("placed_at", "is not null", ()),
        ("notes", "=", ("not null",)),
        ("status", "in", ("placed", "paid")),
        ("currency", "!=", ("EUR",)),
        ("customer_id", "is not null", ()),
        ("total", ">", (5,)),
        ("total", "<=", (Decimal("9.60"),)),
        ("id", "not in", (1, 2)),
    ]


def test_what_takes_the_place_of_an_object() -> None:
    city, member, category = document("""
include:
  city: {one: customers, where: {live: true}, value: {one: addresses, by: home_id, value: {one: cities, value: name}}}
  member: {one: members, value: {constant: true}}
  category: {one: categories, through: product_categories, order_by: [product_categories.rank], fields: [name]}
""").node.includes
    (address,) = city.node.includes
    (inner,) = address.node.includes
    assert (city.value, address.value, inner.value) == (True, True, True)
    assert (city.name, address.name, inner.name) == ("city", "", "")
    assert [include.node.table for include in (city, address, inner)] == ["customers", "addresses", "cities"]
    assert city.node.where
    assert [constant.value for constant in member.node.constants] == [True]
    assert (category.many, category.through and category.through.table) == (False, "product_categories")


def test_includes() -> None:
    ship_to, lines, tags, friends = document("""
include:
  ship_to: {one: addresses, by: ship_address_id, where: {label: home}}
  lines:
    many: sales.order_lines
    on: {id: order_id}
    order_by: [line_no, {id: desc}]
    limit: 3
    include: {product: {one: products, value: name}}
  tags: {many: tags, through: order_tags, value: {column: name, type: keyword}}
  friends: {many: people, through: {table: friends, from: person, to: {friend: id}}}
""").node.includes
    assert (ship_to.many, ship_to.key and ship_to.key.names) == (False, ("ship_address_id",))
    assert (lines.many, lines.node.table, lines.limit) == (True, "sales.order_lines", 3)
    assert lines.key
    assert lines.key.pairs == (("id", "order_id"),)
    assert [(term.column, term.descending) for term in lines.order_by] == [("line_no", False), ("id", True)]
    product = lines.node.includes[0]
    assert (product.value, product.node.fields.chosen[0].column) == (True, "name")
    assert (tags.through and tags.through.table, tags.node.fields.chosen[0].options) == (
        "order_tags",
        {"type": "keyword"},
    )
    assert friends.through
    assert friends.through.enter
    assert friends.through.enter.names == ("person",)
    assert friends.through.leave
    assert friends.through.leave.pairs == (("friend", "id"),)


def test_computes() -> None:
    computes = document("""
include: {lines: {many: order_lines}}
compute:
  line_count: {count: lines}
  units: {sum: lines.quantity}
  refunds: {count: {many: payments, where: {kind: refund}}}
  paid: {sum: amount, of: {many: payments}}
""").node.computes
    assert [(compute.name, compute.function, compute.over, compute.column) for compute in computes] == [
        ("line_count", "count", "lines", None),
        ("units", "sum", "lines", "quantity"),
        ("refunds", "count", "", None),
        ("paid", "sum", "", "amount"),
    ]
    assert [compute.of.node.table for compute in computes if compute.of] == ["payments", "payments"]


def test_search_is_passed_on_with_the_places_of_its_paths() -> None:
    search = document("search: {money: {EUR: price, currency: [total, paid]}}").search
    assert search.settings == {"money": {"EUR": ["price"], "currency": ["total", "paid"]}}
    assert [path for path, _ in search.paths] == ["price", "total", "paid", "currency"]
    search = document("search: {boost: {number: 10, customer.name: 1.5}, synonyms: [tv => television]}").search
    assert search.settings == {"boost": {"number": 10, "customer.name": 1.5}, "synonyms": ["tv => television"]}
    assert [(path, place.line) for path, place in search.paths] == [("number", 5), ("customer.name", 5)]


def test_anchors_and_merges_save_writing() -> None:
    first, second = document("""
include:
  ship_to: &address {one: addresses, by: ship_address_id, fields: [city]}
  bill_to: {<<: *address, by: bill_address_id}
""").node.includes
    assert first.node.fields.chosen[0].name == second.node.fields.chosen[0].name == "city"
    assert second.key
    assert second.key.names == ("bill_address_id",)


def test_every_error_is_reported_at_once_in_the_order_of_lines() -> None:
    messages = errors("""pipeline: Shop
documents:
  orders:
    from: orders
    fields: [number, {total: {colour: red}}]
    include:
      lines: {many: order_lines, limit: none}
      customer: {}
""")
    assert messages == [
        "spec.yaml:1: pipeline: Invalid pipeline name 'Shop'."
        " Use 1–41 lowercase letters, digits or underscores, starting with a letter.",
        "spec.yaml:5: documents.orders.fields[1].total.colour: Unknown key 'colour' in the field 'total'. Did you mean 'column'?",
        "spec.yaml:7: documents.orders.include.lines.limit: `limit` must be a whole number above 0. Write a number such as 10.",
        "spec.yaml:8: documents.orders.include.customer: The include 'customer' has neither `one` nor `many`."
        " Write `one: table` for an object or `many: table` for an array.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "spec.yaml:1: The file is empty"),
        ("pipeline: [", "Invalid YAML"),
        (
            "pipeline: a\npipeline: b\ndocuments: {o: {from: o}}",
            "spec.yaml:2: pipeline: Duplicate key 'pipeline' in the file",
        ),
        ("pipeline: \x07", "characters that YAML does not allow"),
        ("- pipeline", "spec.yaml:1: The file must be a mapping, but is a list"),
        ("pipeline: shop", "spec.yaml:1: `documents` is missing. Add `documents:`"),
        ("pipeline: shop\ndocuments: {}", "spec.yaml:2: documents: `documents` is empty"),
        ("pipeline: shop\ndocuments: {o: }", "documents.o: The document 'o' must be a mapping, but is empty"),
        ("pipeline: shop\ndocuments: {o: {fields: [a]}}", "has no root table. Add `from: table`"),
        ("pipeline: shop\ndocuments: {Orders: {from: o}}", "Invalid index alias 'Orders'"),
        ("pipeline: shop\ndocuments: {1: {from: o}}", "A key of `documents` is not text. Put the key in quotes"),
        (
            "pipeline: 7\ndocuments: {o: {from: o}}",
            "`pipeline` must be text, but is a whole number. Put it in quotes: '7'",
        ),
        ("pipeline: shop\ndokuments: {o: {from: o}}", "Unknown key 'dokuments' in the file. Did you mean 'documents'?"),
    ],
)
def test_errors_of_the_file(text: str, expected: str) -> None:
    assert any(expected in error for error in errors(text)), errors(text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("fields: [a]\nexclude: [b]", "6: documents.orders.exclude: `exclude` applies only when all columns are shown"),
        (
            "fields: [_id]",
            "Invalid field name '_id': Elasticsearch reserves names that start with an underscore. Rename it: `id: _id`",
        ),
        ("fields: [a.b]", "Invalid field name 'a.b': a name must not be blank or contain a dot"),
        ("fields: [12]", "A field must be text, but is a whole number. Put it in quotes: '12'"),
        ("fields: [{a: {type: word}}]", "Unknown field type 'word'. Use one of: keyword, text"),
        ("fields: [{a: {index: maybe}}]", "`index` must be true or false"),
        ("fields: [{a: {pii: 3}}]", "`pii` must be text, true or false"),
        ("fields: [{a: {analyzer: 3}}]", "`analyzer` must be text"),
        ("fields:", "`fields` is empty"),
        ("id: []", "`id` is an empty list"),
        ("constants: {rate: 1.5}", "The constant 'rate' is a decimal number. Use text, a whole number"),
        ("constants: {list: [1]}", "The constant 'list' is a list"),
        ("where: [a]", "`where` must be a mapping, but is a list"),
        ("where: {a: {like: x}}", "Unknown comparison 'like'"),
        ("where: {a: {gt: null}}", "`gt` cannot compare with null"),
        ("where: {a: []}", "The list is empty"),
        ("where: {a: [1, null]}", "The list contains null, and nothing equals null"),
        ("where: {a: {eq: [1]}}", "A comparison needs a single value, but this is a list"),
        ("include: {a: {one: x, many: y}}", "The include 'a' has both `one` and `many`"),
        ("include: {a: {one: x, limit: 1}}", "`limit` requires `many`, but this include has `one`"),
        ("include: {a: {one: x, order_by: [b]}}", "`order_by` requires `many`, but this include has `one`"),
        ("include: {a: {one: x, through: y, limit: 1}}", "`limit` requires `many`, but this include has `one`"),
        ("include: {a: {one: x, value: {constant: 1.5}}}", "The constant 'a' is a decimal number"),
        ("include: {a: {one: x, value: {constant: 1, column: b}}}", "Unknown key 'column' in `value`"),
        ("include: {a: {one: x, value: {one: y, many: z}}}", "The include 'a' has both `one` and `many`"),
        (
            "include: {a: {many: x, value: {one: y, value: {many: z, value: b}}}}",
            "The include 'a' would be an array of arrays. Use `include` instead of `value`",
        ),
        ("include: {a: &loop {one: x, value: *loop}}", "nested too deeply, or an anchor contains itself"),
        (
            "include: {a: {one: x, by: b, on: {c: d}}}",
            "`by` and `on` cannot be combined: `by` chooses a declared foreign key, `on` replaces one",
        ),
        ("include: {a: {one: x, on: id}}", "`on` must be a mapping"),
        ("include: {a: {one: x, by: {a: b}}}", "`by` takes columns or the name of a foreign key. Use `on`"),
        ("include: {a: {many: x, through: y, by: b}}", "`by` cannot be combined with `through`"),
        ("include: {a: {many: x, through: {from: b}}}", "`through` must name the junction table"),
        ("include: {a: {one: x, value: [b]}}", "`value` must name a column"),
        (
            "include: {a: {one: x, value: {path: b}}}",
            "`value` must name a column. Write `value: {column: name, …}`",
        ),
        ("include: {a: {one: x, value: b, fields: [c]}}", "`fields` cannot be combined with `value`"),
        ("include: {a: {many: x, order_by: [{b: down}]}}", "The direction of 'b' must be asc or desc"),
        ("include: &loop {a: {one: x, include: *loop}}", "nested too deeply, or an anchor contains itself"),
        ("compute: {a: {}}", "The computed field 'a' must have exactly one of count, sum, min and max"),
        (
            "compute: {a: {sum: b.c, max: b.c}}",
            "The computed field 'a' must have exactly one of count, sum, min and max",
        ),
        ("compute: {a: {avg: b.c}}", "Unknown key 'avg' in the computed field 'a'"),
        ("compute: {a: {sum: lines}}", "`sum` must have the form include.column"),
        ("compute: {a: {count: {one: b}}}", "Unknown key 'one' in the relation of 'a'"),
        ("compute: {a: {count: b, of: {many: c}}}", "`count` does not take `of`"),
        ("compute: {a: {sum: b, of: {where: {c: 1}}}}", "The relation of 'a' has no table"),
        ("search: {boost: {a: 0}}", "A boost must be a number above 0"),
        ("search: {synonyms: [tv]}", "The synonym rule 'tv' has only one word"),
        ("search: {boots: {a: 1}}", "Unknown key 'boots' in `search`. Did you mean 'boost'?"),
    ],
)
def test_errors_of_a_document(body: str, expected: str) -> None:
    assert any(expected in error for error in body_errors(body)), body_errors(body)
