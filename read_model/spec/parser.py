"""Read a document spec: YAML text to the model of `spec_model`. Nothing here needs a database."""

import re
from typing import Any

from read_model.spec.errors import Faults, Place
from read_model.spec.keywords import DOCUMENT, ROOT, SEARCH
from read_model.spec.model import DocumentSpec, SearchSpec, Spec
from read_model.spec.relations import parse_node
from read_model.spec.yaml_reader import Item, elements, entries, known, read_yaml, scalar, text

__all__ = ["Spec", "parse_spec"]

PIPELINE = re.compile(r"[a-z][a-z0-9_]{0,40}")
ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,199}")
CURRENCY = re.compile(r"[A-Z]{3}")


def parse_spec(text: str, source: str) -> Spec:
    """Read a spec. `source` is what people call the text, usually its path. Raises `SpecError` with every fault."""
    faults = Faults(source)
    root = read_yaml(text, faults)
    spec = _spec(root, faults) if root else None
    faults.check()
    if spec is None:
        raise AssertionError("a spec without a fault and without a value")
    return spec


def _spec(root: Item, faults: Faults) -> Spec | None:
    found = known(root, ROOT, "the file", faults)
    for word in ROOT.keys() - found.keys():
        if root.kind == "mapping":
            faults.add(root.place, f"`{word}` is missing", f"Write `{word}:` at the start of the file")
    if "pipeline" not in found or "documents" not in found:
        return None
    name = text(found["pipeline"], "`pipeline`", faults) or ""
    if name and not PIPELINE.fullmatch(name):
        what = f"'{name}' cannot be a pipeline's name"
        faults.add(
            found["pipeline"].place, what, "Use lower-case letters, digits and underscores, a letter first, 41 at most"
        )
    documents = entries(found["documents"], "`documents`", faults)
    if not documents and found["documents"].kind == "mapping":
        faults.add(found["documents"].place, "there are no documents", "Write one: `orders: {from: orders}`")
    parsed = [_document(alias, item, faults) for alias, item in documents.items()]
    return Spec(name, tuple(document for document in parsed if document), faults.source)


def _document(alias: str, item: Item, faults: Faults) -> DocumentSpec | None:
    if not ALIAS.fullmatch(alias):
        remedy = "Use lower-case letters, digits, hyphens and underscores, a letter first, 200 at most"
        faults.add(item.place, f"'{alias}' cannot be an index's alias", remedy)
    found = known(item, DOCUMENT, f"the document '{alias}'", faults)
    if item.kind != "mapping":
        return None
    if "from" not in found:
        faults.add(item.place, f"the document '{alias}' does not name its root table", "Write `from: table`")
    table = text(found["from"], "`from`", faults) if "from" in found else None
    key = found.get("id")
    if key and key.kind == "list" and not key.node.value:
        faults.add(key.place, "`id` is an empty list", "Name its columns, or remove it: the primary key is the id then")
    names = [text(element, "a column of `id`", faults) for element in elements(key, "`id`", faults)] if key else []
    return DocumentSpec(
        name=alias,
        node=parse_node(table or "", found.get("from", item), item, found, faults),
        place=item.place,
        id=tuple(name for name in names if name),
        id_place=key.place if key else None,
        search=_search(found.get("search"), faults),
    )


def _search(item: Item | None, faults: Faults) -> SearchSpec:
    if item is None:
        return SearchSpec()
    found = known(item, SEARCH, "`search`", faults)
    settings: dict[str, Any] = {}
    paths: list[tuple[str, Place]] = []
    if "boost" in found:
        boosts = entries(found["boost"], "`boost`", faults)
        settings["boost"] = {path: _boost(value, faults) for path, value in boosts.items()}
        paths = [(path, value.place) for path, value in boosts.items()]
    if "synonyms" in found:
        settings["synonyms"] = [
            _synonym(element, faults) for element in elements(found["synonyms"], "`synonyms`", faults)
        ]
    if "money" in found:
        settings["money"], named = _money(found["money"], faults)
        paths += named
    return SearchSpec(settings, tuple(paths))


def _money(item: Item, faults: Faults) -> tuple[dict[str, list[str]], list[tuple[str, Place]]]:
    """The amounts by currency, and every path with its place. What looks like a currency's code is no path."""
    amounts: dict[str, list[str]] = {}
    paths: list[tuple[str, Place]] = []
    for currency, fields in entries(item, "`money`", faults).items():
        named = [(text(one, "an amount", faults) or "", one.place) for one in elements(fields, "amounts", faults)]
        amounts[currency] = [path for path, _ in named]
        paths += named if CURRENCY.fullmatch(currency) else [*named, (currency, fields.place)]
    return amounts, paths


def _boost(item: Item, faults: Faults) -> float:
    value = scalar(item) if item.kind in {"int", "float"} else 0
    number = float(value) if value and not isinstance(value, str) else 0.0
    if number <= 0:
        faults.add(item.place, "a boost is not a number above 0", "Write a number such as 2 or 1.5")
    return int(number) if number.is_integer() else number


def _synonym(item: Item, faults: Faults) -> str:
    rule = text(item, "a synonym", faults) or ""
    if rule and "=>" not in rule and "," not in rule:
        remedy = "Write 'tv => television' or 'tv, television', in quotes inside [ ]"
        faults.add(item.place, f"the synonym '{rule}' stands alone", remedy)
    return rule
