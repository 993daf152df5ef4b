"""Two indexes that differ only in what a caller must not see, and every request that can be sent to them.

`twina` contains secret words in masked fields, and documents of another tenant; `twinb` contains other words there. A
caller that may see neither must get the same responses from both.
"""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from search_api.app import create_app
from tests.support.builders.book_index import KEYWORD, SETTINGS, TEXT
from tests.support.servers.search_api import settings_of

TWINS = ("twina", "twinb")
SECRETS = {"twina": ("Zanzibar", "quetzal"), "twinb": ("Mombasa", "tapir")}
DATE = {"type": "date", "format": "strict_date_optional_time"}
DSL_NAMED = ("from", "query", "size", "sort", "value", "filter")
"""Masked fields whose names are words of Elasticsearch's query language."""
MASKED = ("who.name", "who.mail", "who.born", "who.pin", "who.ok", "who.more", "who.shown", "lines.note", "code")
TWIN_SETTINGS = SETTINGS
TWIN_MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "_meta": {
        "fields": {name: {"pii": True if name.startswith("lines") else "name"} for name in (*MASKED, *DSL_NAMED)},
        "search": {"boost": {"who.name": 9, "title": 3}},
    },
    "properties": {
        "title": TEXT,
        "team": KEYWORD,
        "code": KEYWORD,
        **dict.fromkeys(DSL_NAMED, KEYWORD),
        "extra": {"type": "flattened"},
        "price": {"type": "double"},
        "made": DATE,
        "who": {
            "properties": {
                "name": TEXT,
                "mail": KEYWORD,
                "born": DATE,
                "pin": {"type": "long"},
                "ok": {"type": "boolean"},
                "more": {"type": "flattened"},
                "shown": {"type": "object", "enabled": False},
                "country": KEYWORD,
            }
        },
        "lines": {
            "type": "nested",
            "include_in_root": True,
            "properties": {"note": TEXT, "count": {"type": "integer"}},
        },
    },
}


def twin_documents(twin: str, strangers: bool) -> dict[str, str]:
    """The documents of a twin. With `strangers` it also contains completely different documents of another team."""
    place, animal = SECRETS[twin]
    documents = {str(n): _document(n, place, animal, twin) for n in range(12)}
    if strangers:
        count = 3 if twin == TWINS[0] else 5
        documents |= {f"s{n}": _document(n, place, animal, twin, team="blue", title=place) for n in range(count)}
    return documents


def _document(n: int, place: str, animal: str, twin: str, team: str = "red", title: str = "Plain harbour") -> str:
    first = twin == TWINS[0]
    who = {
        "name": f"{place} {animal}" if n % 2 else animal,
        "mail": f"{animal}{n}@{place}.example",
        "born": f"19{50 + n if first else 90 - n}-02-03",
        "pin": n * (17 if first else -13),
        "ok": first,
        "more": {place: animal},
        "shown": {animal: [place]},
        "country": "PT" if n % 3 else "ES",
    }
    lines = [{"note": f"{place} note", "count": n}, {"note": animal, "count": n + 1}]
    document = {"title": f"{title} {n}", "team": team, "code": f"{animal}-{n}", "price": n + 0.5, "lines": lines}
    document |= dict.fromkeys(DSL_NAMED, animal) | {"extra": {"kind": "shown", "n": {"deep": str(n)}}}
    return json.dumps(document | {"made": f"2026-01-{n + 1:02}T00:00:00Z", "who": who})


def every_route() -> list[APIRoute]:
    """The routes of the application itself, so that none is forgotten."""
    return list(routes_of(create_app(settings_of("http://127.0.0.1:9", None)).router))


def routes_of(router: APIRouter) -> Iterator[APIRoute]:
    """Every route of a router, also of those that it includes."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes_of(route.original_router)


def parameters_of(route: APIRoute) -> tuple[list[str], list[str]]:
    """The names of a route's parameters: in the address, and behind its `?`."""
    every = list(_with_dependencies(route.dependant))
    path = dict.fromkeys(parameter.alias for dependant in every for parameter in dependant.path_params)
    query = dict.fromkeys(parameter.alias for dependant in every for parameter in dependant.query_params)
    return list(path), list(query)


def _with_dependencies(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _with_dependencies(dependency)


def words() -> list[str]:
    """What a curious caller types: secrets, their prefixes, and masked fields in every syntax that may ever be
    added."""
    texts = [
        "",
        "harbour",
        "harbor",
        "red",
        "3",
        "title:plain",
        "-title",
        "price",
        "*",
        "*:*",
        "count:sum(who.pin)",
        "true",
        "harbuor",
        "extra.kind:shown",
        "extra.k*:shown",
        "extra.who.name:x",
    ]
    for name in DSL_NAMED:
        texts += [f"{name}:{SECRETS[TWINS[0]][1]}", name, f"{name}:*"]
    for place, animal in SECRETS.values():
        texts += [
            place,
            animal,
            place[:4],
            f"{animal[:3]}*",
            f'"{place} {animal}"',
            f"-{place}",
            f"{place}~",
            f"{place[:-2]}{place[-1]}{place[-2]}",
            f"{animal[0]}{animal[2]}{animal[1]}{animal[3:]}",
            f"harbuor {place[:-1]}x",
            f"{animal}-3",
        ]
        texts += [
            f"({place} | {animal})",
            f"harbour {place}",
            f"*:{animal}",
            f"who.*:{place}",
            f"{animal}3@{place}.example",
        ]
        texts += [f"title:{place}", f"NOT who.name:{place}", f"who.name:/{place}/", f"_exists_:who.{place}"]
        for name in MASKED:
            texts += [f"{name}:{place}", f"{name}:{animal}", f"{name}:={animal}", f"{name}:{animal[:3]}*"]
    for name in MASKED:
        texts += [
            name,
            f"-{name}",
            f"{name}:>1960",
            f"{name}:<=5",
            f"{name}:true",
            f"{name}:*",
            f"{name}.keyword",
            name[:5],
        ]
        texts += [
            f"_exists_:{name}",
            f"{name}:[1900 TO 1980]",
            f"sum:{name}",
            f"sum({name})",
            f"max:{name}",
            f"{name},price",
        ]
    return texts


def bodies(names: list[str], word: str, random: random.Random) -> dict[str, Any]:
    """A JSON body with a few of the parameters that some route has."""
    return {name: random.choice([word, [word], {"field": word}]) for name in random.sample(names, min(3, len(names)))}


_PASSING = re.compile(r'"(?:took_ms|took|next_cursor|cursor|token)":("[^"]*"|[\d.]+|null),?')
_NAME = re.compile(r"twin[ab]s?", re.IGNORECASE)
_SCORE = re.compile(r'"(?:score|share)":[^,}]*,?|[\d.]+ of [\d.]+ points|[\d.]+ points')
"""Scores reveal how rare a word is in all documents, including those of other tenants: the only known leak, and
documented."""


def comparable(text: str, in_order: bool) -> str:
    """A response without what differs between any two: index names, times and cursors. Where documents of others may
    affect scores, and with them the order, the rest is compared as a bag of words.
    """
    text = _PASSING.sub("", _NAME.sub("twin", text))
    return text if in_order else " ".join(sorted(re.findall(r"[^\s,{}\[\]<>]+", _SCORE.sub("", text))))
