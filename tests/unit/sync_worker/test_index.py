"""Requests to Elasticsearch keep to its limits."""

import threading
from collections.abc import Callable

import pytest

from infra.ports import free_port
from sync_worker.errors import ServiceMissing
from sync_worker.index import LONGEST_NAMES, Access, Index, parts_of


def test_names_are_split_so_that_a_request_line_holds_them() -> None:
    aliases = tuple(f"{'long' * 20}-{number}" for number in range(200))
    parts = list(parts_of(aliases))
    assert [alias for part in parts for alias in part] == list(aliases)
    assert all(len("%2C".join(f"{alias}-write" for alias in part)) <= LONGEST_NAMES for part in parts)
    assert len(parts) < 8
    assert list(parts_of(("x" * 9999,))) == [["x" * 9999]]


@pytest.mark.parametrize(
    "call", [lambda index: index.meta("orders-g000001"), lambda index: index.behind("orders")], ids=["meta", "behind"]
)
def test_an_elasticsearch_that_is_away_is_a_service_that_is_missing(call: Callable[[Index], object]) -> None:
    index = Index(Access(f"http://127.0.0.1:{free_port()}"), threading.Event())
    try:
        with pytest.raises(ServiceMissing, match="does not answer"):
            call(index)
    finally:
        index.close()
