"""Elasticsearch forgets what it deleted, and a late write brings a document back: the worker sends its deletes again."""

import psycopg

from connections.wait import wait_until
from infra.native.stack import Stack
from tests.e2e.conftest import LivePipeline
from tests.support.servers.services import elasticsearch_client

SPEC = """\
pipeline: forgotten
documents:
  things: {from: things, fields: [id, name]}
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text);
INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(1, 50) n;
"""


def test_deletes_older_than_gc_deletes_are_resent(stack: Stack, live_pipeline: LivePipeline) -> None:
    pipeline = live_pipeline(SPEC, SCHEMA, lease_seconds=4)
    place, alias = pipeline.place, f"{pipeline.place.pipeline}-things"
    with elasticsearch_client(place.addresses) as client, psycopg.connect(place.dsn, autocommit=True) as source:
        source.execute("DELETE FROM things WHERE id IN (1, 2)")
        pipeline.wait_fresh()

        def late(id_: int) -> int:
            """An older bulk's write, long after the delete."""
            query = {"version": str((1 << 48) + 1), "version_type": "external_gte", "refresh": "true"}
            return client.put(f"/{alias}/_doc/{id_}", params=query, json={"id": id_, "name": "late"}).status_code

        assert late(1) == 409
        client.put(f"/{alias}/_settings", json={"index": {"gc_deletes": "1ms"}}).raise_for_status()
        client.post(f"/{alias}/_flush").raise_for_status()
        assert wait_until(lambda: late(1) == 201, 60, pause_seconds=0.2), "Elasticsearch does not forget the delete"
        client.put(f"/{alias}/_settings", json={"index": {"gc_deletes": "1h"}}).raise_for_status()

        stack.kill("elasticsearch")
        stack.restart("elasticsearch")
        assert wait_until(lambda: client.get(f"/{alias}/_doc/1").status_code == 404, 60), "the delete is not sent again"
        assert wait_until(lambda: late(2) == 409, 60, pause_seconds=0.2), "the other delete is not sent again"
        assert late(1) == 409
        source.execute("INSERT INTO things VALUES (1, 'again')")
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == 49
