"""Whether a table is asked for what a snapshot misreads, and for what."""

from read_model.catalog import Column, TableName
from read_model.plan import TableUse
from sync_worker.misread import columns_of, question
from tests.support import plans


def use(*columns: Column) -> TableUse:
    """A table with these columns beside its key."""
    return TableUse(TableName("public", "t"), (plans.ID, *columns), (plans.ID,))


def test_a_table_without_dates_is_not_asked() -> None:
    assert columns_of(use(plans.text("name"), Column("at", "time"), Column("many", "_date", element="date"))) == []


def test_the_question_is_about_every_column_with_a_date_and_leaves_infinite_ones_out() -> None:
    asked = question(use(Column("d", "date"), plans.text("name"), Column('z"', "timestamptz")))
    assert asked == (
        """SELECT EXISTS (SELECT FROM "public"."t" WHERE ("d" < '0001-01-01' AND "d" > '-infinity')"""
        """ OR ("z\""" < '0001-01-01 00:00Z' AND "z\""" > '-infinity'))"""
    )
