"""Settings, passwords and the selection of tables: all errors at once, exit codes, file modes."""

from pathlib import Path

import pytest

from cdc.capture_selection import captured_tables, choose, pipeline_name, table_name
from cdc.errors import WrongUse
from cdc.role_passwords import create_password, stored_password
from cdc.settings import Settings
from cdc.source.connector_database import connector_database
from connections.postgres import address
from read_model.catalog.catalog import Catalog, TableName

DSN = "postgresql://owner:s3cret@db.example:6543/shop?sslmode=require"


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(WrongUse) as caught:
        Settings.model_construct(connect_url=None, postgres_dsn=None).need("connect_url", "postgres_dsn")
    assert "ROWTIDE_CONNECT_URL" in str(caught.value)
    assert "ROWTIDE_POSTGRES_DSN" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_made_password_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(secrets_dir=tmp_path / "secrets")
    assert stored_password(settings, "shop") is None
    password = create_password(settings, "shop")
    assert stored_password(settings, "shop") == password
    assert (tmp_path / "secrets" / "rowtide_shop.password").stat().st_mode & 0o777 == 0o600


def test_a_pipeline_without_a_spec_names_its_tables() -> None:
    choice = choose(Settings(), None, "shop", ["orders", "Odd Schema.T.x"])
    assert pipeline_name(choice) == "shop"
    assert captured_tables(choice, Catalog()) == (
        "shop",
        {TableName("public", "orders"): (), TableName("Odd Schema", "T.x"): ()},
    )
    with pytest.raises(WrongUse, match="--table"):
        captured_tables(choose(Settings(), None, "shop", None), Catalog())


def test_a_name_that_cannot_be_a_slots_is_refused() -> None:
    with pytest.raises(WrongUse, match="Invalid pipeline name 'Shop'"):
        choose(Settings(), None, "Shop", None)


def test_a_spec_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="cannot be read"):
        pipeline_name(choose(Settings(), tmp_path / "nowhere.yaml", None, None))


def test_the_connector_logs_in_with_its_own_role() -> None:
    database = connector_database(DSN, "postgres:5432", "shop", "pw", "1", 180000)
    assert (database.host, database.port, database.name, database.user) == ("postgres", 5432, "shop", "rowtide_shop")
    assert database.sslmode == "require"
    assert connector_database(DSN, None, "shop", "pw", "1", 180000).port == 6543


def test_a_message_names_the_address_without_the_password() -> None:
    assert address(DSN) == "db.example:6543/shop"


def test_table_names_keep_their_case() -> None:
    assert table_name("Sales.Order Lines") == TableName("Sales", "Order Lines")
