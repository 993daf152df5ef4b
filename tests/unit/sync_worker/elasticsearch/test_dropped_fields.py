"""Fields dropped from a document, and the flag that lists them."""

import msgspec
import pytest

from sync_worker.elasticsearch.bulk_response import Outcome, Refusal
from sync_worker.elasticsearch.dropped_fields import Bodies, field_named, leave_out, left_out_of
from sync_worker.store.bulk import DroppedFields

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
    reduced = leave_out(DOCUMENT, [path])
    assert left_out_of(reduced) == (path,)
    if rest is not None:
        assert reduced == DOCUMENT.replace(rest, b"")[:-1] + b',"_rowtide":{"left_out":["' + path.encode() + b'"]}}'
    assert field_named(reduced, path) != path


def test_a_field_of_an_array_goes_from_every_element() -> None:
    reduced = msgspec.json.decode(leave_out(DOCUMENT, ["lines.no", "lines.product.sku"]))
    assert reduced["lines"] == [{"product": {}}, {"product": None}]
    assert reduced["_rowtide"] == {"left_out": ["lines.no", "lines.product.sku"]}


def test_leaving_out_more_replaces_the_flag() -> None:
    reduced = leave_out(leave_out(DOCUMENT, ["price"]), ["price", "name"])
    assert left_out_of(reduced) == ("name", "price")
    assert reduced.count(b"_rowtide") == 1


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


ACTION = b'{"index":{"_id":"1","version":7,"version_type":"external_gte"}}\n'


def refusal(field: str) -> Refusal:
    """A rejection of the second item."""
    return Refusal(1, "1", Outcome.REJECTED, f"cannot take {field}", field)


def test_a_rejected_item_is_resent_with_fields_dropped() -> None:
    bodies = Bodies([b"other", ACTION + DOCUMENT + b"\n"], leave_out=True)
    assert bodies.without(refusal("price"))
    assert bodies.without(refusal("name.keyword"))
    assert bodies.dropped == {1: DroppedFields("1", "cannot take name.keyword", ("price", "name"))}
    assert bodies.of([0, 1]) == [b"other", ACTION + leave_out(DOCUMENT, ["name", "price"]) + b"\n"]
    # What is refused although it was left out is no matter of a field.
    assert not bodies.without(refusal("price"))
    assert bodies.dropped == {}


def test_json_of_a_type_that_does_not_fit_costs_the_field_alone() -> None:
    bodies = Bodies([b"other", ACTION + DOCUMENT + b"\n"], False, ("about", "lines.product"))
    assert bodies.without(refusal("about.a.b.c"))
    assert bodies.without(refusal("lines.product"))
    assert bodies.dropped[1].paths == ("about", "lines.product")
    assert bodies.of([1]) == [ACTION + leave_out(DOCUMENT, ["about", "lines.product"]) + b"\n"]
    assert not bodies.without(refusal("price")), "a column whose type is known is no such field"
    assert bodies.dropped == {}


@pytest.mark.parametrize(("leave", "field"), [(False, "price"), (True, ""), (True, "nothing")])
def test_an_item_is_rejected_as_a_whole_otherwise(leave: bool, field: str) -> None:
    bodies = Bodies([b"other", ACTION + DOCUMENT + b"\n"], leave)
    assert not bodies.without(refusal(field))
    assert bodies.of([1]) == [ACTION + DOCUMENT + b"\n"]
