"""Placeholders of unchanged TOAST values are recognized in the form that each type gives them."""

import base64

import pytest

from read_model.catalog.catalog import Column
from sync_worker.log.toast_placeholders import placeholder_values


@pytest.mark.parametrize(
    ("column", "stand_in"),
    [
        (Column("v", "text", toastable=True), "stay"),
        (Column("v", "bytea", toastable=True), base64.b64encode(b"stay").decode()),
        (Column("v", "jsonpath", toastable=True), base64.b64encode(b"stay").decode()),
        (Column("v", "int4multirange", kind="m", toastable=True), base64.b64encode(b"stay").decode()),
        (Column("v", "hstore", toastable=True), '{"stay":"stay"}'),
    ],
)
def test_the_stand_in_of_a_type(column: Column, stand_in: str) -> None:
    assert placeholder_values([column], "stay") == {0: stand_in}


def test_what_stays_in_its_row_has_none() -> None:
    assert placeholder_values([Column("v", "point"), Column("v", "cube")], "stay") == {}
