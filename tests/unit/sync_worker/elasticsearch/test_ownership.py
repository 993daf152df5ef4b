"""An alias, and the indexes behind it, stay with the pipeline and the database that wrote them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from read_model.elasticsearch.index_owner import IndexOwner, meta_with_owner, owner_in
from read_model.freshness import Origin
from read_model.plan.model import PipelinePlan
from sync_worker.elasticsearch.generations import Generations
from sync_worker.elasticsearch.ownership import Metas, require_ownership
from sync_worker.errors import AliasTaken
from sync_worker.store.quarantine import Quarantine
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from tests.support.builders.worker_parts import PLAN, STATEMENTS
from tests.support.fakes.fake_worker import Cluster

SHOP = Origin("shop", "71", "shop")
OTHERS = [Origin("blog", "71", "shop"), Origin("shop", "72", "shop"), Origin("shop", "71", "shop_staging")]
"""Another pipeline of the same database; the same pipeline's name on another server, and on another database of it."""
EARLIER = Origin("shop")
"""What an earlier version recorded."""
OF_EARLIER_VERSION: dict[str, Any] = {"shape": "1"}


class Indexes:
    """The `_meta` of the indexes that an alias has."""

    def __init__(self, metas: Metas) -> None:
        self._metas = metas

    def metas(self, alias: str) -> Metas:
        """The same for every alias."""
        return self._metas


def owned(origin: Origin) -> dict[str, Any]:
    return meta_with_owner(OF_EARLIER_VERSION, IndexOwner(origin, 3))


def check(metas: Metas, leases: Mapping[str, Origin], origin: Origin = SHOP, take_over: bool = False) -> None:
    require_ownership(Indexes(metas), leases, ["orders"], origin, take_over)


@pytest.mark.parametrize("other", OTHERS)
def test_the_alias_of_another_is_not_taken_while_its_worker_is_down(other: Origin) -> None:
    with pytest.raises(
        AliasTaken, match=r"(?s)orders belongs to pipeline .*Nothing was changed.*--take-over"
    ) as raised:
        check({"orders-g000001": OF_EARLIER_VERSION}, {"orders": other})
    assert str(other) in str(raised.value)
    assert str(SHOP) in str(raised.value)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("leases", [{}, {"orders": EARLIER}])
def test_an_index_names_its_owner_when_the_lease_does_not(other: Origin, leases: Mapping[str, Origin]) -> None:
    with pytest.raises(AliasTaken, match="orders has index orders-g000007, which belongs to pipeline"):
        check({"orders-g000007": owned(other)}, leases)


def test_what_rowtide_did_not_create_is_not_replaced() -> None:
    with pytest.raises(AliasTaken, match="has index orders_2019, which Rowtide did not create"):
        check({"orders_2019": {}}, {})
    for take_over in (False, True):
        with pytest.raises(AliasTaken, match="orders is the name of an index"):
            check({"orders": {}}, {}, take_over=take_over)


@pytest.mark.parametrize(
    ("metas", "leases"),
    [
        ({}, {}),
        ({"orders-g000001": owned(SHOP)}, {}),
        ({"orders-g000001": OF_EARLIER_VERSION}, {}),
        ({"orders-g000001": OF_EARLIER_VERSION}, {"orders": EARLIER}),
        ({"orders-g000001": owned(SHOP)}, {"orders": SHOP}),
        # An alias that somebody changed by hand, and a take-over that was not complete when the worker ended.
        ({"by-hand": {}}, {"orders": SHOP}),
        ({"orders-g000001": owned(OTHERS[0])}, {"orders": SHOP}),
        # Somebody deleted the indexes of a pipeline that is gone: its lease is all that is left.
        ({}, {"orders": OTHERS[0]}),
    ],
)
def test_its_own_documents_are_the_workers(metas: Metas, leases: Mapping[str, Origin]) -> None:
    check(metas, leases)


@pytest.mark.parametrize("other", OTHERS)
def test_an_operator_may_take_them_over(other: Origin) -> None:
    check({"orders-g000001": owned(other)}, {"orders": other}, take_over=True)


@pytest.mark.parametrize("meta", [{}, OF_EARLIER_VERSION, {"owner": 7}, {"owner": {"system": "71"}}])
def test_an_owner_that_is_not_recorded_is_not_known(meta: dict[str, Any]) -> None:
    assert owner_in(meta) is None


def generations(store: RowStore, cluster: Cluster, origin: Origin, plan: PipelinePlan = PLAN) -> Generations:
    rows = Rows(store, STATEMENTS)
    rows.create()
    return Generations(store, rows, Quarantine(store), cluster, plan, origin)


def test_each_index_records_whose_it_is(tmp_path: Path) -> None:
    cluster = Cluster()
    with RowStore(tmp_path / "shop.sqlite") as store:
        with store.transaction():
            store.move(epoch=5)
        (first, *_) = generations(store, cluster, SHOP).all
        assert owner_in(cluster.metas[first.name]) == IndexOwner(SHOP, 5)

        # The index of an earlier version stays, and gets an owner; that of a renamed database, the new name.
        del cluster.metas[first.name]["owner"]
        assert first in generations(store, cluster, SHOP).all
        assert owner_in(cluster.metas[first.name]) == IndexOwner(SHOP, 5)
        with store.transaction():
            store.move(epoch=6)
        renamed = Origin("shop", "71", "shop2")
        assert first in generations(store, cluster, renamed).all
        assert owner_in(cluster.metas[first.name]) == IndexOwner(renamed, 5)
