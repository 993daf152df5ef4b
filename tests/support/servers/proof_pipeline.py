"""A small pipeline whose documents are proven, repaired, set aside and explained; and its index behind the worker's back."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from read_model.freshness import Freshness
from tests.support.servers.pipeline import Pipeline, execute
from tests.support.servers.services import elasticsearch_client

SPEC = """\
pipeline: proof
documents:
  things:
    from: things
    fields:
      - name
      - price
      - weight
      - about
      - code: {column: about, path: code, type: keyword}
      - deep: {column: about, path: deep, type: object}
    include:
      parts: {many: parts, fields: [label, made]}
  pairs:
    from: pairs
    fields: [note]
  words:
    from: words
    fields: [note, since, until]
"""
SCHEMA = """
CREATE TABLE things(id int PRIMARY KEY, name text, price numeric(10,2), weight float8, about jsonb);
CREATE TABLE parts(id int PRIMARY KEY, thing_id int REFERENCES things, label text, made date);
CREATE TABLE pairs(a int, b text, note text, PRIMARY KEY (a, b));
CREATE TABLE words(word text PRIMARY KEY, note text, since timestamptz, until timestamp);
INSERT INTO words SELECT 'word ' || n, 'note ' || n FROM generate_series(1, 5) n;
UPDATE words SET since = '0044-03-15 01:00Z BC', until = 'infinity' WHERE word = 'word 1';
INSERT INTO things SELECT n, 'thing ' || n, n / 4.0, n / 2.0, '{"n": 1, "a": [1, {"b": null}]}' FROM generate_series(1, 30) n;
INSERT INTO parts SELECT n, 1 + n % 30, 'part ' || n, date '0003-01-01 BC' + 10 * n FROM generate_series(1, 60) n;
INSERT INTO pairs SELECT n % 3, 'key "' || n || '"', 'note ' || n FROM generate_series(1, 20) n;
"""


class ProofPipeline:
    """The pipeline, and direct access to its Elasticsearch. `first_log` is what its worker logged until it was live."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.first_log = (pipeline.folder / "worker.log").read_text(encoding="utf-8")
        self._search = elasticsearch_client(pipeline.place.addresses)

    def close(self) -> None:
        """Leave Elasticsearch."""
        self._search.close()

    def alias(self, document: str) -> str:
        """The index of a kind of document."""
        return f"{self.pipeline.place.pipeline}-{document}"

    def change(self, statement: str) -> Freshness:
        """Change the database, and wait until the change is searchable."""
        execute(self.pipeline.place, statement)
        return self.pipeline.wait_fresh()

    def committed(self, statement: str) -> int:
        """Change the database, and wait until the change is searchable; the transaction's id."""
        with psycopg.connect(self.pipeline.place.dsn) as connection:
            connection.execute(statement)
            row = connection.execute("SELECT pg_current_xact_id()::text::int8").fetchone()
        assert row is not None
        self.pipeline.wait_fresh()
        return int(row[0])

    @contextmanager
    def stopped_worker(self) -> Iterator[None]:
        """Within the block, the worker does not run; after it, another one is live."""
        assert self.pipeline.kill_worker(signal.SIGTERM) == 0
        try:
            yield
        finally:
            self.pipeline.start_worker()
            self.pipeline.wait_live()

    def by_hand(self, method: str, document: str, id_: str, body: object = None) -> None:
        """Change the index behind the worker's back."""
        path = f"/{self.alias(document)}/_doc/{id_}"
        answer = self._search.request(method, path, json=body, params={"refresh": "true"})
        assert answer.status_code < 300, answer.text

    def source(self, document: str, id_: str) -> dict[str, Any]:
        """A document of the index."""
        source: dict[str, Any] = self._search.get(f"/{self.alias(document)}/_doc/{id_}").json()["_source"]
        return source

    def search_ids(self, document: str, query: str) -> list[str]:
        """Ids that a search finds."""
        hits = self._search.get(f"/{self.alias(document)}/_search", params={"q": query}).json()["hits"]["hits"]
        return [hit["_id"] for hit in hits]

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        """A command with `--output json`: its exit code and its answer."""
        done = self.pipeline.rowtide(*words, "--output", "json", check=False)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def verify(self, *words: str) -> dict[str, dict[str, Any]]:
        """The reports of `rowtide verify` by kind of document."""
        code, answer = self.run("verify", *words)
        assert code == int(any(report["divergent"] or report["unsettled"] for report in answer["documents"])), answer
        return {report["document"].removeprefix(self.alias("")): report for report in answer["documents"]}

    def usage_error(self, *words: str) -> str:
        """What a command that is used wrongly prints to standard error, in one line."""
        done = self.pipeline.rowtide(*words, check=False)
        assert done.returncode == 2
        return " ".join(done.stderr.split())
