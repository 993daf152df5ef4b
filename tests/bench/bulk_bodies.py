"""Finished bulk bodies, built from a row store with the very statement that the worker runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from read_model.catalog.catalog import quote_identifier
from read_model.plan.model import DocumentPlan
from read_model.sqlite import functions
from read_model.sqlite.documents import build
from read_model.sqlite.rows import table_name

BULK_DOCUMENTS = 1000
BULK_BYTES = 5_242_880
"""The worker's own defaults."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """Bulk requests in a file: the place and length of each, and how many documents they hold."""

    path: Path
    places: tuple[tuple[int, int], ...]
    documents: int


def write_bodies(store: Path, document: DocumentPlan, version: int, path: Path) -> Bodies:
    """Build every document of the row store, whose worker must have ended, into bulk requests in the file `path`."""
    places, documents, at = [], 0, 0
    with path.open("wb") as file:
        for lines in _bulks(_lines(store, document, version)):
            body = b"".join(lines)
            file.write(body)
            places.append((at, len(body)))
            at += len(body)
            documents += len(lines)
    return Bodies(path, tuple(places), documents)


def _lines(store: Path, document: DocumentPlan, version: int) -> Iterator[bytes]:
    keys = ", ".join(f"{quote_identifier(column.name)} AS k{n}" for n, column in enumerate(document.id))
    select = f"SELECT {keys} FROM {table_name(document.root.table)}"
    connection = apsw.Connection(str(store))
    try:
        functions.register(connection)
        for _, body, deleted in connection.execute(build(document, select), {"version": version}):
            if not deleted:
                yield body
    finally:
        connection.close()


def _bulks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    bulk: list[bytes] = []
    size = 0
    for line in lines:
        bulk.append(line)
        size += len(line)
        if len(bulk) == BULK_DOCUMENTS or size >= BULK_BYTES:
            yield bulk
            bulk, size = [], 0
    if bulk:
        yield bulk
