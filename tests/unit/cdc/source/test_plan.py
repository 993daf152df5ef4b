"""What `rowtide init` plans and what it rejects, given only facts."""

from dataclasses import replace
from typing import Any

import pytest

from cdc.source.facts import Facts, MarkerFacts, Publication, Role
from cdc.source.marker_role import marker_warning, plan_marker_role
from cdc.source.message_rights import plan_message_rights
from cdc.source.plan import SourcePlan, plan_source
from read_model.catalog.catalog import Catalog, Column, OnlyTable, Table, TableName

ORDERS = TableName("public", "orders")
ODD = TableName("Odd Schema", 'Say "hi"')


def table(name: TableName = ORDERS, **more: Any) -> Table:
    columns = {"id": Column("id", "int8", nullable=False), "note": Column("note", "text", toastable=True)}
    return replace(Table(name, columns, primary_key=("id",)), **more)


def facts(*tables: Table, **more: Any) -> Facts:
    catalog = Catalog({each.name: each for each in tables or (table(),)})
    return replace(Facts("shop", 180006, catalog, max_slot_wal_keep_size="8GB"), **more)


def planned(source: Facts, *names: TableName, verifier: str | None = None) -> SourcePlan:
    return plan_source("shop", {name: () for name in names or (ORDERS,)}, source, verifier)


def sql(plan: SourcePlan) -> list[str]:
    return [statement.sql for statement in plan.statements]


def test_children_of_a_table_are_not_published() -> None:
    # The application's UPDATE of a child without a key of its own would fail.
    source, parent = facts(table(inherited=True)), OnlyTable(*ORDERS)
    assert 'FOR TABLE ONLY "public"."orders" WITH' in str(sql(planned(source, parent)))
    assert not planned(source, parent).refusals
    assert "Write 'ONLY public.orders' in the spec" in str(planned(source, ORDERS).refusals)


def test_everything_from_nothing() -> None:
    assert sql(planned(facts(table(), table(ODD)), ORDERS, ODD, verifier="SCRAM-x")) == [
        "CREATE ROLE \"rowtide_shop\" LOGIN REPLICATION PASSWORD 'SCRAM-x'",
        'CREATE PUBLICATION "rowtide_shop" FOR TABLE "Odd Schema"."Say ""hi""", "public"."orders" WITH ('
        "publish = 'insert, update, delete, truncate', publish_via_partition_root = true,"
        " publish_generated_columns = stored)",
        'GRANT CONNECT ON DATABASE "shop" TO "rowtide_shop"',
        'GRANT USAGE ON SCHEMA "Odd Schema" TO "rowtide_shop"',
        'GRANT USAGE ON SCHEMA "public" TO "rowtide_shop"',
        'GRANT SELECT ON TABLE "Odd Schema"."Say ""hi""", "public"."orders" TO "rowtide_shop"',
    ]


def test_only_the_pipelines_roles_and_its_operator_may_emit_messages() -> None:
    functions = (
        "pg_catalog.pg_logical_emit_message(boolean, text, text, boolean),"
        " pg_catalog.pg_logical_emit_message(boolean, text, bytea, boolean)"
    )
    roles = ["rowtide_shop", "rowtide_shop_marker"]
    assert [str(each) for each in plan_message_rights(180000, roles, restrict=True)] == [
        f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC",
        f'GRANT EXECUTE ON FUNCTION {functions} TO "rowtide_shop", "rowtide_shop_marker", CURRENT_USER',
    ]
    (granted,) = plan_message_rights(160009, roles, restrict=False)
    assert "pg_logical_emit_message(boolean, text, bytea) TO" in granted.sql


def test_a_right_of_strangers_is_a_warning() -> None:
    assert planned(facts(strangers_may_emit=False)).warnings == ()
    (warning,) = planned(facts(strangers_may_emit=True)).warnings
    assert "rowtide init --restrict-messages" in warning


def ready(*tables: Table) -> Facts:
    names = frozenset(each.name for each in tables or (table(),))
    return facts(
        *tables,
        role=Role(),
        may_connect=True,
        usable_schemas=frozenset({"public"}),
        granted=names,
        publication=Publication(names),
    )


def test_nothing_when_all_is_there() -> None:
    assert planned(ready()).statements == ()


def test_a_table_comes_and_another_goes() -> None:
    new = TableName("public", "tags")
    source = replace(ready(), catalog=Catalog({new: table(new)}))
    assert sql(planned(source, new)) == [
        'ALTER PUBLICATION "rowtide_shop" SET TABLE "public"."tags"',
        'GRANT SELECT ON TABLE "public"."tags" TO "rowtide_shop"',
        'REVOKE ALL ON TABLE "public"."orders" FROM "rowtide_shop"',
    ]


def test_what_the_role_lost_is_given_back() -> None:
    function = "pg_control_system()"
    source = replace(ready(), role=Role(replication=False, expired=True), missing_functions=(function,))
    assert sql(planned(source)) == [
        "ALTER ROLE \"rowtide_shop\" LOGIN REPLICATION VALID UNTIL 'infinity'",
        f'GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO "rowtide_shop"',
    ]


def test_a_pipeline_of_this_name_on_another_database_is_left_alone() -> None:
    (refusal,) = planned(facts(slots={"rowtide_shop": "blog"})).refusals
    assert "slot rowtide_shop is that of database blog" in refusal
    elsewhere = Role(elsewhere=("blog",))
    (refusal,) = planned(replace(ready(), role=elsewhere)).refusals
    assert "has privileges in database blog" in refusal
    assert 'DROP OWNED BY "rowtide_shop"' in refusal
    assert planned(replace(ready(), role=elsewhere, slots={"rowtide_shop": "shop"})).refusals == ()


def test_a_publication_that_somebody_narrowed_is_made_whole() -> None:
    source = replace(ready(), publication=Publication(frozenset({ORDERS}), narrowed=True))
    assert sql(planned(source)) == ['ALTER PUBLICATION "rowtide_shop" SET TABLE "public"."orders"']


def test_generated_columns_are_published_only_where_the_server_can() -> None:
    assert "publish_generated_columns" not in str(sql(planned(facts(version=170002))))
    source = replace(ready(), publication=Publication(frozenset({ORDERS}), generated=False))
    assert sql(planned(source))[0].startswith('ALTER PUBLICATION "rowtide_shop" SET (')
    assert planned(replace(source, version=170002)).statements == ()


def test_a_password_is_never_shown() -> None:
    assert "SCRAM-x" not in str(planned(facts(), verifier="SCRAM-x").statements[0])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (facts(wal_level="replica"), "ALTER SYSTEM SET wal_level"),
        (facts(version=130000), "too old"),
        (facts(slots={"a": "shop", "b": "shop"}, max_replication_slots=2), "All 2 replication slots are taken"),
        (facts(wal_senders=10), "All 10 WAL senders"),
        (facts(table(TableName("public", "other"))), "public.orders: there is no such table"),
        (facts(table(primary_key=())), "no primary key"),
        (facts(table(primary_key=(), replica_identity="f")), "named by REPLICA IDENTITY USING INDEX"),
        (facts(table(replica_identity="n")), "REPLICA IDENTITY NOTHING"),
        (facts(role=Role(superuser=True)), 'ALTER ROLE "rowtide_shop" NOSUPERUSER'),
        (facts(table(deferrable_key=True)), "deferrable"),
        (facts(table(deferrable_key=True, replica_identity="i", identity_columns=("id",))), "swap their keys"),
        (facts(table(replica_identity="i")), "index of its replica identity was dropped"),
        (facts(table(replica_identity="i", identity_columns=("note",))), "a delete would not identify its row"),
        (facts(table(row_security=True)), "BYPASSRLS"),
        (facts(publication=Publication(frozenset(), all_tables=True)), "FOR ALL TABLES"),
    ],
)
def test_refused_with_the_reason_and_the_remedy_for(source: Facts, reason: str) -> None:
    refusals = planned(source).refusals
    assert len(refusals) == 1
    assert reason in refusals[0]


def test_only_where_updates_would_fail_is_it_said_that_they_would() -> None:
    (refused,) = planned(facts(table(primary_key=()))).refusals
    assert "would make the application's UPDATE and DELETE fail" in refused
    assert "ADD PRIMARY KEY" in refused
    (refused,) = planned(facts(table(primary_key=(), replica_identity="f"))).refusals
    assert "fail" not in refused


def test_a_slot_of_ones_own_needs_no_new_one() -> None:
    assert planned(facts(slots={"rowtide_shop": "shop"}, max_replication_slots=1)).refusals == ()


def test_a_role_that_bypasses_row_security_may_capture() -> None:
    assert planned(facts(table(row_security=True), role=Role(bypasses_row_security=True))).refusals == ()


@pytest.mark.parametrize(
    ("source", "note"),
    [
        (facts(max_slot_wal_keep_size="-1"), "max_slot_wal_keep_size"),
        (facts(idle_slot_timeout="1d"), "idle_replication_slot_timeout is 1d"),
        (facts(table(replica_identity="f")), "FULL"),
        (facts(table(columns={"v": Column("v", "int4", generated="v")})), "virtual"),
        (facts(table(columns={"s": Column("s", "int4", generated="u")}), version=170000), "does not publish generated"),
        (facts(table(columns={"a": Column("a", "_float8", element="float8", toastable=True)})), "no placeholder"),
        (facts(table(columns={"a": Column("a", "_int2", element="int2", toastable=True)})), "no placeholder"),
        (facts(encoding="SQL_ASCII"), "SQL_ASCII"),
        (facts(table(columns={"m": Column("m", "money")}), money_places=0), "with 0 decimal places"),
        (facts(table(columns={"a": Column("a", "_numeric", element="numeric")})), "a NaN in an array"),
        (facts(table(replica_identity="i", identity_columns=("id", "note"))), "if somebody drops the index"),
        (facts(role=Role(owns=2)), "OWNER TO"),
    ],
)
def test_consequences_are_named(source: Facts, note: str) -> None:
    plan = planned(source)
    assert plan.refusals == ()
    assert len(plan.warnings) == 1
    assert note in plan.warnings[0]


def test_columns_that_no_document_uses_are_not_warned_of() -> None:
    source = facts(table(columns={"id": Column("id", "int8"), "v": Column("v", "int4", generated="v")}))
    assert plan_source("shop", {ORDERS: ("id",)}, source, None).warnings == ()


def test_the_marker_role_gets_nothing_but_a_connection() -> None:
    assert [str(statement) for statement in plan_marker_role("shop", "shop db", MarkerFacts(), "SCRAM-x")] == [
        "CREATE ROLE \"rowtide_shop_marker\" LOGIN NOINHERIT CONNECTION LIMIT 10 PASSWORD '********'",
        "ALTER ROLE \"rowtide_shop_marker\" SET default_transaction_read_only = 'on'",
        "ALTER ROLE \"rowtide_shop_marker\" SET statement_timeout = '5s'",
        "ALTER ROLE \"rowtide_shop_marker\" SET idle_in_transaction_session_timeout = '5s'",
        'GRANT CONNECT ON DATABASE "shop db" TO "rowtide_shop_marker"',
    ]
    assert [statement.sql for statement in plan_marker_role("shop", "shop", LIMITED, "S")] == [
        "ALTER ROLE \"rowtide_shop_marker\" PASSWORD 'S'"
    ]
    assert list(plan_marker_role("shop", "shop", LIMITED, None)) == []


LIMITED = MarkerFacts(
    exists=True,
    connection_limit=10,
    settings=frozenset(
        {"default_transaction_read_only=on", "statement_timeout=5s", "idle_in_transaction_session_timeout=5s"}
    ),
)


def test_what_a_marker_role_lost_is_given_back() -> None:
    lost = replace(LIMITED, login=False, may_connect=False)
    assert [str(statement) for statement in plan_marker_role("shop", "shop db", lost, None)] == [
        "ALTER ROLE \"rowtide_shop_marker\" LOGIN VALID UNTIL 'infinity'",
        'GRANT CONNECT ON DATABASE "shop db" TO "rowtide_shop_marker"',
    ]


def test_the_limits_of_a_marker_role_are_restored() -> None:
    """An older version set fewer, and the role itself can change its settings."""
    changed = replace(LIMITED, connection_limit=-1, settings=frozenset({"default_transaction_read_only=off"}))
    assert [statement.sql for statement in plan_marker_role("shop", "shop", changed, None)] == [
        'ALTER ROLE "rowtide_shop_marker" CONNECTION LIMIT 10',
        "ALTER ROLE \"rowtide_shop_marker\" SET default_transaction_read_only = 'on'",
        "ALTER ROLE \"rowtide_shop_marker\" SET statement_timeout = '5s'",
        "ALTER ROLE \"rowtide_shop_marker\" SET idle_in_transaction_session_timeout = '5s'",
    ]
    assert list(plan_marker_role("shop", "shop", replace(LIMITED, connection_limit=2), None)) == []


def test_what_every_login_can_do_is_named_with_the_commands_against_it() -> None:
    assert marker_warning("shop", "shop", LIMITED) is None
    exposed = replace(LIMITED, temporary=True, large_objects=True, databases=("postgres", "x"), schemas=("public",))
    warning = marker_warning("shop", "shop db", exposed)
    assert warning is not None
    for text in (
        "create temporary tables, create large objects, create tables in schema public, connect to other databases"
        " (postgres, x).",
        'REVOKE TEMPORARY ON DATABASE "shop db" FROM PUBLIC;',
        "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;",
        'REVOKE CREATE ON SCHEMA "public" FROM PUBLIC;',
        "host all rowtide_shop_marker all reject",
    ):
        assert text in warning
    only_temporary = marker_warning("shop", "shop", replace(LIMITED, temporary=True))
    assert only_temporary is not None
    assert "lo_create" not in only_temporary
