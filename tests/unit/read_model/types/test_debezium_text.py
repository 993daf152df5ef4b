"""Values that Debezium spells differently are spelled as PostgreSQL prints them."""

import base64

import pytest

from read_model.types.debezium_text import bits, point, printed, printed_float


@pytest.mark.parametrize(
    ("sent", "length", "shown"),
    [
        ("qwI=", 10, "1010101011"),
        ("AQ==", 10, "0000000001"),
        ("", 10, "0000000000"),
        ("BQ==", 4, "0101"),
        ("0101", 4, "0101"),
        (base64.b64encode(bytes(15) + b"\x80").decode(), 128, "1" + "0" * 127),
        (None, 4, None),
    ],
)
def test_bits_have_their_number_again(sent: str | None, length: int, shown: str | None) -> None:
    assert bits(sent, length) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1.5, "1.5"),
        (120.0, "120"),
        (-0.0, "-0"),
        (1e14, "100000000000000"),
        (1e15, "1e+15"),
        (-2.5e-7, "-2.5e-07"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_are_printed_as_postgresql_prints_them(number: float, shown: str) -> None:
    assert printed_float(number) == shown


def test_points_and_printed_texts() -> None:
    assert point(b'{"x":1.5,"y":"NaN","wkb":"AQ==","srid":null}') == "(1.5,NaN)"
    assert (point(b"null"), point(None), printed(None)) == (None, None, None)
    assert printed("4pGs") == "\u246c"
