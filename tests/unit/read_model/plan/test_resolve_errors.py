"""Specs that do not fit their database: every error, with its line and its fix."""

import pytest

from read_model.catalog.catalog import Catalog
from read_model.plan.resolve import resolve, resolve_readable
from read_model.spec.errors import SpecError
from read_model.spec.parser import ParseError, parse_spec
from tests.support.builders.catalogs import answered
from tests.support.builders.irregular_catalogue import IRREGULAR

SHOP = answered("shop")


def errors(root: str, body: str, catalog: Catalog = IRREGULAR) -> str:
    """The errors of the document `d` of a table, with these lines below `from`."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    spec = parse_spec(f"pipeline: p\ndocuments:\n  d:\n    from: {root}\n{indented}", "spec.yaml")
    with pytest.raises(SpecError) as raised:
        resolve(spec, catalog)
    return str(raised.value)


@pytest.mark.parametrize(
    ("root", "body", "expected"),
    [
        ("zebra", "", "4: documents.d.from: Table 'zebra' does not exist. Name an ordinary table"),
        ("orders", "", "Table 'orders' does not exist. Write sales.orders"),
        ("SALES.ORDERS", "", "Table 'SALES.ORDERS' does not exist. Write sales.orders"),
        (
            "loose",
            "",
            "Table public.loose has no primary key, so its changes cannot be assigned to rows. Add one (ALTER TABLE",
        ),
        (
            "floating",
            "",
            "Column 'id' cannot be part of the primary key of table public.floating: values of type float8 have no unique text form",
        ),
        ("people", "fields: [male]", "Table public.people has no column 'male'. Did you mean 'mail'?"),
        ("sales.orders", "fields: [total]", "Table sales.orders has no column 'total'. Write 'Total'"),
        ("people", "exclude: [male]", "public.people has no column 'male'"),
        (
            "moody",
            "",
            "Column 'p' of table public.moody cannot be used: the type box is not supported. Write `exclude: [p]`",
        ),
        ("moody", "", "Column 'ps' of table public.moody cannot be used: arrays of point are not supported"),
        (
            "moody",
            "",
            "Column 'v' of table public.moody cannot be used: virtual generated columns are not in the WAL",
        ),
        (
            "moody",
            "fields: [p]",
            "Column 'p' of table public.moody cannot be used: the type box is not supported. Remove it from the spec",
        ),
        (
            "people",
            "fields: [{a: {column: mail, path: x}}]",
            "`path` requires a json or jsonb column, but 'mail' is of type text",
        ),
        ("people", "id: nick", "Use the primary key or a unique key without nulls: [id] or [mail]"),
        ("people", "id: [id, mail]", "[id, mail] does not identify a row"),
        ("people", "constants: {mail: x}", "Duplicate field name 'mail'"),
        ("people", "fields: [mail, mail: nick]", "Duplicate field name 'mail'"),
        ("sales.orders", "include: {id: {one: people}}", "Duplicate field name 'id'"),
        (
            "people",
            "include: {orders: {many: sales.orders}}\ncompute: {orders: {count: orders}}",
            "Duplicate field name 'orders'",
        ),
        ("people", "where: {id: 1.5}", "Invalid value for column 'id'. Write a whole number in the range of int8"),
        ("people", "where: {mail: 5}", "Invalid value for column 'mail'. Put it in quotes: '5'"),
        ("people", "where: {born: soon}", "Invalid value for column 'born'. Write a date such as 2024-05-01"),
        ("people", "where: {mail: {gt: a}}", "Column 'mail' of type text does not support gt, gte, lt and lte"),
        ("moody", "fields: []\nwhere: {ms: [a]}", "Column 'ms' of type mood[] cannot be compared with a value"),
        ("moody", "fields: []\nwhere: {t: a}", "Column 't' of type text cannot be compared with a value"),
        ("sales.orders", "where: {Total: 9.605}", "Write at most 2 decimal places, as the column has"),
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
            "A row of sales.orders has at most one row of public.people. Write `one: people`",
        ),
        (
            "people",
            "include: {i: {one: sales.orders}}",
            "A row of public.people can have several rows of sales.orders. Write `many: sales.orders`",
        ),
        ("parts", "include: {i: {one: people}}", "Write `on: {this table's column: the other table's column}`"),
        (
            "people",
            "include: {i: {one: parts, on: {id: id}}}",
            "`one` could match several rows: [id] is not unique in table public.parts. Write `many`",
        ),
        (
            "people",
            "include: {i: {many: letters, on: {id: sender}}}",
            "Tables public.people and public.letters cannot be joined: the types int8 and text differ",
        ),
        (
            "letters",
            "include: {i: {many: uses, on: {weight: ratio}}}",
            "'weight': values of type float8 have no unique text form",
        ),
        (
            "letters",
            "include: {i: {many: letters, on: {cost: cost}}}",
            "'cost': values of type money have no unique text form",
        ),
        ("floating", "", "float8"),
        ("moody", "fields: []\ninclude: {i: {many: moody, on: {c: c}}}", "'c': citext treats different texts as equal"),
        (
            "moody",
            "fields: []\ninclude: {i: {many: moody, on: {n: n}}}",
            "'n': a numeric join key needs a declared precision of at most 18",
        ),
        (
            "moody",
            "fields: []\ninclude: {i: {many: moody, on: {t: t}}}",
            "'t': its collation treats different texts as equal",
        ),
        (
            "people",
            "include: {i: {many: people, through: friends}}",
            "Choose in `through: {table: friends, …}`: `from: [a]` or `from: [b]`",
        ),
        (
            "people",
            "include: {i: {many: parts, through: friends}}",
            "The junction table public.friends has no foreign key to public.parts",
        ),
        (
            "people",
            "include: {i: {many: parts, through: frends}}",
            "Table 'frends' does not exist. Did you mean 'friends'?",
        ),
        ("people", "include: {i: {many: loose}}", "Table public.loose has no primary key"),
        (
            "people",
            "fields: []\ninclude: {i: {many: moody, on: {id: id}, fields: [], order_by: [b]}}",
            "The array cannot be ordered by 'b': values of type bytea have no order",
        ),
        (
            "people",
            "compute: {n: {count: orders}}",
            "The include 'orders' does not exist in the object of 'n'. Name the table instead: {count: {many: table}}",
        ),
        (
            "sales.orders",
            "include: {who: {one: people}}\ncompute: {n: {count: who}}",
            "The include 'who' is not an array",
        ),
        (
            "people",
            "compute: {n: {sum: mail, of: {many: letters, by: sender}}}",
            "Table public.letters has no column 'mail'",
        ),
        (
            "people",
            "compute: {n: {sum: receiver, of: {many: letters, by: sender}}}",
            "Cannot compute sum of column 'receiver' of type text",
        ),
        ("people", "search: {boost: {male: 2}}", "The documents have no field 'male'. Did you mean 'mail'?"),
        ("sales.orders", "include: {who: {one: people}}\nsearch: {boost: {who: 2}}", "'who' is an object, not a field"),
    ],
)
def test_errors(root: str, body: str, expected: str) -> None:
    text = errors(root, body)
    assert expected in text, text


def test_a_junction_is_suggested_for_a_missing_foreign_key() -> None:
    text = errors("orders", "include: {tags: {many: tags}}", SHOP)
    assert "Write `through: order_tags`, which refers to both" in text


def test_an_enum_filter_knows_the_labels() -> None:
    assert "Invalid value for column 'status'. Did you mean 'placed'?" in errors(
        "orders", "where: {status: place}", SHOP
    )


def test_an_include_with_an_error_is_reported_once() -> None:
    text = errors("people", "include: {a: {many: nowhere}}\ncompute: {n: {count: a}}")
    assert len(text.splitlines()) == 1


def test_errors_of_all_documents_come_together() -> None:
    text = "pipeline: p\ndocuments:\n  a: {from: people, fields: [x]}\n  b: {from: people, fields: [y]}"
    spec = parse_spec(text, "spec.yaml")
    with pytest.raises(SpecError) as raised:
        resolve(spec, IRREGULAR)
    assert [error.place.line for error in raised.value.diagnostics] == [3, 4]


def test_errors_of_the_file_and_of_its_names_are_reported_together() -> None:
    text = (
        "pipeline: p\n"
        "documents:\n"
        "  d:\n"
        "    from: people\n"
        "    fields: [all, {x: {colum: y}}]\n"
        "    exclude: [nowhere]\n"
        "  e:\n"
        "    form: people\n"
        "  f:\n"
        "    from: zebra\n"
    )
    with pytest.raises(ParseError) as unreadable:
        parse_spec(text, "spec.yaml")
    lines = str(resolve_readable(unreadable.value, IRREGULAR)).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"spec.yaml:{number}" for number in (5, 6, 7, 8, 10)]
    assert "Unknown key 'colum'" in lines[0]
    assert "has no column 'nowhere'" in lines[1]
    assert "Table 'zebra' does not exist" in lines[-1]


def test_a_file_of_which_nothing_can_be_read_has_only_its_own_errors() -> None:
    with pytest.raises(ParseError) as unreadable:
        parse_spec("pipeline: p\ndocuments: [", "spec.yaml")
    assert resolve_readable(unreadable.value, IRREGULAR) is unreadable.value
