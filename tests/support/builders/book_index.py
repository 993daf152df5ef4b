"""A small index of books for the search API's tests, mapped as the product maps documents, and unlike an order."""

from typing import Any

KEYWORD = {"type": "keyword", "fields": {"folded": {"type": "keyword", "normalizer": "folded"}}}
TEXT = {
    "type": "text",
    "analyzer": "folded",
    "fields": {"keyword": {"type": "keyword"}},
}
MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_meta": {"search": {"boost": {"title": 3}}},
    "properties": {
        "shelf_mark": TEXT,
        "title": TEXT,
        "genre": KEYWORD,
        "price": {"type": "double"},
        "big": {"type": "long"},
        "published": {"type": "date", "format": "strict_date_optional_time"},
        "lent": {"type": "boolean"},
        "author": {"properties": {"name": TEXT, "born": {"type": "integer"}}},
        "extra": {"type": "flattened"},
        "cover": {"type": "object", "enabled": False},
        "copies": {
            "type": "nested",
            "include_in_root": True,
            "properties": {"place": TEXT, "state": KEYWORD, "number": {"type": "integer"}},
        },
    },
}
SETTINGS: dict[str, Any] = {
    "number_of_replicas": 0,
    "analysis": {
        "analyzer": {"folded": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}},
        "normalizer": {"folded": {"type": "custom", "filter": ["lowercase", "asciifolding"]}},
    },
}


def book(number: int, title: str, genre: str, *copies: tuple[str, str], **more: str) -> str:
    """The JSON of one book; `more` are raw JSON texts that win over what is here."""
    places = ",".join(
        f'{{"place":"{place}","state":"{state}","number":{n}}}' for n, (place, state) in enumerate(copies)
    )
    fields = {
        "shelf_mark": f'"SM-{number:04}"',
        "title": f'"{title}"',
        "genre": f'"{genre}"',
        "price": f"{number}.50",
        "published": f'"20{number % 30:02}-03-01T10:00:00Z"',
        "lent": "true" if number % 2 else "false",
        "copies": f"[{places}]",
        **more,
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


BOOKS = {
    "1": book(
        1, "The Old Harbour", "novel", ("Lisbon", "good"), ("Porto", "worn"), author='{"name":"Zoë Ünal","born":1950}'
    ),
    "2": book(2, "Harbour lights", "poetry", ("Lisbon", "worn"), ("Lisbon", "worn"), big="9007199254740993"),
    "3": book(3, "A history of coffee", "history", ("Porto", "good"), price="0.10000000000000000555"),
    "a/b c?d#e%2F": book(4, "Slashes & <script>alert(1)</script> marks", "novel", ("Faro", "good")),
    "..": book(5, "Two dots", "novel"),
    "ünï": book(6, "Harbour master", "novel", extra='{"k":"v"}', cover='{"any":[1,"x"]}'),
} | {str(n): book(n, f"Volume {n}", "series") for n in range(100, 160)}
