"""The measures against published examples, and the rules that judge documents."""

import pytest

from tests.relevance.judgements import Judged, fulfils
from tests.relevance.metrics import ndcg, reciprocal_rank


def test_ndcg_of_published_examples() -> None:
    """Wikipedia, "Discounted cumulative gain" (six documents shown, eight judged); scikit-learn's example of `ndcg_score`."""
    assert ndcg([3, 2, 3, 0, 1, 2], [3, 3, 3, 2, 2, 2, 1, 0], depth=6) == pytest.approx(0.785, abs=0.0005)
    assert ndcg([5, 1, 0, 0, 10], [10, 0, 0, 1, 5]) == pytest.approx(0.69, abs=0.01)
    assert ndcg([], [1]) == 0
    assert ndcg([3, 3], [3, 3]) == 1


def test_reciprocal_rank_is_of_the_first_one() -> None:
    assert [reciprocal_rank(relevant) for relevant in ([True], [False, True, True], [False] * 3)] == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"city": "LODZ"}, True),
        ({"city": "lod"}, False),
        ({"city": ["Kraków", "Łódź"]}, True),
        ({"number": {"starts": "so-1"}}, True),
        ({"number": {"ends": "8"}}, False),
        ({"lines.name": "tea pot", "lines.count": {"above": 2}}, True),
        ({"lines": {"name": "tea pot", "count": {"above": 2}}}, False),
        ({"lines": {"name": "mug", "count": {"is": 3}}}, True),
        ({"nothing.here": "x"}, False),
    ],
)
def test_rules_are_on_data(rule: dict[str, object], holds: bool) -> None:
    lines = [{"name": "A tea pot", "count": 1}, {"name": "Mug", "count": 3}]
    assert fulfils({"number": "SO-17", "city": "Łódź", "lines": lines, "nothing": None}, rule) is holds


def test_the_first_rule_that_holds_is_the_grade() -> None:
    judged = Judged("a", "orders", "x", {"best": {"a": "x"}, "fair": {"b": "x"}})
    assert [judged.grade(document) for document in ({"a": "x", "b": "x"}, {"b": "x"}, {})] == [3, 1, 0]
