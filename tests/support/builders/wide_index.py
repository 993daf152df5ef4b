"""An index with as many text fields as the orders of a real shop have."""

from typing import Any

from tests.support.builders.book_index import KEYWORD, SETTINGS, TEXT

TEXT_FIELDS = 37
DATE = {"type": "date", "format": "strict_date_optional_time"}
WIDE_SETTINGS = SETTINGS
WIDE_MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        **{f"text{n}": TEXT for n in range(TEXT_FIELDS - 1)},
        "code": KEYWORD,
        "kind": KEYWORD,
        "team": KEYWORD,
        "amount": {"type": "double"},
        "number": {"type": "long"},
        "day": DATE,
        "parts": {"type": "nested", "include_in_root": True, "properties": {"note": TEXT}},
    },
}
