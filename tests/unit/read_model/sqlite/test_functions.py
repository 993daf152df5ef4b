"""SQLite's functions written in Python are exact."""

import apsw
import pytest

from read_model.sqlite.functions import (
    decimal_text,
    float_text,
    moment,
    number_array,
    reduced_json,
    register,
    scaled,
    text_array,
)


@pytest.fixture
def connection() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    register(connection)
    return connection


def test_scaled_keeps_every_unit_and_refuses_more_digits() -> None:
    assert scaled("12.5", 2) == 1250
    assert scaled("-0.05", 2) == -5
    assert scaled("NAN", 2) == "NaN"
    assert scaled(None, 2) is None
    with pytest.raises(ValueError, match="more than the 2 decimal places"):
        scaled("1.005", 2)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("NAN", "NaN"), ("POSITIVE_INFINITY", "Infinity"), ("NEGATIVE_INFINITY", "-Infinity"), ("1E-7", "0.0000001")],
)
def test_decimals_take_the_words_of_postgresql(sent: str, stored: str) -> None:
    assert decimal_text(sent) == stored


def test_subnormal_floats_take_the_fewest_digits() -> None:
    assert float_text(b"4.9E-324", 8) == "5e-324"
    assert float_text(b"1.4E-45", 4) == "1e-45"
    assert float_text("0.1", 4) == "1e-01"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("+292278994-08-16T23:00:00Z", "infinity"),
        ("+5877611-06-21Z", "infinity"),
        ("-5877611-06-22Z", "-infinity"),
        ("+292269055-12-02Z", "-infinity"),
        ("-infinity", "-infinity"),
        ("+294276-12-31T23:59:59.500000Z", "+294276-12-31T23:59:59.5"),
        ("-0043-03-15Z", "-0043-03-15"),
    ],
)
def test_unusual_moments(sent: str, stored: str) -> None:
    assert moment(sent) == stored


def test_json_is_reduced_as_jsonb_does_with_every_digit() -> None:
    assert reduced_json('{"a": 1, "b": 1.50, "a": 12345678901234567890.10}') == '{"a":12345678901234567890.10,"b":1.50}'
    assert number_array(b'["12.50","NAN",null]') == '[12.50,"NaN",null]'
    assert number_array(b"null") is None


def test_sums_are_exact(connection: apsw.Connection) -> None:
    def total(*values: object) -> object:
        rows = ", ".join(f"({value!r})" if value is not None else "(NULL)" for value in values)
        return connection.execute(f"SELECT rowtide_sum(column1, 0) FROM (VALUES {rows})").get

    assert total("0.1", "0.2", None) == "0.3"
    assert total("12345678901234567890123456789012345678.90", "0.1") == "12345678901234567890123456789012345679.00"
    assert total(9223372036854775807, 9223372036854775807) == "18446744073709551614"
    assert total("Infinity", "-Infinity") == '"NaN"'
    assert total('"NaN"', "1.0E22") == '"NaN"'
    assert total(None) is None
    assert connection.execute("SELECT rowtide_sum(column1, 2) FROM (VALUES (1), (-150))").get == "-1.49"


def test_decimals_order_by_value_with_nan_last(connection: apsw.Connection) -> None:
    rows = "('10.00'), ('9.60'), ('NaN'), ('-Infinity'), ('9.6'), ('Infinity'), ('\"NaN\"')"
    ordered = connection.execute(f"SELECT column1 FROM (VALUES {rows}) ORDER BY column1 COLLATE decimal").fetchall()
    assert [value for (value,) in ordered] == ["-Infinity", "9.60", "9.6", "10.00", "Infinity", "NaN", '"NaN"']
    assert connection.execute("SELECT '1.0' = '1.00' COLLATE decimal").get == 1


def test_an_inner_array_of_texts_is_null_and_not_the_name_of_an_object() -> None:
    sent = b'["[Ljava.lang.String;@1b2c3d","[L","a","[Ljava.util.UUID;@0",null]'
    assert text_array(sent) == '[null,"[L","a",null,null]'
    assert text_array(b"null") is None
