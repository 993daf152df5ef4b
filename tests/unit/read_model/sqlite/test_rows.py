"""Stored rows are written again as they are: an UPDATE omits long values that it does not change."""

import msgspec
import pytest

from read_model.catalog.catalog import TableName
from read_model.catalog.column_types import WITHOUT_PLACEHOLDER, is_printed
from read_model.plan.model import TableUse
from read_model.sqlite import rows
from read_model.types.value_forms import form
from tests.support.builders import plans
from tests.support.builders.edge_values import EDGES
from tests.support.fakes.row_store import RowStore

TABLE = TableName("public", "t")
TEXTS = {"text", "bpchar", "citext", "xml", "json", "jsonb", "hstore", "bytea", "tsvector", "ltree"}
LONG = [
    name
    for name, (column, _, _) in EDGES.items()
    if (
        (column.type in TEXTS or is_printed(column) or column.element or column.members)
        and column.element not in WITHOUT_PLACEHOLDER
    )
    or name == "numeric"
]
"""Types whose values can be so long that an UPDATE omits them."""


@pytest.mark.parametrize("name", LONG)
def test_a_stored_value_stays_when_it_is_stored_again(name: str) -> None:
    column, _, cases = EDGES[name]
    use = TableUse(TABLE, (plans.ID, column), (plans.ID,))
    store = RowStore((use,), ()).connection
    kind = form(column).decode
    decoder = msgspec.json.Decoder(kind if kind is msgspec.Raw else kind | None)
    for _, sent in cases:
        store.execute(rows.upsert(use), (1, decoder.decode(sent)))
        before = store.execute(f"SELECT * FROM {rows.table_name(TABLE)}").fetchall()
        again = store.execute(rows.select_row(use), (1,)).fetchone()
        store.execute(rows.upsert(use), again)
        assert store.execute(f"SELECT * FROM {rows.table_name(TABLE)}").fetchall() == before
