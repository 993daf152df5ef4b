"""Acquiring the lease from an Elasticsearch that cannot answer yet."""

import threading
from contextlib import closing

import pytest
from elasticsearch import Elasticsearch

from read_model.freshness import Origin
from sync_worker.elasticsearch.lease import Lease
from sync_worker.errors import ServiceMissing
from tests.support.fakes.elasticsearch import answering


def test_a_lease_that_cannot_be_read_yet_is_not_absent() -> None:
    unread = {"docs": [{"_id": "orders", "error": {"type": "no_shard_available_action_exception"}}]}
    with answering(200, unread) as url, closing(Elasticsearch(url, max_retries=0)) as client:
        lease = Lease(client, Origin("shop"), ("orders",), holder="me", seconds=60.0)
        with pytest.raises(ServiceMissing, match="did not grant the lease: no_shard_available"):
            lease.take(threading.Event(), lambda _: None)
        assert not lease.held
