"""An unavailable or overloaded Elasticsearch is distinguished from one that refuses."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from connections.elasticsearch import ElasticsearchAccess
from sync_worker.elasticsearch.elasticsearch_sink import connect
from sync_worker.elasticsearch.index_admin import IndexAdmin
from sync_worker.errors import ServiceMissing, SettingsError, WorkerError
from sync_worker.verification.index_reader import IndexReader
from tests.support.fakes.elasticsearch import answering


@contextmanager
def admin_of(url: str) -> Iterator[IndexAdmin]:
    """The worker's administration of the server at a URL."""
    with closing(connect(ElasticsearchAccess(url))) as client:
        yield IndexAdmin(client, url)


@contextmanager
def admin_behind(status: int) -> Iterator[IndexAdmin]:
    """The same, of a server that gives every request the same status."""
    with answering(status) as url, admin_of(url) as admin:
        yield admin


CALLS: list[Callable[[IndexAdmin], object]] = [
    IndexAdmin.check,
    lambda admin: admin.meta("orders-g000001"),
    lambda admin: admin.indexes_of("orders"),
    lambda admin: admin.uuid("orders-g000001"),
    lambda admin: admin.create_generation("orders", {}),
    lambda admin: admin.point("orders", "orders-g000001"),
]


@pytest.mark.parametrize("status", [0, 429, 503])
def test_an_unreachable_or_overloaded_elasticsearch_is_unavailable(status: int) -> None:
    with admin_behind(status) as admin:
        for call in CALLS:
            with pytest.raises(ServiceMissing):
                call(admin)


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_is_an_error_that_does_not_pass(status: int) -> None:
    with admin_behind(status) as admin:
        for call in CALLS:
            with pytest.raises(WorkerError) as raised:
                call(admin)
            assert not isinstance(raised.value, ServiceMissing)


def test_what_is_not_there_is_no_error() -> None:
    with admin_behind(404) as admin:
        assert admin.meta("orders-g000001") is None
        assert admin.indexes_of("orders") == []


@pytest.mark.parametrize(
    ("status", "body"), [(401, {}), (403, {"error": {"type": "security_exception"}, "status": 403})]
)
def test_refused_credentials_are_a_wrong_setting(status: int, body: dict[str, object]) -> None:
    with answering(status, body) as url:
        with admin_of(url) as admin, pytest.raises(SettingsError, match="API_KEY"):
            admin.check()
        with IndexReader(ElasticsearchAccess(url)) as reader, pytest.raises(SettingsError, match="API_KEY"):
            reader.count("orders")


def test_a_block_on_an_index_is_no_wrong_setting() -> None:
    with answering(403, {"error": {"type": "cluster_block_exception"}, "status": 403}) as url:
        with admin_of(url) as admin, pytest.raises(WorkerError) as raised:
            admin.check()
        assert not isinstance(raised.value, SettingsError)


def test_the_generations_of_a_longer_name_are_not_an_aliass_own() -> None:
    names = ["orders-g000002", "orders-g0-g000001", "orders-gold-g000001", "orders-g0000021", "orders-g000002-write"]
    with answering(200, {name: {"aliases": {}} for name in names}) as url, admin_of(url) as admin:
        assert admin.generations("orders") == ["orders-g000002"]
        assert admin.generations("orders-g0") == ["orders-g0-g000001"]
