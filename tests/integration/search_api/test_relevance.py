"""The judged queries stay above a minimum, in total and for each class."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import pytest

from tests.relevance.judgements import Document
from tests.relevance.measurement import Measured, measure, table
from tests.support.servers.search_api import Api

FLOOR = 0.97
FLOOR_OF_A_CLASS = 0.9


@pytest.fixture(scope="module")
def measured(judged_corpus: tuple[Api, Mapping[str, Sequence[Document]]]) -> list[Measured]:
    """The judged queries over the writer's data."""
    return measure(*judged_corpus)


def test_relevance_is_above_its_floor(measured: list[Measured]) -> None:
    report = "\n".join(table(measured))
    assert len(measured) >= 60
    assert fmean(measured_query.ndcg for measured_query in measured) >= FLOOR, report
    assert fmean(measured_query.rank for measured_query in measured) >= FLOOR, report


def test_no_class_is_left_behind(measured: list[Measured]) -> None:
    report = "\n".join(table(measured))
    classes = {measured_query.judged.kind for measured_query in measured}
    assert classes >= {
        "exact id",
        "partial id",
        "typo",
        "accent",
        "synonym",
        "phrase",
        "several fields",
        "array element",
    }
    for kind in classes:
        assert (
            fmean(measured_query.ndcg for measured_query in measured if measured_query.judged.kind == kind)
            >= FLOOR_OF_A_CLASS
        ), report
