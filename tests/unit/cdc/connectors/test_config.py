"""The computed configuration of the connector: required settings, odd names, secrets."""

import re
from dataclasses import replace

import pytest

from cdc.connectors.config import (
    MESSAGE_PREFIXES,
    TopicSettings,
    connector_config,
    is_secret,
    masked,
    table_pattern,
    template,
)
from cdc.log.heartbeat import placeholder
from cdc.log.names import CONTROL_PREFIXES, HEARTBEAT_PREFIX, SNAPSHOT_PREFIX
from cdc.log.signature import ControlKey, generate_key
from cdc.source.connector_database import ConnectorDatabase
from read_model.catalog.catalog import OnlyTable, TableName

DATABASE = ConnectorDatabase("db", 5432, "shop", "rowtide_shop", "s3cret", "7711325947596806084", 180000)
ORDERS = TableName("public", "orders")
TOPIC = TopicSettings(retention_ms=3_600_000)


def config(tables: dict[TableName, tuple[str, ...]] | None = None) -> dict[str, str]:
    return connector_config("shop", tables or {ORDERS: ()}, DATABASE, TOPIC)


def test_what_the_guarantees_stand_on_is_set() -> None:
    expected = {
        "plugin.name": "pgoutput",
        "publication.autocreate.mode": "disabled",
        "offset.mismatch.strategy": "trust_offset",
        "snapshot.mode": "initial",
        "snapshot.isolation.mode": "repeatable_read",
        "provide.transaction.metadata": "true",
        "tombstones.on.delete": "false",
        "skipped.operations": "none",
        "event.converting.failure.handling.mode": "fail",
        "value.converter.replace.null.with.default": "false",
        "topic.creation.default.partitions": "1",
        "slot.name": "rowtide_shop",
        "publication.name": "rowtide_shop",
    }
    assert expected.items() <= config().items()


def test_every_topic_of_the_connector_is_routed_into_the_one_log() -> None:
    pattern = re.compile(config()["transforms.one.regex"])
    for topic in ("shop.public.orders", "shop.transaction", "shop.message", "shop.Odd_Schema.Weird.Table___n_"):
        assert pattern.fullmatch(topic)
    assert not pattern.fullmatch("__debezium-heartbeat.shop")
    assert config()["transforms.one.replacement"] == "shop.changes"


def test_a_pattern_matches_its_own_table_alone() -> None:
    # Debezium compiles with CASE_INSENSITIVE; the inline flag takes that back.
    pattern = re.compile(table_pattern("Odd Schema", "We.ird, ünï$"), re.IGNORECASE)
    assert pattern.fullmatch("Odd Schema.We.ird, ünï$")
    assert not pattern.fullmatch("odd schema.we.ird, ünï$")
    assert not pattern.fullmatch("Odd Schema.We_ird, ünï$")
    assert r"\," in table_pattern("s", "a,b")


def test_columns_that_nobody_needs_stay_out() -> None:
    tags = TableName("public", "tags")
    pattern = config({ORDERS: ("id", "order total"), tags: ()})["column.include.list"]
    assert pattern == r"(?-i:public\.orders\.(id|order\ total)),(?-i:public\.tags\.(.*))"
    assert "column.include.list" not in config()


def test_a_snapshot_reads_only_the_rows_of_a_table_that_others_inherit_from() -> None:
    name, odd = "snapshot.select.statement.overrides", OnlyTable("Odd Schema", 'Say "hi"')
    settings = config({ORDERS: ("id",), OnlyTable("public", "Events"): ("id", "say"), odd: ()})
    assert settings[name] == '"Odd Schema"."Say ""hi""",public.Events'
    assert settings[f"{name}.public.Events"] == 'SELECT "id", "say" FROM ONLY "public"."Events"'
    assert settings[f'{name}."Odd Schema"."Say ""hi"""'] == 'SELECT * FROM ONLY "Odd Schema"."Say ""hi"""'
    assert name not in config()


def test_no_tables_is_refused_instead_of_capturing_all() -> None:
    with pytest.raises(ValueError, match="no tables"):
        connector_config("shop", {}, DATABASE, TOPIC)


def test_secrets_are_masked_and_references_are_not() -> None:
    shown = masked(config() | {"producer.override.sasl.jaas.config": "x", "a.password": "${file:/run/x:y}"})
    assert shown["database.password"] == shown["producer.override.sasl.jaas.config"] == "********"
    assert shown["a.password"] == "${file:/run/x:y}"
    assert not any(is_secret(key) for key in template())


def test_the_placeholder_is_unique_and_the_connectors() -> None:
    assert config()["unavailable.value.placeholder"] == placeholder("shop", DATABASE.system)
    assert len({placeholder("shop", "1"), placeholder("shop", "2"), placeholder("shap", "1")}) == 3


def test_messages_are_captured_by_their_exact_prefix() -> None:
    # Debezium compiles with CASE_INSENSITIVE, as for tables.
    pattern = re.compile(config()["message.prefix.include.list"], re.IGNORECASE)
    for prefix in ("rowtide-hb", "rowtide-snapshot", "rowtide-marker"):
        assert pattern.fullmatch(prefix)
    for prefix in ("rowtide-x", "rowtide-hb2", "xrowtide-hb", "ROWTIDE-HB", "rowtide-h", ""):
        assert not pattern.fullmatch(prefix)


def test_with_a_key_nobody_else_knows_the_prefixes() -> None:
    key = ControlKey(generate_key())
    options = key.session_options()
    signed = connector_config("shop", {ORDERS: ()}, replace(DATABASE, options=options), TOPIC, key)
    pattern = re.compile(signed[MESSAGE_PREFIXES], re.IGNORECASE)
    for prefix in CONTROL_PREFIXES:
        assert not pattern.fullmatch(prefix)
        assert not pattern.fullmatch(ControlKey(generate_key()).secret_prefix(prefix))
    assert all(pattern.fullmatch(key.secret_prefix(prefix)) for prefix in (HEARTBEAT_PREFIX, SNAPSHOT_PREFIX))
    secret = key.secret_prefix(HEARTBEAT_PREFIX)
    assert [name for name, value in signed.items() if secret in value] == [MESSAGE_PREFIXES]
    assert secret not in str(masked(signed)), "`--dry-run` and `diff` print it"


def test_the_control_key_is_an_option_of_the_session_and_in_nothing_else() -> None:
    key = ControlKey(generate_key())
    signed = connector_config("shop", {ORDERS: ()}, replace(DATABASE, options=key.session_options()), TOPIC)
    assert signed["driver.options"].startswith(f"{key.session_options()} -c ")
    assert "current_setting('rowtide.inner')" in signed["heartbeat.action.query"]
    shown = masked(signed)
    assert not [pad for pad in key.session_options().split() if "=" in pad and pad.partition("=")[2] in str(shown)]
    reference = "${file:/run/secrets/shop.properties:options}"
    by_reference = connector_config("shop", {ORDERS: ()}, replace(DATABASE, options=reference), TOPIC)
    assert masked(by_reference)["driver.options"].startswith(f"{reference} -c ")
    assert "rowtide" not in config()["driver.options"]
    assert "current_setting" not in config()["heartbeat.action.query"]


def test_the_sessions_have_settings_of_their_own() -> None:
    options = config()["driver.options"]
    for setting in ("extra_float_digits=1", "bytea_output=hex", "IntervalStyle=postgres", "search_path=pg_catalog"):
        assert f"-c {setting}" in options
    assert r"-c default_transaction_isolation=read\ committed" in options
    assert "transaction_timeout=0" in options
    older = connector_config("shop", {ORDERS: ()}, replace(DATABASE, version=160004), TOPIC)["driver.options"]
    assert "-c transaction_timeout" not in older, "PostgreSQL 16 would refuse the connection"
