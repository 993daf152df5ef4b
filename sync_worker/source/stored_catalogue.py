"""The catalogue that the row store was created with, and the plan that the spec becomes with it.

A restart needs no database. But what the stored catalogue lacks is no fault of the source's tables: before the spec is
blamed, the source is asked.
"""

from collections.abc import Callable

import msgspec

from cdc.log.heartbeat import SourceStatus
from cdc.log.names import slot_name
from cdc.log.recovery import Recovery
from read_model.catalog.catalog_query import read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.model import Spec
from sync_worker.errors import ServiceMissing, SettingsError, StoreError
from sync_worker.source.catalogue import SourceFacts, decode_facts
from sync_worker.store.history_check import check_same_source
from sync_worker.store.row_store import SourceRecord
from sync_worker.store.startup_checks import check_plan, spec_changed


def source_facts(stored: SourceRecord, read: Callable[[], SourceFacts]) -> SourceFacts:
    """The catalogue that the row store was created with; that of the source, which `read` reads, when it is new.

    Raises StoreError when the stored one is damaged."""
    try:
        return decode_facts(stored.facts) if stored.facts else read()
    except msgspec.DecodeError as error:
        raise StoreError("The catalogue in the row store is damaged.", Recovery.REMOVE_STORE) from error


def plan_of(spec: Spec, stored: SourceRecord, facts: SourceFacts, read: Callable[[], SourceFacts]) -> PipelinePlan:
    """The plan for the stored catalogue.

    Raises SpecError when the spec does not fit the source, and StoreError when it does, but is another version than the
    one that the row store was created for."""
    try:
        plan = resolve(spec, read_catalog(facts.tables))
    except SpecError:
        if not stored.spec_hash:
            raise
        _check_against_source(spec, read)
        raise spec_changed(spec.pipeline) from None
    check_plan(stored, plan)
    return plan


def _check_against_source(spec: Spec, read: Callable[[], SourceFacts]) -> None:
    """Raises SpecError when the spec does not fit the tables that the source has now."""
    try:
        tables = read().tables
    except ServiceMissing:
        return
    resolve(spec, read_catalog(tables))


def check_database(facts: SourceFacts, status: SourceStatus | None, pipeline: str) -> SourceFacts:
    """The facts with the database's current name: an earlier version did not store it, and a database can be renamed.

    Raises PositionLost when it is another database than the rows came from, SettingsError when it is not the slot's.
    Without a status nothing is known."""
    if status is None or status.system != facts.system:
        return facts  # Another server is reported with its identifier.
    if status.slot_database not in (None, status.database):
        raise SettingsError(
            f"Replication slot {slot_name(pipeline)} belongs to database {status.slot_database}, but ROWTIDE_POSTGRES_DSN"
            f" names database {status.database}. Correct it, or choose another pipeline name."
        )
    if facts.oid != status.oid:
        check_same_source(("database", facts.database or status.database, status.database))
    return msgspec.structs.replace(facts, database=status.database, oid=status.oid)
