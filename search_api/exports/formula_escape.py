"""Keeps the cells of a CSV from becoming formulas in a spreadsheet. Pure.

A spreadsheet may split the file at another character than the comma, depending on its language. It then ignores the
quotes around a cell, so a formula can begin in the middle of one.
"""

import re

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""A formula begins with one of these; the last four are full-width forms, which some spreadsheets accept."""
_SKIPPED = r"(?:[^\S\t\r\n]|[\x00-\x08\x0e-\x1f\x7f\u200b\u2060\ufeff])"
"""Blank and invisible characters, which a spreadsheet may remove before the sign. Tabs and line ends separate cells."""

_CELL_START = re.compile(rf'[\t\r\n|]|(?:{_SKIPPED}|")*[{_SIGNS}]')
_AFTER_SEPARATOR = re.compile(rf'([;\t|\r\n])(?=(?:{_SKIPPED}|")*[{_SIGNS}])')
_IN_JSON = re.compile(rf"([;|]{_SKIPPED}*)([{_SIGNS}])")


def text_cell(text: str) -> str:
    """The text with a `'` where a spreadsheet would begin a formula: at its start, and after `;`, `|`, a tab or a line
    end within it.
    """
    # Exports call this for every cell. Looking for single characters takes a fraction of the time of the expressions,
    # which almost no text needs: it begins with a letter or a digit, and contains no separator.
    escaped = text
    if ";" in text or "|" in text or "\n" in text or "\t" in text or "\r" in text:
        escaped = _AFTER_SEPARATOR.sub(r"\1'", text)
    return f"'{escaped}" if not text[:1].isalnum() and _CELL_START.match(text) else escaped


def json_cell(json: str) -> str:
    """The same for an array or object. The sign becomes a JSON escape, so the value stays the same."""
    if ";" not in json and "|" not in json:
        return json
    return _IN_JSON.sub(lambda match: f"{match[1]}\\u{ord(match[2]):04x}", json)
