"""Keys that are equal and spelt differently: ids follow their text, and the document of the old spelling goes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import DocumentPlan, Field, Node, PipelinePlan, TableUse
from sync_worker.log.row_shape import Key, Row
from sync_worker.log.table_changes import TableChanges
from sync_worker.store import pending_sql
from sync_worker.store.bulk import action_of
from sync_worker.store.pending import Pending
from sync_worker.store.row_store import RowStore
from sync_worker.store.row_tables import Rows
from sync_worker.store.statements import statements
from tests.support.builders import plans

TABLE = TableName("public", "accounts")
SPELLINGS = {
    "citext": (Column("code", "citext", nullable=False), "Ann@x", "ann@x"),
    "numeric": (Column("code", "numeric", nullable=False), "1.0", "1.00"),
    "bpchar": (Column("code", "bpchar", nullable=False), "a", "a  "),
}
kinds = pytest.mark.parametrize("kind", SPELLINGS)


class Accounts:
    """A row store of accounts whose documents are named by their code; that is the primary key, too, or not."""

    def __init__(self, path: Path, code: Column, is_key: bool = True) -> None:
        name = plans.text("name")
        key = (code,) if is_key else (plans.ID,)
        self.document = DocumentPlan("accounts", Node(TABLE, key, (Field("name", name),)), (code,))
        self.use = TableUse(TABLE, (plans.ID, code, name), key, () if is_key else (("code",),))
        self.sql = statements(PipelinePlan("shop", (self.document,), "hash", (self.use,)))
        self.store = RowStore(path)
        self.is_key = is_key
        self.rows = Rows(self.store, self.sql)
        self.rows.create()
        self.pending = Pending(self.store, self.rows, self.sql.lanes, 1_000_000, 10)

    def apply(self, *changes: tuple[str, str | None]) -> None:
        """Apply rows by code, with their names; None deletes one."""
        rows: dict[Key, Row | None] = {}
        for code, name in changes:
            rows[(code,) if self.is_key else (1,)] = None if name is None else (1, code, name)
        with self.store.transaction():
            self.rows.apply({TABLE: TableChanges(rows, dict.fromkeys(rows, 10))})

    def documents(self) -> dict[str, str | None]:
        """What is pending, by id: the name, None for a delete."""
        built: dict[str, str | None] = {}
        with self.store.transaction():
            while bulk := self.pending.take(1):
                self.pending.remove(bulk)
                for write in bulk.writes:
                    action, id_ = action_of(write.body)
                    body = write.body.split(b"\n")[1]
                    built[id_] = msgspec.json.decode(body)["name"] if action == "index" else None
        return built


AccountsOf = Callable[..., Accounts]


@pytest.fixture
def accounts_of(tmp_path: Path) -> Iterator[AccountsOf]:
    """Creates accounts in a file of the test."""
    with ExitStack() as stack:

        def make(code: Column, is_key: bool = True) -> Accounts:
            accounts = Accounts(tmp_path / "store.sqlite", code, is_key)
            stack.callback(accounts.store.close)
            return accounts

        yield make


@kinds
@pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "in two"])
def test_the_document_of_the_old_spelling_goes(kind: str, at_once: bool, accounts_of: AccountsOf) -> None:
    code, old, new = SPELLINGS[kind]
    accounts = accounts_of(code)
    accounts.apply((old, "first"))
    assert accounts.documents() == {old: "first"}
    if at_once:
        accounts.apply((old, None), (new, "first"))
    else:
        accounts.apply((old, None))
        accounts.apply((new, "first"))
    assert accounts.documents() == {old: None, new: "first"}
    accounts.apply((old, "second"), (new, None))
    assert accounts.documents() == {old: "second", new: None}
    accounts.apply((old, None))
    assert accounts.documents() == {old: None}


@kinds
def test_an_id_that_is_not_the_key_follows_its_spelling(kind: str, accounts_of: AccountsOf) -> None:
    code, old, new = SPELLINGS[kind]
    accounts = accounts_of(code, is_key=False)
    accounts.apply((old, "first"))
    assert accounts.documents() == {old: "first"}
    accounts.apply((new, "first"))
    assert accounts.documents() == {old: None, new: "first"}


@kinds
def test_a_re_read_notices_another_spelling(kind: str, accounts_of: AccountsOf) -> None:
    code, old, new = SPELLINGS[kind]
    accounts = accounts_of(code)
    accounts.apply((old, "first"))
    assert accounts.documents() == {old: "first"}
    with accounts.store.transaction():
        accounts.rows.begin_snapshot()
        accounts.rows.load(TABLE, [(1, new, "first")])
        accounts.rows.replace([TABLE], 20)
    assert accounts.documents() == {old: None, new: "first"}


@kinds
def test_the_pending_table_of_an_earlier_version_learns_to_tell_spellings_apart(
    kind: str, accounts_of: AccountsOf
) -> None:
    code, old, new = SPELLINGS[kind]
    accounts = accounts_of(code)
    accounts.apply((old, "first"))
    name = pending_sql.pending_name(accounts.document, "fresh")
    create = pending_sql.create_pending(accounts.document, "fresh").replace(" COLLATE BINARY", "")
    for sql in (f"CREATE TABLE copied AS SELECT * FROM {name}", f"DROP TABLE {name}", create):
        accounts.store.execute(sql)
    accounts.store.execute(f"INSERT INTO {name} SELECT * FROM copied")
    accounts.rows.create()
    accounts.apply((old, None), (new, "first"))
    assert accounts.documents() == {old: None, new: "first"}


@kinds
def test_keys_are_looked_up_by_their_index(kind: str, accounts_of: AccountsOf) -> None:
    accounts = accounts_of(SPELLINGS[kind][0])
    table, (lane, *_) = accounts.sql.tables[TABLE], accounts.sql.lanes
    bindings = {"cursor": 0, "after": 0, "limit": 1, "version": 1, "lsn": 1}
    for sql in (table.select, table.delete, *table.mark_differing, *lane.touch[TABLE], lane.build):
        accounts.rows.begin_snapshot()
        values = bindings if ":" in sql else ("1",)
        plan = [row[3] for row in accounts.store.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert [step for step in plan if step.startswith("SEARCH")], plan


@pytest.mark.parametrize(("type_", "same"), [("float8", True), ("numeric", False)])
def test_only_a_spelling_that_documents_show_makes_a_row_differ(
    type_: str, same: bool, accounts_of: AccountsOf
) -> None:
    """The log writes a double as 2.0, and PostgreSQL as 2; a numeric shows its digits."""
    accounts = accounts_of(Column("code", type_), is_key=False)
    log, source = (msgspec.Raw(text) if type_ == "float8" else text.decode() for text in (b"2.0", b"2"))
    with accounts.store.transaction():
        accounts.rows.apply({TABLE: TableChanges({(1,): (1, log, "first")}, {(1,): 10})})
    assert accounts.rows.differs(TABLE, (1, source, "first")) is not same
