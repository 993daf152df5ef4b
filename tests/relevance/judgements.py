"""Judged queries: a text, and rules on a document's data that define how well the document answers it.

The rules are the judge, not the search: a document is `best`, `good`, `fair` or nothing by what it holds, for every
document of the corpus, found or not."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GRADES = {"best": 3, "good": 2, "fair": 1}
BEST = max(GRADES.values())
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "ı": "i", "đ": "d"})
_WAYS = {"is", "starts", "ends", "words", "above", "below"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """A query of a class, its index, and its rules by grade: conditions that must all hold."""

    kind: str
    index: str
    text: str
    rules: Mapping[str, Mapping[str, Any]]

    def grade(self, document: Document) -> int:
        """The grade of a document: that of the first rule that it fulfils, 0 if none."""
        return next((GRADES[name] for name, rule in self.rules.items() if fulfils(document, rule)), 0)


def read_judged(path: Path, corpus: Mapping[str, Sequence[Document]]) -> list[Judged]:
    """The queries of a file. `pick: n` takes the nth document of the corpus, whose values stand in for `{field}`."""
    read: list[Judged] = []
    for kind, entries in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for entry in entries:
            index = entry.get("index", "orders")
            values = _Values(corpus[index][entry.get("pick", 0)])
            rules = {name: _filled(entry[name], values) for name in GRADES if name in entry}
            read.append(Judged(kind, index, str(_filled(entry["q"], values)), rules))
    return read


def fulfils(document: Any, rule: Mapping[str, Any]) -> bool:
    """Whether all conditions hold. A condition on an array of objects holds if one element fulfils all of it."""
    return all(
        any(_holds(value, expected) for value in _at(document, path.split("."))) for path, expected in rule.items()
    )


def folded(text: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(character for character in plain if not unicodedata.combining(character))


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _at(element, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and value.get(path[0]) is not None:
        yield from _at(value[path[0]], path[1:])


def _holds(value: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return any(_holds(value, alternative) for alternative in expected)
    if isinstance(expected, Mapping) and not expected.keys() <= _WAYS:
        return fulfils(value, expected)
    if isinstance(expected, Mapping):
        return all(_compares(value, way, bound) for way, bound in expected.items())
    return _compares(value, "words" if isinstance(expected, str) else "is", expected)


def _compares(value: Any, way: str, expected: Any) -> bool:
    if way in {"above", "below"}:
        return bool(value > expected if way == "above" else value < expected)
    actual, searched = folded(str(value)), folded(str(expected))
    match way:
        case "is":
            return actual == searched
        case "starts":
            return actual.startswith(searched)
        case "ends":
            return actual.endswith(searched)
        case _:
            return re.search(rf"(?<!\w){re.escape(searched)}(?!\w)", actual) is not None


class _Values(dict[str, str]):
    """The values of a document by path, the first one of arrays."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document

    def __missing__(self, path: str) -> str:
        return str(next(_at(self._document, path.split("."))))


def _filled(value: Any, values: _Values) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{([\w.]+)\}", lambda match: values[match[1]], value)
    if isinstance(value, Mapping):
        return {key: _filled(nested, values) for key, nested in value.items()}
    return [_filled(element, values) for element in value] if isinstance(value, list) else value
