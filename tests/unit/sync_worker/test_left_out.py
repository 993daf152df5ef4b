"""Fields left out of a document, and the flag that says so."""

import msgspec
import pytest

from sync_worker.left_out import field_named, leave_out, left_out_of

DOCUMENT = (
    b'{"id":9007199254740993,"price":14.00,"name":"x","about":{"a.b":{"c":1}},'
    b'"lines":[{"no":1,"product":{"sku":"a"}},{"no":2,"product":null}],"tags":["a"]}'
)


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("price", b'"price":14.00,'),
        ("lines.no", None),
        ("lines.product.sku", None),
        ("about.a.b.c", None),
        ("nothing", b""),
    ],
)
def test_a_field_is_left_out_and_flagged(path: str, rest: bytes | None) -> None:
    made = leave_out(DOCUMENT, [path])
    assert left_out_of(made) == (path,)
    if rest is not None:
        assert made == DOCUMENT.replace(rest, b"")[:-1] + b',"_rowtide":{"left_out":["' + path.encode() + b'"]}}'
    assert field_named(made, path) != path


def test_a_field_of_an_array_goes_from_every_element() -> None:
    made = msgspec.json.decode(leave_out(DOCUMENT, ["lines.no", "lines.product.sku"]))
    assert made["lines"] == [{"product": {}}, {"product": None}]
    assert made["_rowtide"] == {"left_out": ["lines.no", "lines.product.sku"]}


def test_leaving_out_more_replaces_the_flag() -> None:
    made = leave_out(leave_out(DOCUMENT, ["price"]), ["price", "name"])
    assert left_out_of(made) == ("name", "price")
    assert made.count(b"_rowtide") == 1


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ("name.keyword", "name"),
        ("name", "name"),
        ("lines.product.sku.folded", "lines.product.sku"),
        ("about.a.b.c", "about.a.b.c"),
        ("tags", "tags"),
        ("other", None),
        ("_rowtide.left_out", None),
    ],
)
def test_an_error_names_a_field_of_the_document(named: str, field: str | None) -> None:
    assert field_named(DOCUMENT, named) == field


def test_a_document_without_a_flag_has_nothing_left_out() -> None:
    assert left_out_of(DOCUMENT) == ()
    assert left_out_of(b'{"name":"\\"_rowtide\\"","x":"_rowtide"}') == ()
