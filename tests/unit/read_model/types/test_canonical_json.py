"""Documents are equal when they mean the same, and differences name the place."""

import pytest

from read_model.types.canonical_json import FieldDifference, canonical, differences, digest


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ('{"a":1,"b":2}', ' { "b" : 2, "a" : 1 } '),
        ("14", "14.0"),
        ("12.50", "12.5"),
        ("1e3", "1000"),
        ("1.0E22", "10000000000000000000000"),
        ("-0.0", "0"),
        ("2.5E-7", "0.00000025"),
        ('"é"', '"\\u00e9"'),
        ("[1,[2.0]]", "[1.0,[2]]"),
    ],
)
def test_equal_meaning_is_equal(text: str, other: str) -> None:
    assert canonical(text) == canonical(other)
    assert digest(text) == digest(other)
    assert differences(text, other) == []


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("0.1", "0.10000000000000001"),
        ("9223372036854775807", "9223372036854775808"),
        ("12345678901234567890123.1", "12345678901234567890123.2"),
        ('"1"', "1"),
        ("true", "1"),
        ("null", "{}"),
        ("[1,2]", "[2,1]"),
        ('{"a":null}', "{}"),
        ('"a "', '"a"'),
        ("1e400000", "1e400001"),
    ],
)
def test_other_meaning_differs(text: str, other: str) -> None:
    assert canonical(text) != canonical(other)
    assert digest(text) != digest(other)
    assert differences(text, other) != []


def test_differences_name_the_path_and_both_values() -> None:
    index = '{"lines":[{"no":1,"price":9.5},{"no":2}],"gone":1}'
    oracle = '{"lines":[{"no":1,"price":9.60}],"new":"x"}'
    assert differences(index, oracle) == [
        FieldDifference("gone", "1", None),
        FieldDifference("lines[0].price", "9.5", "9.60"),
        FieldDifference("lines[1]", '{"no":2}', None),
        FieldDifference("new", None, '"x"'),
    ]


def test_a_missing_document_is_one_difference() -> None:
    assert differences(None, "{}") == [FieldDifference("", None, "{}")]
    assert differences(None, None) == []


def test_an_enormous_exponent_costs_no_memory() -> None:
    assert len(canonical("1e999999999")) < 20
