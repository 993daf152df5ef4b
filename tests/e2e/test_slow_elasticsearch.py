"""Elasticsearch accepts nothing for a long time: pending documents are on disk, and memory does not grow (invariant 8)."""

import psycopg

from cdc.log.lsn import Lsn
from rowtide.conformance.fault_proxy import FaultProxy
from tests.bench.usage import read_peak
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline
from tests.support.servers.services import Place

SCHEMA = """
CREATE TABLE shelves (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (id int PRIMARY KEY, shelf_id int NOT NULL REFERENCES shelves, title text NOT NULL, blurb text NOT NULL);
INSERT INTO shelves SELECT n, 'shelf ' || n FROM generate_series(1, 200) n;
INSERT INTO books SELECT n, 1 + n % 200, 'book ' || n, repeat('words of book ' || n || '. ', 20) FROM generate_series(1, 20000) n;
"""
SPEC = """\
pipeline: slow
documents:
  books:
    from: books
    fields: [title, blurb]
    include:
      shelf: {one: shelves, fields: [name]}
"""
ROUNDS = 4
GROWTH_MIB = 16
"""Of the peak, over three times 20,000 changed documents of half a kilobyte: their bodies alone are 30 MiB."""


def test_documents_that_elasticsearch_does_not_take_wait_on_disk(
    place: Place, wire: FaultProxy, live_pipeline: LivePipeline
) -> None:
    pipeline = live_pipeline(SPEC, SCHEMA, place=place, stage="connector")
    pipeline.environment["ROWTIDE_ELASTICSEARCH_URL"] = wire.url
    pipeline.start_worker()
    with psycopg.connect(place.dsn, autocommit=True) as source:
        stood = pipeline.wait_live().searchable
        wire.set_mode("refuse")
        peaks = [_change_everything(source, pipeline, number) for number in range(ROUNDS)]
        assert peaks[-1] - peaks[0] < GROWTH_MIB, f"MiB after each round: {peaks}"
        fresh = pipeline.wait_reason("takes no documents")
        assert fresh.pending >= 20_000
        assert fresh.searchable - stood < fresh.watermark - fresh.searchable, (
            "nothing was taken, so nothing is promised"
        )
        assert fresh.state == "degraded"
        wire.set_mode("pass")
        pipeline.wait_fresh()
        pipeline.wait_reason("")
        assert pipeline.verify() == {"books": 20_000}


def _change_everything(source: psycopg.Connection, pipeline: Pipeline, number: int) -> int:
    """Change every document, and wait until the worker has applied it. Returns its peak memory."""
    source.execute("UPDATE books SET blurb = blurb || %s", [f" round {number}"])
    row = source.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    assert row is not None
    pipeline.wait_read(Lsn(int(row[0])))
    assert pipeline.worker is not None
    return read_peak(pipeline.worker.pid) >> 20
