"""The comparison after everything is at rest: every document, the ids both ways, and the log with itself."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import psycopg

from infra.native.stack import Stack
from rowtide.local_pipeline import LocalPipeline, database
from rowtide.programs import run_verify
from tests.chaos.invariants import CHECKS, contradictions
from tests.chaos.log import Findings, Study, records
from tests.chaos.reader import Access

_VERIFY_SECONDS = 600.0
_PAGE = 1000

# The alias, the field that names a document, and the rows that must be its documents: independent of our compilers.
NAMES: tuple[tuple[str, str, bytes], ...] = (
    ("orders", "number", b"SELECT number FROM orders WHERE deleted_at IS NULL"),
    ("products", "sku", b"SELECT sku FROM products WHERE active"),
    ("boxes", "code", b"SELECT code FROM boxes"),
    ("rooms", "id", b"SELECT id FROM rooms"),
    ("probes", "id", b"SELECT id FROM probes"),
    ("jars", "id", b"SELECT id FROM public.jars"),
    ("places", "place", b"SELECT place FROM public.places"),
)
NAMES_OF_THE_SECOND: tuple[tuple[str, str, bytes], ...] = (
    ("second_boxes", "code", b"SELECT code FROM boxes"),
    ("second_jars", "id", b"SELECT id FROM public.jars"),
    ("second_places", "place", b"SELECT place FROM public.places"),
)

# The load's own promise: without it a contradiction in a document would prove nothing.
PROMISES = (
    b"""SELECT count(*) FROM boxes b WHERE
          (weight, item_count) <> (SELECT coalesce(sum(weight), 0), count(*) FROM items i WHERE i.code = b.code)
          OR note_count <> (SELECT count(*) FROM notes n WHERE n.code = b.code)""",
    b"SELECT count(*) FROM rooms r WHERE box_count <> (SELECT count(*) FROM boxes b WHERE b.room_id = r.id)",
    b"""SELECT count(*) FROM orders o WHERE
          total <> (SELECT coalesce(sum(quantity * unit_price), 0) FROM order_lines l WHERE l.order_id = o.id)""",
)


@dataclass
class FinalReport:
    """`extra` are documents of the index without a row, `divergent` all that differ; `notes` what is wrong besides."""

    divergent: int = 0
    documents: int = 0
    extra: int = 0
    notes: list[str] = field(default_factory=list)
    log: Findings = field(default_factory=Findings)


def compare(
    pipelines: Sequence[LocalPipeline], access: Access, stack: Stack, report: Callable[[str], None]
) -> FinalReport:
    """Compare everything of the pipelines on one database, and read the log of the first."""
    ending, pipeline = FinalReport(), pipelines[0]
    pipeline.programs.set_variable("ROWTIDE_ELASTICSEARCH_URL", access.url)
    for each in pipelines:
        _verify(each, ending, report)
    with (
        database(pipeline.dsn) as connection,
        httpx.Client(base_url=access.url, auth=access.login, timeout=60.0) as http,
    ):
        for what in NAMES if len(pipelines) == 1 else NAMES + NAMES_OF_THE_SECOND:
            _compare_names(connection, http, what, ending)
        for promise in PROMISES:
            row = connection.execute(promise).fetchone()
            if row != (0,):
                ending.notes.append(f"the load broke its own promise {row} times: {promise.decode()[:80]}")
    report("reading the whole log")
    ending.log = Study().read(records(stack.addresses.kafka, pipeline.name))
    return ending


def _verify(pipeline: LocalPipeline, ending: FinalReport, report: Callable[[str], None]) -> None:
    report("comparing every document with PostgreSQL")
    for each in run_verify(pipeline.programs, _VERIFY_SECONDS):
        report(f"verify {each['document']}: {each['compared']:,} compared, {each['divergent']} differ")
        for divergence in each["ids"][:20]:
            ending.notes.append(
                f"{each['document']} {divergence['id']}: {divergence['what']} {', '.join(divergence['fields'])}"
            )
        ending.documents += each["compared"]
        ending.divergent += each["divergent"] + each["unsettled"]


def _compare_names(
    connection: psycopg.Connection[Any], http: httpx.Client, what: tuple[str, str, bytes], ending: FinalReport
) -> None:
    alias, name, query = what
    rows = {row[0] for row in connection.execute(query)}
    shown = []
    for document in _documents(http, alias):
        shown.append(document[name])
        if alias in CHECKS and (wrong := contradictions(alias, document)):
            ending.notes.append(f"{alias} {document[name]!r} at rest: {'; '.join(wrong)}")
    extra, missing = set(shown) - rows, rows - set(shown)
    ending.extra += len(extra) + len(shown) - len(set(shown))
    for kind, ids in (("extra", extra), ("missing", missing)):
        ending.notes += [f"{alias} {each!r} is {kind}" for each in sorted(ids, key=str)[:20]]


def _documents(http: httpx.Client, alias: str) -> Iterator[dict[str, Any]]:
    """Every document of an alias, read as of one moment."""
    with _point(http, alias) as point:
        after: list[Any] | None = None
        while True:
            body = {"size": _PAGE, "sort": ["_shard_doc"], "pit": {"id": point, "keep_alive": "2m"}}
            answer = http.post("/_search", json={**body, **({"search_after": after} if after else {})})
            hits = json.loads(answer.raise_for_status().content, parse_float=Decimal)["hits"]["hits"]
            if not hits:
                return
            yield from (hit["_source"] for hit in hits)
            after = hits[-1]["sort"]


@contextmanager
def _point(http: httpx.Client, alias: str) -> Iterator[str]:
    point = str(http.post(f"/{alias}/_pit?keep_alive=2m").raise_for_status().json()["id"])
    try:
        yield point
    finally:
        http.request("DELETE", "/_pit", json={"id": point})
