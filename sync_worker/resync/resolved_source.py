"""What the source's current tables mean for a spec that was resolved with earlier ones. Pure."""

from collections.abc import Mapping
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
    """Resolve the spec with the tables of now. A table that is away counts as it was. So do foreign and unique keys, when
    the spec relies on one that is gone, or has become ambiguous.

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
        "The spec relies on foreign or unique keys that changed; the earlier ones still serve. Before the next new row"
        f" store, correct it: {error}",
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
    """The tables with only those columns that were known before, and the keys on them: the connector captures no
    others."""
    names = {_name(table): _column_names(table) for table in known}
    return [_with_columns(table, names) for table in live if _name(table) in names] + _missing(live, known)


def _with_columns(table: dict[str, Any], known: Mapping[tuple[str, str], set[str]]) -> dict[str, Any]:
    names = known[_name(table)]
    return table | {
        "columns": [column for column in table["columns"] or [] if column["name"] in names],
        "keys": [key for key in table["keys"] or [] if names.issuperset(key["columns"])],
        "foreign_keys": [
            key
            for key in table["foreign_keys"] or []
            if names.issuperset(key["columns"])
            and known.get((key["schema"], key["target"]), set()).issuperset(key["target_columns"])
        ],
    }


def _missing(live: Tables, known: Tables) -> Tables:
    """The known tables that are away."""
    existing = set(map(_name, live))
    return [table for table in known if _name(table) not in existing]


def _with_keys(tables: Tables, known: Tables) -> Tables:
    """The tables with the foreign keys that were known before, and with the unique keys that are gone. The primary key
    stays that of now: it names the rows of the log."""
    before = {_name(table): table for table in known}
    return [
        table | {"foreign_keys": earlier["foreign_keys"], "keys": _with_unique_keys(table, earlier)}
        if (earlier := before.get(_name(table)))
        else table
        for table in tables
    ]


def _with_unique_keys(table: dict[str, Any], earlier: dict[str, Any]) -> list[dict[str, Any]]:
    keys = list(table["keys"] or [])
    names = _column_names(table)
    gone = [
        key | {"identity": False}
        for key in earlier["keys"] or []
        if not key["primary"] and not key["deferrable"] and names.issuperset(key["columns"])
    ]
    return keys + gone


def _name(table: dict[str, Any]) -> tuple[str, str]:
    return table["schema"], table["name"]


def _column_names(table: dict[str, Any]) -> set[str]:
    return {column["name"] for column in table["columns"] or []}
