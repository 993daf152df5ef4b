"""The operators' commands against a real PostgreSQL, Kafka and Connect, and the log that results."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cdc.errors import ServiceUnavailable
from cdc.log.heartbeat import SYSTEM_QUERY, decode, placeholder
from cdc.log.names import HEARTBEAT_PREFIX, connector_name
from cdc.log.signature import public_prefix, without_signature
from cdc.properties_file import parsed
from cdc.source.database import open_source
from connections.wait import wait_until
from infra.versions import read as read_versions
from tests.support.servers.operator import Log, LogRecord, Operator, log_of
from tests.support.servers.services import Place, connect_client

SCHEMA = """
CREATE SCHEMA "Odd Schema";
CREATE TABLE customers (id int PRIMARY KEY, name text DEFAULT 'nobody', photo bytea, notes text, paid numeric);
CREATE TABLE "Odd Schema"."Or.der, ünï" (id int PRIMARY KEY, customer_id int REFERENCES customers ON UPDATE CASCADE);
CREATE TABLE parted (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parted_eu PARTITION OF parted FOR VALUES IN ('eu');
CREATE TABLE "Customers" (id int PRIMARY KEY);
CREATE TABLE keyless (id int);
INSERT INTO "Customers" VALUES (1);
INSERT INTO customers VALUES (1, NULL, NULL, 'first', 1.50);
INSERT INTO parted VALUES (1, 'eu');
"""
TABLES = ("--table", "customers", "--table", "Odd Schema.Or.der, ünï", "--table", "parted")
LONG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)"
LONG_BYTES = "(SELECT string_agg(decode(md5(i::text), 'hex'), '') FROM generate_series(1, 600) i)"


@pytest.fixture
def operator(place: Place, tmp_path: Path) -> Operator:
    execute(place, SCHEMA)
    return Operator(place, tmp_path / "secrets")


def execute(place: Place, *statements: str) -> None:
    with psycopg.connect(place.dsn) as connection:
        for statement in statements:
            connection.execute(statement)


def is_heartbeat(value: dict[str, Any]) -> bool:
    return value.get("op") == "m" and public_prefix(value["message"]["prefix"]) == HEARTBEAT_PREFIX


def start(operator: Operator) -> tuple[str, ...]:
    pipeline = ("--pipeline", operator.place.pipeline)
    operator.do("init", *pipeline, *TABLES)
    operator.do("connectors", "apply", *pipeline, *TABLES, "--wait", "60")
    return pipeline


def transaction(log: Log) -> list[LogRecord]:
    """The next whole transaction that holds changes, markers included; heartbeats and their empty commits are left
    out."""
    read = log.until(lambda value: value.get("status") == "END" and value["event_count"] > 0)
    begin = max(place for place, record in enumerate(read) if record.value.get("status") == "BEGIN")
    return [record for record in read[begin:] if not is_heartbeat(record.value)]


def test_the_log_of_a_least_privileged_role(operator: Operator) -> None:
    start(operator)
    with log_of(operator.place) as log:
        _snapshot_then_heartbeat(log, operator.place)
        _one_transaction_over_two_tables(log, operator.place)
        _a_moving_key(log, operator.place)
        _values_left_out_of_line(log, operator.place)
        _truncate(log, operator.place)
        _a_truncated_partition_changes_the_catalogue(log, operator.place)


def _snapshot_then_heartbeat(log: Log, place: Place) -> None:
    read = log.until(is_heartbeat)
    rows = [record.value for record in read if record.value["op"] == "r"]
    assert [(row["source"]["table"], row["after"]["id"]) for row in rows] == [("customers", 1), ("parted", 1)]
    assert rows[0]["after"]["name"] is None, "a NULL stays NULL although the column has a default"
    assert rows[-1]["source"]["snapshot"] == "last"
    heartbeat = decode(without_signature(base64.b64decode(read[-1].value["message"]["content"])))
    assert heartbeat.slot == f"rowtide_{place.pipeline}"
    assert set(heartbeat.catalogue) == {"public.customers", "Odd Schema.Or.der, ünï", "public.parted"}


def _one_transaction_over_two_tables(log: Log, place: Place) -> None:
    execute(
        place,
        "INSERT INTO customers VALUES (2, NULL, NULL, NULL, 'NaN')",
        'INSERT INTO "Odd Schema"."Or.der, ünï" VALUES (1, 1), (2, 2)',
        'DELETE FROM "Odd Schema"."Or.der, ünï" WHERE id = 2',
        'INSERT INTO "Customers" VALUES (2)',
    )
    read = [record.value for record in transaction(log)]
    assert [value.get("status") or value["op"] for value in read] == ["BEGIN", "c", "c", "c", "d", "END"]
    assert [value["transaction"]["total_order"] for value in read[1:-1]] == [1, 2, 3, 4]
    assert read[1]["after"] == {"id": 2, "name": None, "photo": None, "notes": None, "paid": "NAN"}
    assert read[4]["before"] == {"id": 2, "customer_id": None}
    assert read[-1]["event_count"] == 4


def _a_moving_key(log: Log, place: Place) -> None:
    execute(place, "UPDATE customers SET id = 9 WHERE id = 1")
    read = transaction(log)
    assert [record.value.get("op") for record in read] == [None, "d", "c", "u", None]
    assert read[1].headers == {"__debezium.newkey": {"id": 9}}
    assert read[2].headers == {"__debezium.oldkey": {"id": 1}}


def _values_left_out_of_line(log: Log, place: Place) -> None:
    execute(place, f"UPDATE customers SET notes = {LONG}, photo = {LONG_BYTES} WHERE id = 2")
    transaction(log)
    execute(place, "UPDATE customers SET name = 'two' WHERE id = 2")
    after = transaction(log)[1].value["after"]
    with psycopg.connect(place.dsn) as connection:
        (system,) = connection.execute(SYSTEM_QUERY).fetchone() or ("",)
    stands = placeholder(place.pipeline, system)
    assert after["notes"] == stands
    assert base64.b64decode(after["photo"]) == stands.encode()


def _truncate(log: Log, place: Place) -> None:
    execute(place, 'TRUNCATE "Odd Schema"."Or.der, ünï"')
    read = [record.value for record in transaction(log)]
    assert [value.get("op") for value in read] == [None, "t", None]
    assert (read[1]["source"]["schema"], read[1]["source"]["table"]) == ("Odd Schema", "Or.der, ünï")


def _a_truncated_partition_changes_the_catalogue(log: Log, place: Place) -> None:
    before = decode(
        without_signature(base64.b64decode(log.until(is_heartbeat)[-1].value["message"]["content"]))
    ).catalogue
    execute(place, "TRUNCATE parted_eu", "ALTER TABLE customers ADD COLUMN since date DEFAULT now()")

    def differs(value: dict[str, Any]) -> bool:
        return is_heartbeat(value) and changed(before, value) == {"public.customers", "public.parted"}

    log.until(differs)


def changed(before: dict[str, str], value: dict[str, Any]) -> set[str]:
    after = decode(without_signature(base64.b64decode(value["message"]["content"]))).catalogue
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_init_changes_nothing_of_the_application_and_repeats(operator: Operator) -> None:
    pipeline = ("--pipeline", operator.place.pipeline)
    dry = operator.do("init", *pipeline, *TABLES, "--dry-run")
    assert "CREATE PUBLICATION" in dry
    assert "PASSWORD '********'" in dry
    assert "has 3 tables" in operator.do("init", *pipeline, *TABLES)
    assert "Nothing to do" in operator.do("init", *pipeline, *TABLES)
    assert "has 1 tables" in operator.do("init", *pipeline, "--table", "customers")
    again = operator.do("init", *pipeline, *TABLES, "--dry-run")
    assert again.startswith("ALTER PUBLICATION")
    assert "GRANT SELECT" in again
    assert readable(operator.place) == {"customers"}

    publication = f'"rowtide_{operator.place.pipeline}"'
    for narrowed in (
        f"ALTER PUBLICATION {publication} SET TABLE customers WHERE (id > 0)",
        f"ALTER PUBLICATION {publication} SET TABLE customers (id)",
        f"ALTER PUBLICATION {publication} SET (publish = 'insert, update')",
    ):
        execute(operator.place, narrowed)
        assert "ALTER PUBLICATION" in operator.do("init", *pipeline, "--table", "customers", "--dry-run"), narrowed
        assert "has 1 tables" in operator.do("init", *pipeline, "--table", "customers")
        assert "Nothing to do" in operator.do("init", *pipeline, "--table", "customers")


def readable(place: Place) -> set[str]:
    """The tables of schema public that the connector's role may read."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege(%s, oid, 'SELECT')"
    )
    with psycopg.connect(place.dsn) as connection:
        return {name for (name,) in connection.execute(query, (f"rowtide_{place.pipeline}",))}


def test_a_table_whose_updates_would_fail_is_refused(operator: Operator) -> None:
    result = operator.run("init", "--pipeline", operator.place.pipeline, "--table", "keyless")
    assert result.code == 1
    assert "would make the application's UPDATE and DELETE fail" in result.err
    assert 'ALTER TABLE "public"."keyless" ADD PRIMARY KEY' in result.err
    execute(operator.place, "DELETE FROM keyless", "ALTER TABLE keyless REPLICA IDENTITY FULL")
    refusal = "only a unique index on columns that are never null serves, named by REPLICA IDENTITY USING INDEX"
    assert refusal in init(operator, 1, "keyless")
    execute(operator.place, "ALTER TABLE keyless ADD PRIMARY KEY (id)")
    init(operator, 0, "keyless")


def init(operator: Operator, code: int, table: str) -> str:
    """Run `rowtide init` for one table; returns its standard error."""
    result = operator.run("init", "--pipeline", operator.place.pipeline, "--table", table)
    assert result.code == code, result
    return result.err


def test_row_security_an_identity_index_and_a_strong_role(operator: Operator) -> None:
    role = f"rowtide_{operator.place.pipeline}"
    execute(operator.place, "ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    refusal = init(operator, 1, "customers")
    assert "row-level security hides rows from the snapshot" in refusal
    assert f'ALTER ROLE "{role}" BYPASSRLS' in refusal
    execute(operator.place, f"CREATE ROLE {role} LOGIN REPLICATION BYPASSRLS")
    init(operator, 0, "customers")
    execute(operator.place, f"ALTER ROLE {role} SUPERUSER")
    assert f'ALTER ROLE "{role}" NOSUPERUSER' in init(operator, 1, "customers")
    execute(operator.place, f"ALTER ROLE {role} NOSUPERUSER", f"CREATE SCHEMA strong AUTHORIZATION {role}")
    assert "owns tables or schemas here (1)" in init(operator, 0, "customers")

    execute(operator.place, "ALTER TABLE \"Customers\" ADD COLUMN name text NOT NULL DEFAULT ''")
    execute(
        operator.place,
        'CREATE UNIQUE INDEX wide ON "Customers" (id, name)',
        'CREATE UNIQUE INDEX off ON "Customers" (name)',
    )
    execute(operator.place, 'ALTER TABLE "Customers" REPLICA IDENTITY USING INDEX wide')
    assert "if somebody drops the index" in init(operator, 0, "Customers")
    execute(operator.place, 'ALTER TABLE "Customers" REPLICA IDENTITY USING INDEX off')
    assert "which lacks the primary key, so a delete would not identify its row" in init(operator, 1, "Customers")


def test_the_life_of_a_connector(operator: Operator) -> None:
    pipeline = start(operator)
    assert json.loads(operator.do("connectors", "status", *pipeline, "-o", "json"))[0]["state"] == "running"
    listed = {
        connector["connector"]: connector["state"]
        for connector in json.loads(operator.do("connectors", "list", "-o", "json"))
    }
    assert listed[connector_name(pipeline[1])] == "running"
    plugins = {plugin["class"]: plugin for plugin in json.loads(operator.do("connectors", "plugins", "-o", "json"))}
    debezium = plugins["io.debezium.connector.postgresql.PostgresConnector"]
    assert (debezium["type"], debezium["version"]) == ("source", read_versions().debezium)
    for words, name in (("plugins", debezium["class"]), ("list", connector_name(pipeline[1]))):
        assert name in operator.do("connectors", words)
    operator.do("connectors", "diff", *pipeline, *TABLES)
    drift = operator.run("connectors", "diff", *pipeline, "--table", "customers", "-o", "json")
    assert drift.code == 1
    assert "table.include.list" in json.loads(drift.out)["differences"]
    execute(operator.place, f"ALTER PUBLICATION rowtide_{operator.place.pipeline} DROP TABLE customers")
    unpublished = operator.run("connectors", "diff", *pipeline, *TABLES)
    assert unpublished.code == 1
    assert "public.customers: the table is not in publication" in unpublished.out
    assert "Run `rowtide init`" in unpublished.out
    applied = operator.run("connectors", "apply", *pipeline, *TABLES)
    assert (applied.code, "public.customers: the table is not in publication" in applied.err) == (0, True)
    new_table = operator.run("connectors", "apply", *pipeline, *TABLES, "--table", "Customers", "--wait", "60")
    assert (new_table.code, "public.Customers: the table is not in publication" in new_table.err) == (1, True)
    assert "public.customers" not in new_table.err
    operator.do("init", *pipeline, *TABLES)
    operator.do("connectors", "diff", *pipeline, *TABLES)
    assert "unchanged" in operator.do("connectors", "apply", *pipeline, *TABLES)
    assert set(secrets_in_connect(operator)) == {"references"}
    operator = _a_new_password_is_a_change_that_restarts_the_task(operator, pipeline)
    assert "paused" in operator.do("connectors", "pause", *pipeline, "--wait", "30")
    assert "running" in operator.do("connectors", "resume", *pipeline, "--wait", "30")
    assert "running" in operator.do("connectors", "restart", *pipeline, "--wait", "30")
    assert "starts over" in operator.do("resnapshot", *pipeline)
    result = operator.run("connectors", "delete", *pipeline, "--offsets", "--slot", "--topic")
    assert result.code == 0
    assert "Kept: publication" in result.err
    for command in ("status", "pause", "resume", "restart"):
        absent = operator.run("connectors", command, *pipeline)
        assert (absent.code, "Run `rowtide connectors apply` to create it" in absent.err) == (1, True)
    assert "did not exist" in operator.do("connectors", "delete", *pipeline)
    with psycopg.connect(operator.place.dsn) as connection:
        slots = connection.execute(
            "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", (f"rowtide_{pipeline[1]}",)
        )
        assert slots.fetchone() is None


def secrets_in_connect(operator: Operator) -> list[str]:
    """What the configurations of the connector and of its task contain, as Connect's REST API returns them."""
    options = [parsed(file.read_text()) for file in operator.place.addresses.connect_secrets.glob("*.properties")]
    known = [value for values in options for value in values.values()]
    known += [file.read_text().strip() for file in operator.secrets.iterdir()]
    known += [word.partition("=")[2] for value in known for word in value.split() if word.startswith("rowtide.")]
    with connect_client(operator.place.addresses) as connect:
        path = f"/connectors/{connector_name(operator.place.pipeline)}"
        shown = [connect.get(f"{path}/{what}").raise_for_status().text for what in ("config", "tasks")]
        shown.append(connect.get("/connectors?expand=info&expand=status").raise_for_status().text)
    assert "driver.options" in shown[0]
    assert "driver.options" in shown[1]
    return ["secrets" if [value for value in known if value in text] else "references" for text in shown]


def _a_new_password_is_a_change_that_restarts_the_task(operator: Operator, pipeline: tuple[str, ...]) -> Operator:
    odd = replace(operator, more={"ROWTIDE_CONNECTOR_PASSWORD": " odd\\ =:#!é"})
    before = reader_of_the_slot(operator.place)
    odd.do("init", *pipeline, *TABLES, "--new-password")
    changed = odd.run("connectors", "diff", *pipeline, *TABLES)
    assert (changed.code, "+ database.password = ${file:" in changed.out) == (1, True)
    assert "database.password" in odd.do("connectors", "apply", *pipeline, *TABLES, "--dry-run")
    assert odd.run("connectors", "diff", *pipeline, *TABLES).code == 1, "a dry run changes nothing"
    assert "updated" in odd.do("connectors", "apply", *pipeline, *TABLES, "--wait", "60")
    odd.do("connectors", "diff", *pipeline, *TABLES)
    assert wait_until(lambda: reader_of_the_slot(operator.place) not in (None, before), 60), "the task did not restart"
    assert set(secrets_in_connect(odd)) == {"references"}
    return odd


def reader_of_the_slot(place: Place) -> object:
    with psycopg.connect(place.dsn) as connection:
        query = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s"
        (pid,) = connection.execute(query, (f"rowtide_{place.pipeline}",)).fetchone() or (None,)
    return pid


def test_a_new_snapshot_comes_with_the_rows_of_now(operator: Operator) -> None:
    pipeline = start(operator)
    with log_of(operator.place) as log:
        first = log.until(is_heartbeat)
        execute(operator.place, "DELETE FROM customers")
        transaction(log)
        operator.do("resnapshot", *pipeline)
        second = log.until(lambda value: value.get("op") == "r" and value["source"]["snapshot"] == "last")
    assert second[-1].value["source"]["table"] == "parted"
    assert second[-1].value["source"]["lsn"] > first[0].value["source"]["lsn"]


def test_a_database_that_goes_away_meanwhile_is_a_missing_service(place: Place) -> None:
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        facts_of_a_lost_database(place)


def facts_of_a_lost_database(place: Place) -> None:
    with open_source(place.dsn) as source:
        source.facts(place.pipeline)
        with psycopg.connect(place.addresses.postgres_dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (place.database,)
            )
        source.facts(place.pipeline)


def test_errors_name_what_is_wrong_and_have_their_exit_codes(operator: Operator) -> None:
    pipeline = ("--pipeline", operator.place.pipeline)
    missing = operator.run("connectors", "apply", *pipeline, *TABLES)
    assert (missing.code, "rowtide init" in missing.err) == (2, True)
    operator.do("init", *pipeline, *TABLES)
    wrong = operator.run("connectors", "apply", *pipeline, *TABLES, "--dry-run", ROWTIDE_CONNECTOR_PASSWORD="wrong")
    assert wrong.code == 2
    assert "database.hostname: " in wrong.err
    assert "password authentication failed" in wrong.err
    assert not [*operator.place.addresses.connect_secrets.glob(f"*{operator.place.pipeline}*")], "nothing is left"
    elsewhere = operator.run("connectors", "apply", *pipeline, *TABLES, ROWTIDE_CONNECT_SECRETS_PATH="/elsewhere")
    assert (elsewhere.code, "does not resolve ${file:/elsewhere/" in elsewhere.err) == (2, True)
    nowhere = operator.run("connectors", "apply", *pipeline, *TABLES, ROWTIDE_CONNECT_SECRETS_DIR=None)
    assert (nowhere.code, "ROWTIDE_CONNECT_SECRETS_DIR" in nowhere.err) == (2, True)
    away = operator.run("connectors", "list", ROWTIDE_CONNECT_URL="http://127.0.0.1:1")
    assert (away.code, "does not answer" in away.err) == (3, True)
    assert operator.run("connectors", "list", ROWTIDE_CONNECT_URL="nonsense").code == 2
    assert operator.run("init", *pipeline, ROWTIDE_POSTGRES_DSN="postgresql://x:y@127.0.0.1:1/z").code == 3
