"""The page about versions of PostgreSQL, from what was found."""

from tests.versions.outcomes import Outcome, page
from tests.versions.runnable import missing_in_sql


def test_each_version_has_a_column_and_each_case_that_did_not_pass_a_reason() -> None:
    old = Outcome(
        "14.24", {"types": 70, "semantics": 40}, {"merge": 'syntax error at or near "MERGE"'}, {"bit": "a | b"}
    )
    new = Outcome("18.6", {"types": 71, "semantics": 41}, {"merge": 'syntax error at or near "MERGE"'})
    text = page([old, new])
    assert "| cases | 14.24 | 18.6 |" in text
    assert "| values of every type | 70 | 71 |" in text
    assert "| not possible in this version | 1 | 1 |" in text
    assert '| `merge` | 14, 18 | syntax error at or near "MERGE" |' in text
    assert "| `bit` | 14 | a \\| b |" in text


def test_nothing_failed_needs_no_section() -> None:
    assert "## " not in page([Outcome("18.6", {"types": 71})])


def test_a_reason_has_no_path_of_the_machine() -> None:
    error = '/srv/checkout/tests/cases/semantics/merge/02-merge.sql:7: syntax error at or near "MERGE"\nLINE 1: MERGE'
    assert missing_in_sql(error) == 'syntax error at or near "MERGE"'
