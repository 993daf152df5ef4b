"""What is said of a spec and a database that are not those of the row store."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cdc.log.heartbeat import SourceStatus
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec
from sync_worker.errors import PositionLost, ServiceMissing, SettingsError, StoreError, describe
from sync_worker.source.catalogue import SourceFacts
from sync_worker.source.stored_catalogue import check_database, plan_of, source_facts
from sync_worker.store.row_store import SourceRecord
from tests.support.paths import CASES

TABLES: list[dict[str, Any]] = json.loads((CASES / "catalogs" / "shop.json").read_text())
NOW = SourceFacts("71", TABLES, "shop", 16384)


def without(facts: SourceFacts, column: str) -> SourceFacts:
    """The catalogue before `orders` had this column."""
    tables = [
        table | {"columns": [each for each in table["columns"] if each["name"] != column]}
        if table["name"] == "orders"
        else table
        for table in facts.tables
    ]
    return SourceFacts(facts.system, tables, facts.database, facts.oid)


def record(spec_hash: str) -> SourceRecord:
    return SourceRecord("", spec_hash, "", "", "", 0)


def resolve(field: str, facts: SourceFacts, stored_hash: str, read: Callable[[], SourceFacts]) -> str:
    spec = parse_spec(
        f"pipeline: shop\ndocuments:\n  orders: {{from: orders, fields: [number, {field}]}}\n", "shop.yaml"
    )
    return plan_of(spec, record(stored_hash), facts, read).spec_hash


def source() -> SourceFacts:
    return NOW


def unreachable() -> SourceFacts:
    raise ServiceMissing("PostgreSQL does not answer.")


@pytest.mark.parametrize("read", [source, unreachable])
def test_a_column_that_the_source_has_is_not_missed(read: Callable[[], SourceFacts]) -> None:
    with pytest.raises(StoreError, match="created for another version of the spec") as raised:
        resolve("status", without(NOW, "status"), "another", read)
    text = describe(raised.value)
    assert "status" not in text
    assert "`rowtide init`, apply the connector" in text
    assert "--new-store" in text


def test_a_column_that_the_source_lacks_is_named() -> None:
    with pytest.raises(SpecError, match="statuss"):
        resolve("statuss", without(NOW, "status"), "another", source)
    with pytest.raises(SpecError, match="statuss"):
        resolve("statuss", NOW, "", unreachable)


def test_another_spec_that_fits_is_another_spec_too() -> None:
    spec_hash = resolve("status", NOW, "", unreachable)
    assert resolve("status", NOW, spec_hash, unreachable) == spec_hash
    with pytest.raises(StoreError, match="another version of the spec"):
        resolve("placed_at", NOW, spec_hash, unreachable)


def test_the_catalogue_is_read_only_for_a_new_row_store() -> None:
    assert source_facts(record(""), source) is NOW
    stored = record("x")._replace(facts='{"system": "71", "tables": []}')
    assert source_facts(stored, unreachable) == SourceFacts("71", [])


def status(database: str, oid: int, slot_database: str | None = None, system: str = "71") -> SourceStatus:
    return SourceStatus(system, 1, 100, "read" if slot_database else None, database, oid, slot_database)


def test_the_name_of_the_database_is_kept_up_to_date() -> None:
    early = SourceFacts("71", TABLES)
    for facts in (NOW, early):
        assert check_database(facts, status("shop", 16384, "shop"), "shop") == NOW
        assert check_database(facts, None, "shop") == facts
    renamed = check_database(NOW, status("store", 16384), "shop")
    assert (renamed.database, renamed.oid) == ("store", 16384)
    made_again = check_database(NOW, status("shop", 20000), "shop")
    assert (made_again.database, made_again.oid) == ("shop", 20000)
    assert check_database(NOW, status("x", 5, system="72"), "shop") == NOW


def test_another_database_of_the_server_is_refused() -> None:
    with pytest.raises(PositionLost, match=r"its database was shop and is blog"):
        check_database(NOW, status("blog", 20000), "shop")
    with pytest.raises(SettingsError, match=r"slot rowtide_shop belongs to database shop, but .* names database blog"):
        check_database(SourceFacts("71", TABLES), status("blog", 20000, "shop"), "shop")
