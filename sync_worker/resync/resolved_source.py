"""What the source's current tables mean for a spec that was resolved with earlier ones. Pure."""

from dataclasses import dataclass
from typing import Any

import msgspec

from cdc.log.recovery import Recovery
from read_model.catalog.catalog_query import read_catalog
from read_model.plan.model import PipelinePlan
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.model import Spec
from sync_worker.errors import RECOVERY_TEXT, WorkerError
from sync_worker.source.catalogue import SourceFacts

Tables = list[dict[str, Any]]
"""Tables in the form of `read_catalog`."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The plan, and the facts that it follows from: of the columns that the connector captures, which are the earlier
    ones. `remaining_reason` is what remains wrong with it, `notice` what an operator should look after although
    documents are right; sentences, or nothing."""

    facts: SourceFacts
    plan: PipelinePlan
    remaining_reason: str
    notice: str


def resolved_source(spec: Spec, live: SourceFacts, known: SourceFacts) -> Resolved:
    """Resolve the spec with the tables of now. A table that is away counts as it was. So do the foreign keys, when the
    spec relies on one that is gone, or has become ambiguous.

    Raises WorkerError when the spec does not match the tables."""
    tables = _narrowed(live.tables, known.tables)
    try:
        plan, notice = resolve(spec, read_catalog(tables)), ""
    except SpecError as error:
        tables = _with_keys(tables, known.tables)
        plan, notice = _with_known_keys(spec, tables, error)
    facts = msgspec.structs.replace(known, system=live.system, tables=tables)
    return Resolved(facts, plan, _remaining_reason(spec, live, known, plan), notice)


def _with_known_keys(spec: Spec, tables: Tables, error: SpecError) -> tuple[PipelinePlan, str]:
    try:
        plan = resolve(spec, read_catalog(tables))
    except SpecError:
        raise WorkerError(
            f"The source's tables changed, and the spec no longer matches them:\n{error}",
            Recovery.CORRECT_SPEC_AND_NEW_STORE,
        ) from error
    return (
        plan,
        f"The spec relies on foreign keys that changed; the earlier ones still serve. Before the next new row store, correct it: {error}",
    )


def _remaining_reason(spec: Spec, live: SourceFacts, known: SourceFacts, plan: PipelinePlan) -> str:
    tables = live.tables + _missing(live.tables, known.tables)
    for candidate in (tables, _with_keys(tables, known.tables)):
        try:
            if resolve(spec, read_catalog(candidate)).spec_hash == plan.spec_hash:
                return ""
        except SpecError:
            continue
    return (
        "The spec selects all columns of a table that has new ones, which the connector does not capture yet."
        f" {RECOVERY_TEXT[Recovery.APPLY_CONNECTOR_AND_NEW_STORE]}"
    )


def _narrowed(live: Tables, known: Tables) -> Tables:
    """The tables with only those columns that were known before: the connector captures no others."""
    names = {_name(table): _column_names(table) for table in known}
    return [
        table | {"columns": [column for column in table["columns"] or [] if column["name"] in names[_name(table)]]}
        for table in live
        if _name(table) in names
    ] + _missing(live, known)


def _missing(live: Tables, known: Tables) -> Tables:
    """The known tables that are away."""
    existing = set(map(_name, live))
    return [table for table in known if _name(table) not in existing]


def _with_keys(tables: Tables, known: Tables) -> Tables:
    """The tables with the foreign keys that were known before."""
    keys = {_name(table): table["foreign_keys"] for table in known}
    return [table | {"foreign_keys": keys.get(_name(table), table["foreign_keys"])} for table in tables]


def _name(table: dict[str, Any]) -> tuple[str, str]:
    return table["schema"], table["name"]


def _column_names(table: dict[str, Any]) -> set[str]:
    return {column["name"] for column in table["columns"] or []}
