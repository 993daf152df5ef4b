"""Compares PostgreSQL's digests with those of documents that the row store built."""

from typing import Any

import psycopg

from read_model.plan.model import DocumentPlan
from read_model.postgres.digests import bucket_query, digest_query
from read_model.postgres.documents import conditions, id_text
from read_model.types.canonical_json import text_digest


def in_buckets(plan: DocumentPlan, connection: psycopg.Connection[Any], size: int) -> dict[str, str]:
    """All digests by id, read in buckets of `size`."""
    by_id: dict[str, str] = {}
    last: tuple[str, ...] = ()
    while rows := connection.execute(bucket_query(plan, not last, size), last or None).fetchall():
        assert len(rows) <= size
        assert not by_id.keys() & {row[0] for row in rows}
        by_id |= {row[0]: row[1] for row in rows}
        last = rows[-1][2:]
    return by_id


def ids_in_order(plan: DocumentPlan, connection: psycopg.Connection[Any]) -> list[str]:
    """The id texts of all documents, in the order of `document_query`."""
    text, where = id_text(plan, "r"), conditions(plan.root.where, "r")
    query = f'SELECT {text} FROM {plan.root.table.quoted} r WHERE true{where} ORDER BY {text} COLLATE "C"'
    return [id_ for (id_,) in connection.execute(query)]


def unlike(plan: DocumentPlan, connection: psycopg.Connection[Any], built: dict[str, bytes]) -> set[str]:
    """Ids of documents whose digests differ. Asserts that all digest queries agree."""
    by_id = in_buckets(plan, connection, 7)
    assert by_id.keys() == built.keys()
    ids = list(built)
    for indexed in (True, False):
        assert dict(connection.execute(digest_query(plan, indexed), (ids,)).fetchall()) == by_id
    return {id_ for id_, digest in by_id.items() if digest != text_digest(built[id_])}
