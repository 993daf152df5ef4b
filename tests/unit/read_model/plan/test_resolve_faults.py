"""Specs that do not fit their database: every fault, with its line and the way out."""

import pytest

from read_model.catalog.catalog import Catalog
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec
from tests.support.builders.catalogs import answered
from tests.support.builders.odd_catalogue import ODD

SHOP = answered("shop")


def faults(root: str, body: str, catalog: Catalog = ODD) -> str:
    """What is said of the document `d` of a table, with these lines below `from`."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    spec = parse_spec(f"pipeline: p\ndocuments:\n  d:\n    from: {root}\n{indented}", "spec.yaml")
    with pytest.raises(SpecError) as raised:
        resolve(spec, catalog)
    return str(raised.value)


@pytest.mark.parametrize(
    ("root", "body", "expected"),
    [
        ("zebra", "", "4: documents.d.from: there is no table 'zebra'. Name a table"),
        ("orders", "", "there is no table 'orders'. Write sales.orders"),
        ("SALES.ORDERS", "", "there is no table 'SALES.ORDERS'. Write sales.orders"),
        (
            "loose",
            "",
            "the table public.loose has no primary key, so its changes cannot be told apart. Add one (ALTER TABLE",
        ),
        ("floating", "", "the primary key of public.floating has the column 'id': float8 has no single text form"),
        ("people", "fields: [male]", "public.people has no column 'male'. Did you mean 'mail'"),
        ("sales.orders", "fields: [total]", "sales.orders has no column 'total'. Write 'Total'"),
        ("people", "exclude: [male]", "public.people has no column 'male'"),
        (
            "moody",
            "",
            "the column 'p' of public.moody cannot be shown: the type box is not supported. Write `exclude: [p]`",
        ),
        ("moody", "", "the column 'ps' of public.moody cannot be shown: arrays of point are not supported"),
        (
            "moody",
            "",
            "the column 'v' of public.moody cannot be shown: it is a virtual generated column, which is not in the WAL",
        ),
        (
            "moody",
            "fields: [p]",
            "the column 'p' of public.moody cannot be shown: the type box is not supported. Leave it out",
        ),
        (
            "people",
            "fields: [{a: {column: mail, path: x}}]",
            "'mail' has no paths: it is of type text, not json or jsonb",
        ),
        ("people", "id: nick", "An id is the primary key or a unique key without nulls: [id] or [mail]"),
        ("people", "id: [id, mail]", "[id, mail] does not identify a row"),
        ("people", "constants: {mail: x}", "two fields of one object are called 'mail'"),
        ("people", "fields: [mail, mail: nick]", "two fields of one object are called 'mail'"),
        ("sales.orders", "include: {id: {one: people}}", "two fields of one object are called 'id'"),
        (
            "people",
            "include: {orders: {many: sales.orders}}\ncompute: {orders: {count: orders}}",
            "two fields of one object are called 'orders'",
        ),
        ("people", "where: {id: 1.5}", "the value does not fit the column 'id'. Write a whole number within int8"),
        ("people", "where: {mail: 5}", "the value does not fit the column 'mail'. Put it in quotes: '5'"),
        ("people", "where: {born: soon}", "the value does not fit the column 'born'. Write a date such as 2024-05-01"),
        ("people", "where: {mail: {gt: a}}", "'mail' is of type text, which documents cannot compare by size"),
        ("moody", "fields: []\nwhere: {ms: [a]}", "'ms' is of type mood[], which has no plain equality"),
        ("moody", "fields: []\nwhere: {t: a}", "'t' is of type text, which has no plain equality"),
        ("sales.orders", "where: {Total: 9.605}", "Write 2 decimals at most, as the column has"),
        ("sales.orders", "where: {Total: many}", "Write a number such as 10 or 9.95"),
        ("letters", "include: {i: {one: people}}", "Choose one: `by: sender` or `by: receiver`"),
        (
            "sales.orders",
            "include: {i: {one: people, by: id}}",
            "has the columns or the name [id]. Choose one: `by: customer`",
        ),
        (
            "sales.orders",
            "include: {i: {many: people}}",
            "a row of sales.orders has at most one of public.people. Write `one: people`",
        ),
        (
            "people",
            "include: {i: {one: sales.orders}}",
            "a row of public.people can have many of sales.orders. Write `many: sales.orders`",
        ),
        ("parts", "include: {i: {one: people}}", "Write `on: {this table's column: the other table's column}`"),
        (
            "people",
            "include: {i: {one: parts, on: {id: id}}}",
            "several rows of public.parts can match: [id] is not unique there. Write `many`",
        ),
        (
            "people",
            "include: {i: {many: letters, on: {id: sender}}}",
            "public.people and public.letters cannot be joined: the types int8 and text differ",
        ),
        ("letters", "include: {i: {many: uses, on: {weight: ratio}}}", "'weight': float8 has no single text form"),
        ("letters", "include: {i: {many: letters, on: {cost: cost}}}", "'cost': money has no single text form"),
        ("floating", "", "float8"),
        ("moody", "fields: []\ninclude: {i: {many: moody, on: {c: c}}}", "'c': citext calls different texts equal"),
        (
            "moody",
            "fields: []\ninclude: {i: {many: moody, on: {n: n}}}",
            "'n': numeric needs a declared precision of 18 at most",
        ),
        (
            "moody",
            "fields: []\ninclude: {i: {many: moody, on: {t: t}}}",
            "'t': its collation calls different texts equal",
        ),
        (
            "people",
            "include: {i: {many: people, through: friends}}",
            "Choose in `through: {table: friends, …}`: `from: [a]` or `from: [b]`",
        ),
        (
            "people",
            "include: {i: {many: parts, through: friends}}",
            "the junction public.friends has no foreign key to public.parts",
        ),
        (
            "people",
            "include: {i: {many: parts, through: frends}}",
            "there is no table 'frends'. Did you mean 'friends'",
        ),
        ("people", "include: {i: {many: loose}}", "the table public.loose has no primary key"),
        (
            "people",
            "fields: []\ninclude: {i: {many: moody, on: {id: id}, fields: [], order_by: [b]}}",
            "the array cannot be ordered by 'b': bytea has no order",
        ),
        (
            "people",
            "compute: {n: {count: orders}}",
            "there is no include 'orders' beside 'n'. Name the table instead: {count: {many: table}}",
        ),
        ("sales.orders", "include: {who: {one: people}}\ncompute: {n: {count: who}}", "'who' is not an array"),
        ("people", "compute: {n: {sum: mail, of: {many: letters, by: sender}}}", "public.letters has no column 'mail'"),
        (
            "people",
            "compute: {n: {sum: receiver, of: {many: letters, by: sender}}}",
            "there is no sum of 'receiver': it is of type text",
        ),
        ("people", "search: {boost: {male: 2}}", "the documents have no field 'male'. Did you mean 'mail'"),
        ("sales.orders", "include: {who: {one: people}}\nsearch: {boost: {who: 2}}", "'who' is an object, not a field"),
    ],
)
def test_faults(root: str, body: str, expected: str) -> None:
    found = faults(root, body)
    assert expected in found, found


def test_a_junction_is_suggested_for_a_missing_foreign_key() -> None:
    found = faults("orders", "include: {tags: {many: tags}}", SHOP)
    assert "Write `through: order_tags`, which refers to both" in found


def test_an_enum_filter_knows_the_labels() -> None:
    assert "the value does not fit the column 'status'. Did you mean 'placed'" in faults(
        "orders", "where: {status: place}", SHOP
    )


def test_an_include_with_a_fault_is_not_blamed_twice() -> None:
    found = faults("people", "include: {a: {many: nowhere}}\ncompute: {n: {count: a}}")
    assert len(found.splitlines()) == 1


def test_faults_of_all_documents_come_together() -> None:
    text = "pipeline: p\ndocuments:\n  a: {from: people, fields: [x]}\n  b: {from: people, fields: [y]}"
    spec = parse_spec(text, "spec.yaml")
    with pytest.raises(SpecError) as raised:
        resolve(spec, ODD)
    assert [fault.place.line for fault in raised.value.faults] == [3, 4]
