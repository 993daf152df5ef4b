"""The compiled statements of the row store: plans use the indexes, subtypes survive, wide and limited parts hold."""

import msgspec
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Field, Include, Join, Node, Order, TableUse
from read_model.sqlite import documents, rows
from read_model.sqlite.fan_out import fan_out
from read_model.sqlite.identifiers import column_name, name_of
from tests.support.builders import plans
from tests.support.fakes.row_store import RowStore


def test_lanes_tell_few_documents_from_many() -> None:
    lanes = {str(use.table): [reach.lane for reach in fan_out(plans.ORDERS_DOCUMENT, use)] for use in plans.TABLES}
    assert lanes == {
        "public.customers": ["fan_out", "fan_out"],
        "public.orders": ["fresh"],
        "public.products": ["fan_out"],
        "public.categories": ["fan_out"],
        "public.order_lines": ["fresh"],
        "public.payments": ["fresh"],
        "public.tags": ["fan_out"],
        "public.order_tags": ["fresh"],
    }


def test_a_table_that_no_document_uses_reaches_none() -> None:
    (orders,) = (use for use in plans.TABLES if use.table == plans.ORDERS)
    assert fan_out(plans.CATEGORIES_DOCUMENT, orders) == ()


@pytest.mark.parametrize("width", [499, 500, 1200])
def test_wide_objects_are_built_in_parts(width: int) -> None:
    columns = (plans.ID, *(Column(f"c {n}", "int4") for n in range(1, width)))
    table = TableName("wide", "Table")
    plan = DocumentPlan("wide", Node(table, (plans.ID,), plans.fields(*columns)), (plans.ID,))
    store = RowStore((TableUse(table, columns, (plans.ID,)),), (plan,))
    store.upsert(table, {column.name: None if n % 3 == 1 else n for n, column in enumerate(columns)})
    document = msgspec.json.decode(store.build_all(plan)["0"])
    assert list(document) == [column.name for column in columns]
    assert document[f"c {width - 1}"] == (None if (width - 1) % 3 == 1 else width - 1)


KEYS = (
    'a"b',
    "a\\b",
    "it's",
    "50%",
    "a.b",
    " ",
    "",
    "ключ",
    "[0]",
    "#-1",
    "$",
    "new\nline",
    "{0}",
    '"',
    "\\",
    '\\"',
    "\x01",
    "𝄞",
)


@pytest.mark.parametrize("key", KEYS)
def test_a_path_names_a_key_as_it_is(key: str) -> None:
    table, value = TableName("public", "t"), Column("a", "jsonb")
    plan = DocumentPlan("t", Node(table, (plans.ID,), (Field("v", value, (key, key)),)), (plans.ID,))
    store = RowStore((TableUse(table, (plans.ID, value), (plans.ID,)),), (plan,))
    others: dict[str, object] = {each: 0 for each in KEYS}
    store.upsert(table, {"id": 1, "a": msgspec.json.encode({**others, key: {**others, key: 7}}).decode()})
    assert store.build_all(plan) == {"1": b'{"v":7}'}


def test_odd_names_are_quoted_everywhere() -> None:
    table, key = TableName('S"x', "ta'ble %s"), plans.key('i"d')
    value, parent = Column("va'l {0}", "jsonb"), plans.integer("select")
    node = Node(table, (key,), (Field("it's", value, ("a b", "it's")),))
    children = Include("all", True, node, Join((key,), (parent,)), order_by=(Order(key),), value=True)
    plan = DocumentPlan('o\'dd "x"', Node(table, (key,), (Field('q"', value),), includes=(children,)), (key,))
    store = RowStore((TableUse(table, (key, value, parent), (key,), (("select",),)),), (plan,))
    store.upsert(table, {'i"d': 1, "va'l {0}": '{"a b": {"it\'s": [1.50]}}', "select": 1})
    assert store.build_all(plan) == {"1": b'{"q\\"":{"a b":{"it\'s":[1.50]}},"all":[[1.50]]}'}


def test_an_id_without_a_root_row_is_a_delete() -> None:
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    plan = plans.LINES_DOCUMENT
    store.note_changed(plans.LINES, (7, 2), lsn=5)
    store.touch_changed()
    assert list(store.built(plan, "fresh")) == [("delete", "[7,2]", b"")]


def test_a_statement_builds_selected_documents() -> None:
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    store.upsert(plans.TAGS, {"id": 3, "name": "new"})
    statement = documents.build(plans.TAGS_DOCUMENT, "SELECT column1 AS k0 FROM (VALUES (3), (4))")
    deletes = {identity: deleted for identity, _, deleted in store.connection.execute(statement, {"version": 1})}
    assert deletes == {"3": 0, "4": 1}


def test_a_stored_value_replaces_an_unchanged_one() -> None:
    store = RowStore(plans.TABLES, plans.DOCUMENTS)
    use = store.tables[plans.TAGS]
    store.upsert(plans.TAGS, {"id": 3, "name": "new"})
    name, key = column_name(plans.TAG_NAME.name), rows.key_matches(use)
    store.connection.execute(f"UPDATE {rows.table_name(plans.TAGS)} SET {name} = ?2 WHERE {key}", (3, "old"))
    assert store.connection.execute(rows.select_row(use), (3,)).fetchall() == [(3, "old")]


def test_names_that_differ_in_capitals_or_points_stay_apart() -> None:
    names = ["name", "Name", "^name", "^Name", "NAME", "ß"]
    assert len({column_name(name).lower() for name in names}) == len(names)
    tables = [TableName("a.b", "c"), TableName("a", "b.c"), TableName("A", "b.c"), TableName("a", "b^.c")]
    assert len({name_of(table).lower() for table in tables}) == len(tables)


def test_differing_rows_are_detected_in_any_column_case() -> None:
    key, value = plans.key("Id"), Column("Name", "text")
    use = TableUse(TableName("public", "T"), (key, value), (key,))
    store = RowStore((use,), ())
    store.upsert(use.table, {"Id": 1, "Name": "old"})
    for statement in rows.begin_snapshot(use):
        store.connection.execute(statement)
    store.connection.execute(rows.upsert(use, rows.SNAPSHOT), (1, "new"))
    for statement in rows.mark_differing(use):
        store.connection.execute(statement, (7,))
    assert store.connection.execute(rows.count_changed(use)).fetchall() == [(1,)]
    assert store.connection.execute(rows.differs(use), (1, "old")).fetchall() == []
    assert store.connection.execute(rows.differs(use), (1, "new")).fetchall() == [(1,)]
