"""The prose linter finds what its rules name, in every kind of text, and nothing else."""

from pathlib import Path

import pytest

from docs import prose

RULES = prose.rules()
PAGE, MODULE = Path("page.md"), Path("room/module.py")


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule in RULES for text in rule.bad], ids=lambda value: str(value)[:40]
)
def test_a_bad_text_breaks_its_rule(rule: prose.Rule, text: str) -> None:
    assert list(prose.in_text(text, PAGE, 1, [rule]))


@pytest.mark.parametrize("text", [text for rule in RULES for text in rule.good])
def test_a_good_text_breaks_no_rule(text: str) -> None:
    assert list(prose.in_markdown(text, PAGE, RULES)) == []


def test_code_and_links_in_markdown_are_not_checked() -> None:
    page = "Run `read anew`, see [this](../anew.md).\n\n```\nreads it anew\n```\n"
    assert list(prose.in_markdown(page, PAGE, RULES)) == []


def test_a_phrase_across_a_line_break_is_found_with_its_line() -> None:
    (finding,) = prose.in_markdown("first\nit goes\non here\n", PAGE, RULES)
    assert (finding.line, finding.text) == (2, "goes on")


def test_long_lines_are_found_except_on_generated_pages() -> None:
    line = "word " * 30
    assert [finding.why for finding in prose.in_markdown(line, PAGE, RULES)] == ["150 columns."]
    assert list(prose.in_markdown(line, Path("docs/reference/settings.md"), RULES)) == []


def test_literals_are_checked_and_docstrings_and_sql_are_not() -> None:
    module = (
        '"""Reads it anew."""\n'
        'ERROR = f"the table {name} is read anew now"\n'
        'SQL = "SELECT this FROM table that is read anew"\n'
    )
    (finding,) = prose.in_python(module, MODULE, RULES)
    assert (finding.line, finding.text) == (2, "anew")


def test_the_docstring_of_a_command_is_its_help() -> None:
    module = 'def resync() -> None:\n    """Read the table anew."""\n'
    assert [finding.text for finding in prose.in_python(module, Path("rowtide/commands/resync.py"), RULES)] == ["anew"]


def test_the_checkout_breaks_no_rule() -> None:
    findings = [str(finding) for path in prose.files() for finding in prose.in_file(path, RULES)]
    assert findings == []
