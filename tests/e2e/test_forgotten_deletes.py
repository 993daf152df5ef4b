"""Elasticsearch forgets what it deleted, and a late write brings a document back: the worker sends its deletes again."""

import threading
from collections.abc import Callable
from contextlib import closing

import httpx
import psycopg

from infra.native.stack import Stack
from tests.e2e.conftest import LivePipeline

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
    at, alias = pipeline.place.addresses, f"{pipeline.place.pipeline}-things"
    login = (at.elasticsearch_username, at.elasticsearch_password)
    client = httpx.Client(base_url=at.elasticsearch_url, auth=login, trust_env=False, timeout=60)
    with closing(client), psycopg.connect(pipeline.place.dsn, autocommit=True) as source:
        source.execute("DELETE FROM things WHERE id IN (1, 2)")
        pipeline.wait_fresh()

        def late(id_: int) -> int:
            """An older bulk's write, long after the delete."""
            query = {"version": str((1 << 48) + 1), "version_type": "external_gte", "refresh": "true"}
            return client.put(f"/{alias}/_doc/{id_}", params=query, json={"id": id_, "name": "late"}).status_code

        assert late(1) == 409
        client.put(f"/{alias}/_settings", json={"index": {"gc_deletes": "1ms"}}).raise_for_status()
        client.post(f"/{alias}/_flush").raise_for_status()
        wait_until(lambda: late(1) == 201, "Elasticsearch forgets a delete")
        client.put(f"/{alias}/_settings", json={"index": {"gc_deletes": "1h"}}).raise_for_status()

        stack.kill("elasticsearch")
        stack.restart("elasticsearch")
        wait_until(lambda: client.get(f"/{alias}/_doc/1").status_code == 404, "the delete is sent again")
        wait_until(lambda: late(2) == 409, "the other one as well")
        assert late(1) == 409
        source.execute("INSERT INTO things VALUES (1, 'again')")
        pipeline.wait_fresh()
        assert pipeline.verify()["things"] == 49


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait up to a minute for a condition."""
    pause = threading.Event()
    for _ in range(300):
        if condition():
            return
        pause.wait(0.2)
    raise AssertionError(f"did not happen: {what}")
