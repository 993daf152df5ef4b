"""Documents in the real Elasticsearch without a pipeline: the spec's mapping, filled by the oracle's query."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import httpx
import psycopg

from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog
from read_model.elasticsearch.index_body import index_body
from read_model.plan.model import DocumentPlan, PipelinePlan
from read_model.plan.resolve import resolve
from read_model.postgres.documents import document_query
from read_model.spec.parser import parse_spec
from rowtide.commands.elasticsearch_key import create_search_key
from tests.support.paths import CHECKOUT
from tests.support.servers.search_api import administrator_settings
from tests.support.servers.services import Place, elasticsearch_client

BULK = 500
LAST_DAY = datetime(2026, 6, 25, 8, tzinfo=UTC)
"""Of the orders, so that tests find the same ones on every day."""


@dataclass(frozen=True)
class FilledIndex:
    """Where the documents are: a read-only `key` for the `aliases`."""

    url: str
    key: str
    aliases: list[str]


def seed(place: Place, orders: int, products: int = 120, customers: int = 80) -> None:
    """Fill the place's database as the writer does it."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "writer",
            "seed",
            f"--orders={orders}",
            f"--products={products}",
            f"--customers={customers}",
            f"--until={LAST_DAY:%Y-%m-%dT%H:%M:%S}",
        ],
        env=os.environ | {"ROWTIDE_WRITER_DSN": place.dsn},
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )


@contextmanager
def filled_index(place: Place, spec: str) -> Iterator[FilledIndex]:
    """Write all documents of the spec's text, as the database has them; remove the indexes at the end."""
    url = place.addresses.elasticsearch_url
    with elasticsearch_client(place.addresses) as admin:
        names: list[str] = []
        try:
            with psycopg.connect(place.dsn) as connection:  # Not for longer: other tests kill PostgreSQL.
                plan = _plan(connection, spec)
                names = [document.name for document in plan.documents]
                for document in plan.documents:
                    _fill(admin, connection, document, plan)
            yield FilledIndex(
                url, create_search_key(administrator_settings(place.addresses), names, place.pipeline), names
            )
        finally:
            for name in names:
                admin.delete(f"/{name}-g000001")


def _plan(connection: psycopg.Connection[tuple[str]], spec: str) -> PipelinePlan:
    row = connection.execute(CATALOG_QUERY).fetchone()
    assert row
    return resolve(parse_spec(spec, "the spec"), read_catalog(json.loads(row[0])))


def _fill(admin: httpx.Client, connection: psycopg.Connection[Any], document: DocumentPlan, plan: PipelinePlan) -> None:
    body = index_body(document, plan) | {"aliases": {document.name: {}, f"{document.name}-write": {}}}
    admin.delete(f"/{document.name}-g000001")
    admin.put(f"/{document.name}-g000001", json=body).raise_for_status()
    rows = connection.execute(document_query(document))
    while some := list(islice(rows, BULK)):
        lines = "".join(f"{_action(key)}\n{text}\n" for key, text in some)
        headers = {"content-type": "application/x-ndjson"}
        answer = admin.post(f"/{document.name}-write/_bulk", content=lines.encode(), headers=headers)
        assert not answer.raise_for_status().json()["errors"], answer.text[:2000]
    admin.post(f"/{document.name}/_refresh").raise_for_status()


def _action(document_id: str) -> str:
    return json.dumps({"index": {"_id": document_id, "version": 7, "version_type": "external_gte"}})
