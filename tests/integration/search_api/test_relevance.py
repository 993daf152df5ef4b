"""The judged queries stay above a floor, in all and class by class."""

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
    told = "\n".join(table(measured))
    assert len(measured) >= 60
    assert fmean(one.ndcg for one in measured) >= FLOOR, told
    assert fmean(one.rank for one in measured) >= FLOOR, told


def test_no_class_is_left_behind(measured: list[Measured]) -> None:
    told = "\n".join(table(measured))
    classes = {one.judged.kind for one in measured}
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
        assert fmean(one.ndcg for one in measured if one.judged.kind == kind) >= FLOOR_OF_A_CLASS, told
