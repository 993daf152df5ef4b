"""What the codes of faults mean."""

import pytest

from cdc.log.capture_faults import (
    addition,
    describe_faults,
    hides_columns,
    is_gone,
    loses_changes,
    relevant_faults,
)
from read_model.catalog.catalog import OnlyTable

LINES, ODD = ("public", "lines"), ("Odd", 'Say "hi"')


def test_only_captured_tables_and_columns_count() -> None:
    reported = {
        "public.lines": ["hidden note", "hidden price"],
        'Odd.Say "hi"': ["unpublished"],
        "public.x": ["absent"],
    }
    assert relevant_faults(reported, {LINES: ("id", "price"), ODD: ()}) == {
        LINES: ("hidden price",),
        ODD: ("unpublished",),
    }
    assert relevant_faults(reported, {LINES: ()}) == {LINES: ("hidden note", "hidden price")}
    assert relevant_faults(reported, {LINES: ("id",)}) == {}


def test_children_do_no_harm_where_only_the_own_rows_are_used() -> None:
    parent = OnlyTable("public", "lines")
    assert relevant_faults({"public.lines": ["inherited", "filtered"]}, {parent: ()}) == {parent: ("filtered",)}
    assert relevant_faults({"public.lines": ["inherited"]}, {LINES: ()}) == {LINES: ("inherited",)}
    assert addition("shop", parent)[1] == 'ALTER PUBLICATION "rowtide_shop" ADD TABLE ONLY "public"."lines"'


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("absent", "public.lines: the table does not exist"),
        ("uncaptured", "Run `rowtide connectors apply`."),
        ("unpublished", "public.lines: the table is not in publication rowtide_shop"),
        ("operations", "publication rowtide_shop does not publish every insert, update, delete and truncate"),
        ("leaves", "under the names of the partitions"),
        ("filtered", "publication rowtide_shop filters its rows"),
        ("hidden note", "publication rowtide_shop leaves out the columns note. Run `rowtide init`."),
        ("identity-nothing", 'ALTER TABLE "public"."lines" REPLICA IDENTITY DEFAULT.'),
        ("identity-dropped", 'ALTER TABLE "public"."lines" REPLICA IDENTITY DEFAULT.'),
        ("no-key", 'ALTER TABLE "public"."lines" ADD PRIMARY KEY (…).'),
        ("key-deferrable", 'ALTER TABLE "public"."lines" REPLICA IDENTITY FULL.'),
        ("keys-swap", 'ALTER TABLE "public"."lines" REPLICA IDENTITY FULL.'),
        ("unreadable", "role rowtide_shop may not read it"),
        ("row-security", "ALTER ROLE rowtide_shop BYPASSRLS."),
        ("of-a-later-version", "(of-a-later-version)"),
    ],
)
def test_each_says_what_to_do(code: str, text: str) -> None:
    (described,) = describe_faults("shop", {LINES: (code,)})
    assert text in described
    assert described.startswith("public.lines: ")
    assert described.endswith(".")


def test_what_loses_changes_and_what_only_the_next_snapshot_needs() -> None:
    assert not loses_changes(("unreadable", "row-security"))
    assert loses_changes(("unreadable", "unpublished"))
    assert is_gone(("absent",))
    assert not is_gone(("unpublished",))
    assert hides_columns(("hidden x",))


def test_names_are_quoted() -> None:
    assert addition("shop", ODD) == (
        'GRANT SELECT ON TABLE "Odd"."Say ""hi""" TO "rowtide_shop"',
        'ALTER PUBLICATION "rowtide_shop" ADD TABLE "Odd"."Say ""hi"""',
    )
