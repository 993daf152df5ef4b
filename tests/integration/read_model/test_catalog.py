"""The catalogue query on a real server."""

import json
from pathlib import Path

import psycopg
import pytest

from read_model.catalog.catalog import Catalog, ForeignKey, Table, TableName
from read_model.catalog.catalog_query import CATALOG_QUERY, read_catalog
from read_model.plan.resolve import resolve
from read_model.scaffold.first_spec import write_spec
from read_model.scaffold.foreign_keys import usable
from read_model.spec.parser import parse_spec
from tests.support.builders.catalogs import answered
from tests.support.paths import CASES, CHECKOUT
from tests.support.servers.services import Place

FOLDER = CASES / "catalogs"
SCHEMA = CHECKOUT / "writer" / "schema.sql"


def loaded(place: Place, script: Path) -> Catalog:
    """The catalogue of the place's database after a script."""
    with psycopg.connect(place.dsn) as connection:
        connection.execute(script.read_bytes())
        row = connection.execute(CATALOG_QUERY).fetchone()
    assert row
    return read_catalog(json.loads(row[0]))


@pytest.fixture
def odd(place: Place) -> Catalog:
    return loaded(place, FOLDER / "odd.sql")


def named(catalog: Catalog, name: str, schema: str = "public") -> Table:
    return catalog.tables[TableName(schema, name)]


def test_the_kept_answer_is_still_the_shops(place: Place) -> None:
    assert loaded(place, SCHEMA) == answered("shop")


def test_what_a_catalogue_holds(odd: Catalog) -> None:
    assert "parts_2020" not in {name.name for name in odd.tables}
    assert "forgetful" not in {name.name for name in odd.tables}
    assert [name.name for name, table in odd.tables.items() if table.partitioned] == ["parts"]
    assert [name.name for name, table in odd.tables.items() if table.row_security] == ["secret"]
    assert named(odd, "secret").primary_key == ()
    assert "dropped" not in named(odd, "shrunk").columns
    assert TableName("My.Schema", "Weird.Table") in odd.tables


def test_domains_are_what_they_are_made_of(odd: Catalog) -> None:
    columns = named(odd, "orders", "sales").columns
    total, mood, numbers, small = (columns[name] for name in ("Total", "good_mood", "numbers", "smalls"))
    assert (total.type, total.precision, total.scale) == ("numeric", 10, 2)
    assert (mood.type, mood.kind, mood.labels) == ("mood", "e", ("sad", "ok", "happy"))
    assert (numbers.element, numbers.element_kind) == ("int4", "b")
    assert small.element == "int2"


def test_types_and_sizes(odd: Catalog) -> None:
    columns = named(odd, "orders", "sales").columns
    assert (columns["moods"].element, columns["moods"].element_kind) == ("mood", "e")
    assert columns["pairs"].element_kind == "c"
    assert columns["vector"].element is None
    assert (columns["free"].precision, columns["free"].scale) == (None, None)
    assert (columns["rounded"].precision, columns["rounded"].scale) == (3, -2)
    assert columns["code"].length == 3
    assert [name for name, column in columns.items() if not column.deterministic] == ["name"]
    assert [(name, column.generated) for name, column in columns.items() if column.generated] == [
        ("virt", "v"),
        ("kept", "s"),
    ]


def test_keys(odd: Catalog) -> None:
    two = named(odd, "two_keys")
    assert (two.primary_key, two.unique_keys, two.replica_identity, two.identity_columns) == (
        ("a",),
        (("b",),),
        "i",
        ("b",),
    )
    late = named(odd, "late")
    assert (late.primary_key, late.deferrable_key, late.unique_keys, late.replica_identity) == (("id",), True, (), "f")
    doubtful = named(odd, "doubtful").columns
    assert [name for name, column in doubtful.items() if column.nullable] == ["promised"]


def test_foreign_keys(odd: Catalog) -> None:
    parts, orders = TableName("public", "parts"), TableName("sales", "orders")
    assert named(odd, "uses").foreign_keys == (ForeignKey("uses_part_day_fkey", ("part", "day"), parts, ("id", "day")),)
    assert named(odd, "parts").foreign_keys == (ForeignKey("parts_ord_fkey", ("ord",), orders, ("id",)),)
    assert [key.name for key in named(odd, "Weird.Table", "My.Schema").foreign_keys] == ["Weird.Table_order id_fkey"]


def test_every_table_that_can_be_a_root_gets_a_spec(odd: Catalog) -> None:
    roots = [name for name, table in odd.tables.items() if usable(table)]
    plan = resolve(parse_spec(write_spec(odd, roots, "odd"), "first.yaml"), odd)
    assert len(plan.documents) == len(roots)
