"""The desired against the running configuration."""

from dataclasses import replace

from cdc.connectors.plan import Create, Difference, Unchanged, Update, plan

WANTED = {"a": "1", "database.password": "new"}


def test_create_when_there_is_none() -> None:
    assert plan(WANTED, None) == Create(WANTED)


def test_unchanged_although_connect_adds_the_name() -> None:
    assert plan(WANTED, {**WANTED, "name": "rowtide-shop"}) == Unchanged()


def test_update_names_every_key_both_ways() -> None:
    outcome = plan(WANTED, {"a": "2", "b": "3", "database.password": "old"})
    assert outcome == Update(
        (Difference("a", "2", "1"), Difference("b", "3", None), Difference("database.password", "old", "new"))
    )


def test_a_secret_is_hidden_on_both_sides() -> None:
    assert Difference("database.password", "old", None).masked() == Difference("database.password", "********", None)


def test_a_reference_to_a_secret_is_shown() -> None:
    difference = Difference("database.password", "old", "${file:/run/x.properties:password.1}")
    assert difference.masked() == replace(difference, running="********")
