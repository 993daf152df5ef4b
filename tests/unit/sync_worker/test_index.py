"""Requests to Elasticsearch keep to its limits."""

from sync_worker.index import LONGEST_NAMES, parts_of


def test_names_are_split_so_that_a_request_line_holds_them() -> None:
    aliases = tuple(f"{'long' * 20}-{number}" for number in range(200))
    parts = list(parts_of(aliases))
    assert [alias for part in parts for alias in part] == list(aliases)
    assert all(len("%2C".join(f"{alias}-write" for alias in part)) <= LONGEST_NAMES for part in parts)
    assert len(parts) < 8
    assert list(parts_of(("x" * 9999,))) == [["x" * 9999]]
