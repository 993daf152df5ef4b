"""Reads the row store while a worker is running, without disturbing it, or when none is."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw
import msgspec

from read_model.plan.model import DocumentPlan
from read_model.spec.file import load_spec
from read_model.sqlite import documents, functions
from read_model.sqlite.fan_out import LANES
from sync_worker.errors import WorkerError
from sync_worker.settings import WorkerSettings
from sync_worker.source.catalogue import SourceFacts, decode_facts
from sync_worker.store.build_times import OF_VERSION, Build, build_of
from sync_worker.store.layout import FORMAT
from sync_worker.store.pending_sql import pending_lsn
from sync_worker.store.position import Position, decode_position
from sync_worker.store.quarantine import QuarantinedDocument, QuarantineKind


def store_path(settings: WorkerSettings) -> Path:
    """The path of the pipeline's row store."""
    pipeline = load_spec(settings.spec).pipeline
    return settings.worker_store / f"{pipeline}.sqlite"


class RowStoreReader:
    """A row store opened read-only. Each method sees the current state. Raises WorkerError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            raise WorkerError(
                f"Row store {path} does not exist. Run this on the worker's machine, or set ROWTIDE_WORKER_STORE."
            )
        try:
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self._connection.set_busy_timeout(10_000)
            functions.register(self._connection)
            self._check_format(path)
            self.position = self._position()
        except (apsw.NotADBError, apsw.CantOpenError, apsw.CorruptError) as error:
            raise WorkerError(f"Cannot read row store {path}: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def require_epoch(self, epoch: int) -> None:
        """Raise WorkerError when this is not the row store of the worker with this epoch."""
        if self.position.epoch != epoch:
            raise WorkerError(
                f"Row store {self._path} has epoch {self.position.epoch}, and the worker has epoch {epoch}: it uses"
                " another row store. Run this on the worker's machine, or set ROWTIDE_WORKER_STORE."
            )

    def quarantined(self, document: str | None = None, id_: str | None = None) -> list[QuarantinedDocument]:
        """The documents in quarantine: all, those of one kind, or a single one."""
        if not self._has("quarantine"):
            return []
        rows = self._connection.execute(
            "SELECT document, id, kind, reason, fields, cause, version, at_ms FROM quarantine"
            " WHERE (?1 IS NULL OR document = ?1) AND (?2 IS NULL OR id = ?2) ORDER BY at_ms, document, id",
            (document, id_),
        )
        return [_quarantined(row) for row in rows]

    def pending_since(self, document: DocumentPlan, id_: str) -> int | None:
        """LSN of the oldest change not yet built, sent and acknowledged; None when the document is not pending."""
        lsns = [row[0] for lane in LANES for row in self._connection.execute(pending_lsn(document, lane), {"id": id_})]
        return min(lsns, default=None)

    def build(self, document: DocumentPlan, id_: str) -> str | None:
        """The JSON that the row store's rows build; None when they do not build the document."""
        sql = documents.build(document, documents.keys_of_id(document))
        row = self._connection.execute(sql, {"id": id_, "version": 0}).fetchone()
        if row is None or row[2]:
            return None
        return bytes(row[1]).split(b"\n")[1].decode()

    def build_of(self, document: str, version: int) -> Build | None:
        """When documents of this version were built and acknowledged; None once that is no longer recorded."""
        if not self._has("builds"):
            return None
        return build_of(self._connection.execute(OF_VERSION, (document, version)).fetchone())

    def source_facts(self) -> SourceFacts | None:
        """The catalogue that the worker's plan was resolved with; None before it has one."""
        row = self._connection.execute("SELECT facts FROM source").fetchone()
        return decode_facts(str(row[0])) if row and row[0] else None

    def _position(self) -> Position:
        row = self._connection.execute("SELECT state FROM position").fetchone()
        return Position() if row is None else decode_position(str(row[0]))

    def _check_format(self, path: Path) -> None:
        if (stored_format := self._connection.pragma("user_version")) != FORMAT:
            raise WorkerError(
                f"Row store {path} has format {stored_format}, not {FORMAT}. Start this version's worker once to"
                " convert it."
            )

    def _has(self, table: str) -> bool:
        return self._connection.table_exists(None, table)


def _quarantined(row: tuple[Any, ...]) -> QuarantinedDocument:
    document, id_, kind, reason, fields, cause, version, at_ms = row
    return QuarantinedDocument(
        document, id_, QuarantineKind(kind), reason, tuple(msgspec.json.decode(fields)), cause, version, at_ms
    )
