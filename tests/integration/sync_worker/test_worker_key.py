"""The worker's key for Elasticsearch: it permits everything that the worker does with its indexes, and nothing else."""

import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from pydantic import SecretStr

from connections.elasticsearch import ElasticsearchAccess
from infra.native.stack import Stack
from read_model.elasticsearch.index_body import index_body
from read_model.freshness import Origin
from rowtide.commands.elasticsearch_key import KeySettings, create_worker_key
from sync_worker.elasticsearch.elasticsearch_sink import ElasticsearchSink, connect
from sync_worker.elasticsearch.index_admin import IndexAdmin
from sync_worker.elasticsearch.lease import Lease
from sync_worker.loop.document_sink import Target
from sync_worker.store.bulk import DocumentWrite
from tests.support.builders import plans
from tests.support.servers.services import elasticsearch_client

ALIAS = "keyed"


@pytest.fixture
def key(stack: Stack) -> str:
    addresses = stack.addresses
    settings = KeySettings(
        spec="none",
        elasticsearch_url=addresses.elasticsearch_url,
        elasticsearch_username=addresses.elasticsearch_username,
        elasticsearch_password=SecretStr(addresses.elasticsearch_password),
    )
    return create_worker_key(settings, "test", [ALIAS], 1)


@pytest.fixture
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with elasticsearch_client(stack.addresses) as client:
        yield client
        client.delete(f"/{ALIAS}-g000001,{ALIAS}-g000002", params={"ignore_unavailable": "true"})


def test_the_key_does_all_that_the_worker_does(stack: Stack, key: str, admin: httpx.Client) -> None:
    body = index_body(plans.ORDERS_DOCUMENT)
    url = stack.addresses.elasticsearch_url
    with closing(connect(ElasticsearchAccess(url, key))) as client:
        index = IndexAdmin(client, url)
        index.check()
        first = index.create_generation(ALIAS, body)
        index.show(ALIAS, first)
        second = index.create_generation(ALIAS, body)
        assert index.generations(ALIAS) == [first, second]
        assert index.indexes_of(f"{second}-write") == [second]
        assert index.uuid(first) != index.uuid(second)
        assert index.nodes()
        assert index.aliases()[ALIAS] == [first]
        lease = Lease(client, Origin("test", "7711", "shop"), (ALIAS,), "a row store", 5)
        assert not lease.take(threading.Event(), print)
        lease.renew()
        assert index.meta(second) == body["mappings"]["_meta"]
        write = DocumentWrite(1, b'{"index":{"_id":"1","version":7,"version_type":"external_gte"}}\n{}\n')
        delete = DocumentWrite(2, b'{"delete":{"_id":"2","version":7,"version_type":"external_gte"}}\n')
        sink, target = ElasticsearchSink(client, lease, threading.Event()), Target(ALIAS, second)
        outcome = sink.send(target, [write, delete])
        assert outcome is not None
        assert outcome.rejected == []
        assert sink.refresh((target,))
        lease.release()
        index.show(ALIAS, second)
    assert admin.get(f"/{ALIAS}/_count").json()["count"] == 1
    assert admin.get(f"/{first}").status_code == 404


def test_the_key_does_nothing_else(stack: Stack, key: str, admin: httpx.Client) -> None:
    admin.put(f"/{ALIAS}-gadgets").raise_for_status()
    headers = {"authorization": f"ApiKey {key}"}
    with httpx.Client(base_url=stack.addresses.elasticsearch_url, headers=headers, trust_env=False) as worker:
        refused = [
            worker.put("/others-g000001"),
            worker.delete(f"/{ALIAS}-gadgets"),
            worker.get(f"/{ALIAS}-gadgets/_search"),
            worker.put(f"/{ALIAS}-gadgets/_doc/1", json={}),
            worker.post("/_security/api_key", json={"name": "more"}),
            worker.put("/_cluster/settings", json={"persistent": {"action.auto_create_index": "true"}}),
            worker.put("/_index_template/all", json={"index_patterns": ["*"]}),
        ]
    admin.delete(f"/{ALIAS}-gadgets").raise_for_status()
    assert [response.status_code for response in refused] == [403] * len(refused)
