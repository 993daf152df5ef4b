"""Puts a verification together: connections, the plan from the live catalogue, a report a document kind."""

from collections.abc import Callable

from cdc.lsn import Lsn
from read_model.catalog import read_catalog
from read_model.resolve import resolve
from read_model.spec import parse_spec
from sync_worker.catalogue import connect, read_source
from sync_worker.index import Access
from sync_worker.index_reader import IndexReader
from sync_worker.verify import Report, Verifier
from sync_worker.waiting import FreshnessClient

Progress = Callable[[int], None]


def verify_pipeline(
    *,
    spec_text: str,
    spec_source: str,
    dsn: str,
    access: Access,
    worker_url: str,
    wait: float,
    progress: Callable[[str], Progress],
) -> list[Report]:
    """Verify every document kind; `progress(name)` gives the callback for one."""
    plan = resolve(parse_spec(spec_text, spec_source), read_catalog(read_source(dsn).tables))
    freshness = FreshnessClient(worker_url)

    def wait_until(lsn: Lsn) -> None:
        freshness.wait(lsn, wait)

    try:
        with connect(dsn) as connection, IndexReader(access) as index:
            return [
                Verifier(connection, index, wait_until, progress(document.name)).verify(document)
                for document in plan.documents
            ]
    finally:
        freshness.close()
