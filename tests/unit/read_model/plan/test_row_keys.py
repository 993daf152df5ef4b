"""Which key tells the rows of a table apart, and what a spec's error says where none does."""

from typing import Any

import pytest

from read_model.catalog.catalog import Catalog, Column, ForeignKey, Table, TableName
from read_model.catalog.catalog_query import read_catalog
from read_model.plan.resolve import resolve
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec

LINKS = TableName("public", "links")


def entry(keys: list[dict[str, Any]], identity: str, *types: str) -> dict[str, Any]:
    """A table `links` with columns a, b, … of these types, as the catalogue query answers."""
    columns = [
        {"name": name, "type": kind, "nullable": False, "kind": "b", "labels": None}
        for name, kind in zip("abc", types, strict=False)
    ]
    return {
        "schema": "public",
        "name": "links",
        "partitioned": False,
        "replica_identity": identity,
        "row_security": False,
        "columns": columns,
        "keys": keys,
        "foreign_keys": None,
    }


def key(*columns: str, primary: bool = False, identity: bool = False) -> dict[str, Any]:
    return {"primary": primary, "identity": identity, "deferrable": False, "columns": list(columns)}


def read(keys: list[dict[str, Any]], identity: str, *types: str) -> Table:
    return read_catalog([entry(keys, identity, *types)]).tables[LINKS]


def test_an_identity_index_serves_where_there_is_no_primary_key() -> None:
    table = read([key("a", "b", identity=True)], "i", "int4", "int4")
    assert table.primary_key == ("a", "b")
    assert read([key("a", "b")], "d", "int4", "int4").primary_key == ()
    assert read([key("a", "b", identity=True)], "f", "int4", "int4").primary_key == (), "the log names whole rows then"


def test_an_identity_index_serves_where_the_primary_key_cannot() -> None:
    keys = [key("a", "b", primary=True), key("a", "c", identity=True)]
    table = read(keys, "i", "int4", "daterange", "date")
    assert (table.primary_key, table.unique_keys) == (("a", "c"), (("a", "b"),))
    assert read(keys, "i", "int4", "int4", "date").primary_key == ("a", "b")
    assert read(keys, "i", "int4", "daterange", "bytea").primary_key == ("a", "b"), "neither serves"


def errors(body: str, *tables: Table) -> str:
    text = f"pipeline: p\ndocuments:\n  d: {body}\n"
    with pytest.raises(SpecError) as raised:
        resolve(parse_spec(text, "x.yaml"), Catalog({table.name: table for table in tables}))
    return str(raised.value)


def test_an_error_names_the_index_that_would_serve() -> None:
    message = errors("{from: links}", read([key("a", "b")], "d", "int4", "int4"))
    assert "or name its unique index on (a, b)" in message
    assert 'ALTER TABLE "public"."links" REPLICA IDENTITY USING INDEX' in message
    assert "USING INDEX" not in errors("{from: links}", read([], "d", "int4"))


def test_an_error_names_what_makes_a_temporal_key_usable() -> None:
    message = errors("{from: links}", read([key("a", "b", primary=True)], "d", "int4", "daterange"))
    assert 'GENERATED ALWAYS AS (lower("b")) STORED' in message


def other(name: str, column: Column) -> Table:
    columns = {"id": Column("id", "int8", nullable=False), column.name: column}
    return Table(TableName("public", name), columns, ("id",))


def test_an_error_names_what_makes_a_join_possible() -> None:
    orders = other("orders", Column("tag_ids", "_int4", element="int4"))
    notes = other("notes", Column("object_id", "varchar"))
    message = errors("{from: orders, include: {n: {many: notes, on: {id: object_id}}}}", orders, notes)
    assert 'ALTER TABLE "public"."orders" ADD COLUMN id_text text GENERATED ALWAYS AS ("id"::text) STORED' in message
    message = errors("{from: notes, include: {o: {one: orders, on: {object_id: id}}}}", orders, notes)
    assert 'ALTER TABLE "public"."orders" ADD COLUMN id_text' in message
    message = errors("{from: orders, include: {n: {many: notes, on: {tag_ids: id}}}}", orders, notes)
    assert "Keep the pairs in a table of their own" in message


def test_a_type_that_debezium_mistakes_is_refused_with_the_other_ones_name() -> None:
    message = errors(
        "{from: orders, fields: [kind]}", other("orders", Column("kind", "kind", mistaken_for="legacy.kind"))
    )
    assert "there is also legacy.kind" in message


def test_infinity_is_a_constant_of_every_date() -> None:
    prices = Table(
        TableName("public", "prices"),
        {"id": Column("id", "int8", nullable=False)}
        | {kind: Column(kind, kind) for kind in ("date", "timestamp", "timestamptz")},
        ("id",),
        foreign_keys=tuple[ForeignKey, ...](),
    )
    where = "{date: infinity, timestamp: {ne: infinity}, timestamptz: {gt: -infinity}}"
    plan = resolve(
        parse_spec(f"pipeline: p\ndocuments:\n  d: {{from: prices, fields: [id], where: {where}}}\n", "x.yaml"),
        Catalog({prices.name: prices}),
    )
    values = [condition.values for condition in plan.documents[0].root.where]
    assert values == [("infinity",), ("infinity",), ("-infinity",)]


def test_a_stored_generated_column_is_refused_where_it_is_not_published() -> None:
    table = other("orders", Column("total", "int4", generated="u"))
    assert "from version 18 on" in errors("{from: orders, fields: [total]}", table)
    assert "exclude: [total]" in errors("{from: orders}", table)
