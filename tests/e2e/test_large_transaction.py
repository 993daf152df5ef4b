"""One transaction of a million changed rows: applied correctly, in memory that does not grow with it (invariant 8)."""

import psycopg

from tests.bench.usage import read_peak
from tests.e2e.conftest import LivePipeline
from tests.support.servers.pipeline import Pipeline

SCHEMA = """
CREATE TABLE accounts (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE entries (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, amount numeric(10, 2) NOT NULL, note text);
INSERT INTO accounts SELECT n, 'account ' || n FROM generate_series(1, 100) n;
"""
SPEC = """\
pipeline: large
documents:
  accounts:
    from: accounts
    fields: [name]
    include:
      newest: {many: entries, order_by: [{id: desc}], limit: 3, fields: [amount, note]}
    compute:
      entries: {count: {many: entries}}
      total: {sum: amount, of: {many: entries}}
"""
INSERT = """
INSERT INTO entries SELECT n, 1 + n %% 100, (n %% 1000) / 100.0, 'entry number ' || n FROM generate_series(%s::int, %s::int) n
"""
UPDATE = "UPDATE entries SET amount = amount + 1, account_id = 1 + (account_id * 7) %% 100 WHERE id BETWEEN %s AND %s"
DELETE = "DELETE FROM entries WHERE id BETWEEN %s AND %s"
SMALL, ROWS = 50_000, 1_000_000
GROWTH_MIB = 96
"""Of the peak. A million rows held in memory would be several times as much: their JSON alone is 600 MiB."""


def peak_mib(pipeline: Pipeline) -> int:
    """The largest resident size that the worker ever had."""
    assert pipeline.worker is not None
    return read_peak(pipeline.worker.pid) >> 20


def test_a_transaction_of_a_million_changes_takes_no_more_memory(live_pipeline: LivePipeline) -> None:
    pipeline = live_pipeline(SPEC, SCHEMA)
    with psycopg.connect(pipeline.place.dsn, autocommit=True) as connection:
        connection.execute(INSERT, [1, SMALL])
        pipeline.wait_fresh()
        small = peak_mib(pipeline)
        with connection.transaction():
            connection.execute(INSERT, [SMALL + 1, SMALL + ROWS * 6 // 10])
            connection.execute(UPDATE, [SMALL // 2, SMALL // 2 + ROWS * 3 // 10])
            connection.execute(DELETE, [ROWS // 10, ROWS // 10 * 2])
        pipeline.wait_fresh(400)
        large = peak_mib(pipeline)
        assert pipeline.verify() == {"accounts": 100}
        assert large - small < GROWTH_MIB, f"{small} MiB became {large} MiB"
