"""Has tables captured that took the place of others of the same name, and waits for those who wrote to them before."""

from collections.abc import Collection, Mapping

import structlog

from read_model.catalog.catalog import TableName
from read_model.plan.model import PipelinePlan
from sync_worker.source.publication import Refused, follow, writers

_log = structlog.get_logger()


class ReplacedTables:
    """For the loop's thread. Not `enabled`, it leaves every table to an operator."""

    def __init__(self, dsn: str, enabled: bool) -> None:
        self._dsn = dsn
        self._enabled = enabled
        self._refused: set[tuple[TableName, str]] = set()
        self._awaited: tuple[frozenset[TableName], frozenset[str]] | None = None

    def follow(self, plan: PipelinePlan, tables: Mapping[TableName, str]) -> list[TableName]:
        """Capture those of the tables that the worker's role may add; returns them. `tables` gives the fingerprint of
        each: one that was refused is not tried again until its definition changes.

        Raises ServiceMissing to be called again."""
        columns = {use.table: [column.name for column in use.columns] for use in plan.tables}
        followed = []
        for table, fingerprint in tables.items() if self._enabled else ():
            if (table, fingerprint) in self._refused or table not in columns:
                continue
            try:
                follow(self._dsn, plan.pipeline, table, columns[table])
            except Refused as error:
                self._refused.add((table, fingerprint))
                _log.warning("a replaced table cannot be captured", table=str(table), reason=str(error))
            else:
                _log.info("a replaced table is captured again", table=str(table))
                followed.append(table)
        return followed

    def awaited_writers(self, tables: Collection[TableName]) -> int:
        """How many transactions still run that may have written to these tables before they were captured: those that
        ran at the first call with these tables. Raises ServiceMissing."""
        names = frozenset(tables)
        now = writers(self._dsn, names)
        if self._awaited is None or self._awaited[0] != names:
            self._awaited = names, now
        left = self._awaited[1] & now
        self._awaited = (names, left) if left else None
        return len(left)
