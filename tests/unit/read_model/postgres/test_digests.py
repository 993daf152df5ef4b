"""Queries with parameters: a % in a name of the source is no parameter."""

import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import Condition, DocumentPlan, Field, Node
from read_model.postgres.digests import bucket_query, digest_query, present_query, range_query, sample_query

KEY, RATE = Column("k%", "int8", nullable=False), Column("r%", "text")
ROOT = Node(TableName("public", "t%s"), (KEY,), (Field("r", RATE),), where=(Condition(RATE, "=", ("5 %",)),))
DOCUMENT = DocumentPlan("d", ROOT, (KEY,))


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        (bucket_query(DOCUMENT, False, 10), 1),
        (digest_query(DOCUMENT), 1),
        (digest_query(DOCUMENT, indexed=False), 1),
        (present_query(DOCUMENT), 1),
        (range_query(DOCUMENT), 2),
        (sample_query(DOCUMENT, "SYSTEM"), 3),
    ],
)
def test_a_percent_sign_in_a_name_is_no_parameter(query: str, parameters: int) -> None:
    sent = query % (("$",) * parameters)
    assert sent.count("$") == parameters
    assert sent.count('"k%"') == query.count('"k%%"') > 0
    assert '"t%s"' in sent
    assert "'5 %'" in sent
