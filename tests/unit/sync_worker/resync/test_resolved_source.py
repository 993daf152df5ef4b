"""What the source's current tables mean for a spec that was resolved with earlier ones."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from read_model.catalog.catalog_query import read_catalog
from read_model.plan.resolve import resolve
from read_model.spec.parser import parse_spec
from sync_worker.errors import WorkerError
from sync_worker.resync.resolved_source import Tables, resolved_source
from sync_worker.source.catalogue import SourceFacts
from tests.support.paths import CASES

KNOWN: Tables = msgspec.json.decode((CASES / "catalogs" / "shop.json").read_bytes())
SPEC = parse_spec(
    """
pipeline: shop
documents:
  customers: {from: customers, fields: [name], include: {addresses: {many: addresses, fields: [label]}}}
""",
    "shop.yaml",
)
PLAN = resolve(SPEC, read_catalog(KNOWN))


def changed(name: str, **entries: Any) -> Tables:
    """The known tables, one of them changed."""
    return [table | (entries if table["name"] == name else {}) for table in deepcopy(KNOWN)]


def test_nothing_changed() -> None:
    resolved = resolved_source(SPEC, SourceFacts("1", KNOWN), SourceFacts("1", KNOWN))
    assert (resolved.plan, resolved.remaining_reason, resolved.notice) == (PLAN, "", "")


def test_a_foreign_key_that_is_gone_serves_on() -> None:
    live = SourceFacts("1", changed("addresses", foreign_keys=[]))
    resolved = resolved_source(SPEC, live, SourceFacts("1", KNOWN))
    assert resolved.plan.spec_hash == PLAN.spec_hash
    assert resolved.remaining_reason == ""
    assert "There is no foreign key" in resolved.notice
    assert "Write `" in resolved.notice
    later = resolved_source(SPEC, live, resolved.facts)
    assert (later.plan.spec_hash, later.notice) == (PLAN.spec_hash, resolved.notice)


def with_unique_names(*, unique: bool, deferrable: bool = False, extra: bool = False) -> Tables:
    """The known tables: customers have names that are unique, or an extra column with a unique key."""
    tables = deepcopy(KNOWN)
    (table,) = (table for table in tables if table["name"] == "customers")
    key = {"primary": False, "identity": False, "deferrable": deferrable, "columns": ["name"]}
    table["columns"] = [column | {"nullable": False} for column in table["columns"]]
    if unique:
        table["keys"].append(key)
    if extra:
        table["columns"].append(table["columns"][0] | {"name": "extra"})
        table["keys"].append(key | {"columns": ["extra"]})
    return tables


BY_NAME = parse_spec(
    "pipeline: shop\ndocuments:\n  customers: {from: customers, id: name, fields: [name]}\n", "shop.yaml"
)


@pytest.mark.parametrize("live", [with_unique_names(unique=False), with_unique_names(unique=True, deferrable=True)])
def test_a_unique_key_that_is_gone_serves_on(live: Tables) -> None:
    known = SourceFacts("1", with_unique_names(unique=True))
    before = resolved_source(BY_NAME, known, known)
    resolved = resolved_source(BY_NAME, SourceFacts("1", live), known)
    assert before.notice == resolved.remaining_reason == ""
    assert resolved.plan.spec_hash == before.plan.spec_hash
    assert "foreign or unique keys that changed" in resolved.notice
    assert "does not identify a row" in resolved.notice


def test_a_unique_key_on_a_new_column_means_nothing() -> None:
    known = SourceFacts("1", with_unique_names(unique=True))
    live = SourceFacts("1", with_unique_names(unique=True, extra=True))
    resolved = resolved_source(BY_NAME, live, known)
    assert resolved == resolved_source(BY_NAME, known, known)


def test_a_second_foreign_key_makes_the_spec_ambiguous_and_changes_nothing() -> None:
    (table,) = (table for table in KNOWN if table["name"] == "addresses")
    (key,) = table["foreign_keys"]
    second = key | {"name": "second", "columns": ["id"]}
    live = SourceFacts("1", changed("addresses", foreign_keys=[key, second]))
    resolved = resolved_source(SPEC, live, SourceFacts("1", KNOWN))
    assert resolved.plan.spec_hash == PLAN.spec_hash
    assert "There are several foreign keys" in resolved.notice


def test_a_foreign_key_on_another_column_is_followed() -> None:
    (table,) = (table for table in KNOWN if table["name"] == "addresses")
    (key,) = table["foreign_keys"]
    live = SourceFacts("1", changed("addresses", foreign_keys=[key | {"columns": ["id"]}]))
    resolved = resolved_source(SPEC, live, SourceFacts("1", KNOWN))
    assert resolved.plan.spec_hash != PLAN.spec_hash
    assert resolved.notice == ""


def test_a_table_that_is_away_counts_as_it_was() -> None:
    live = SourceFacts("1", [table for table in KNOWN if table["name"] != "addresses"])
    resolved = resolved_source(SPEC, live, SourceFacts("1", KNOWN))
    assert (resolved.plan.spec_hash, resolved.remaining_reason, resolved.notice) == (PLAN.spec_hash, "", "")


def test_a_column_that_is_gone_ends_the_worker() -> None:
    (table,) = (table for table in KNOWN if table["name"] == "addresses")
    columns = [column for column in table["columns"] if column["name"] != "label"]
    live = SourceFacts("1", changed("addresses", columns=columns))
    with pytest.raises(WorkerError, match=r"(?s)the spec no longer matches them:.*label"):
        resolved_source(SPEC, live, SourceFacts("1", KNOWN))
