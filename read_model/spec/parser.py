"""Parses a document spec: from YAML text to the model in `read_model.spec.model`. Needs no database."""

import re
from typing import Any

from read_model.spec.errors import Diagnostic, Diagnostics, Place, SpecError
from read_model.spec.keywords import DOCUMENT, ROOT, SEARCH
from read_model.spec.model import DocumentSpec, SearchSpec, Spec
from read_model.spec.relations import parse_node
from read_model.spec.yaml_reader import Item, elements, entries, known, read_yaml, scalar, text

PIPELINE = re.compile(r"[a-z][a-z0-9_]{0,40}")
ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,199}")
CURRENCY = re.compile(r"[A-Z]{3}")


class ParseError(SpecError):
    """The file has errors. `readable` is what could be read of it nevertheless, to find errors of other kinds as well;
    None if that is nothing."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], readable: Spec | None) -> None:
        super().__init__(diagnostics)
        self.readable = readable


def parse_spec(text: str, source: str) -> Spec:
    """Parse a spec. `source` names it in error messages, usually by its path. Raises `ParseError` with all errors."""
    errors = Diagnostics(source)
    root = read_yaml(text, errors)
    spec = _spec(root, errors) if root else None
    if errors.collected:
        raise ParseError(errors.ordered(), spec)
    if spec is None:
        raise AssertionError("a spec without an error and without a value")
    return spec


def _spec(root: Item, errors: Diagnostics) -> Spec | None:
    items = known(root, ROOT, "the file", errors)
    for word in ROOT.keys() - items.keys():
        if root.kind == "mapping":
            errors.add(root.place, f"`{word}` is missing", f"Add `{word}:` at the top level of the file")
    if "pipeline" not in items or "documents" not in items:
        return None
    name = text(items["pipeline"], "`pipeline`", errors) or ""
    if name and not PIPELINE.fullmatch(name):
        remedy = "Use 1–41 lowercase letters, digits or underscores, starting with a letter"
        errors.add(items["pipeline"].place, f"Invalid pipeline name '{name}'", remedy)
    documents = entries(items["documents"], "`documents`", errors)
    if not documents and items["documents"].kind == "mapping":
        remedy = "Define at least one document, such as `orders: {from: orders}`"
        errors.add(items["documents"].place, "`documents` is empty", remedy)
    parsed = [_document(alias, item, errors) for alias, item in documents.items()]
    return Spec(name, tuple(document for document in parsed if document), errors.source)


def _document(alias: str, item: Item, errors: Diagnostics) -> DocumentSpec | None:
    if not ALIAS.fullmatch(alias):
        remedy = "Use 1–200 lowercase letters, digits, hyphens or underscores, starting with a letter"
        errors.add(item.place, f"Invalid index alias '{alias}'", remedy)
    items = known(item, DOCUMENT, f"the document '{alias}'", errors)
    if item.kind != "mapping":
        return None
    if "from" not in items:
        errors.add(item.place, f"The document '{alias}' has no root table", "Add `from: table`")
    table = text(items["from"], "`from`", errors) if "from" in items else None
    key = items.get("id")
    if key and key.kind == "list" and not key.node.value:
        errors.add(key.place, "`id` is an empty list", "Name its columns, or remove `id` to use the primary key")
    names = [text(element, "a column in `id`", errors) for element in elements(key, "`id`", errors)] if key else []
    return DocumentSpec(
        name=alias,
        node=parse_node(table or "", items.get("from", item), item, items, errors),
        place=item.place,
        id=tuple(name for name in names if name),
        id_place=key.place if key else None,
        search=_search(items.get("search"), errors),
    )


def _search(item: Item | None, errors: Diagnostics) -> SearchSpec:
    if item is None:
        return SearchSpec()
    items = known(item, SEARCH, "`search`", errors)
    settings: dict[str, Any] = {}
    paths: list[tuple[str, Place]] = []
    if "boost" in items:
        boosts = entries(items["boost"], "`boost`", errors)
        settings["boost"] = {path: _boost(value, errors) for path, value in boosts.items()}
        paths = [(path, value.place) for path, value in boosts.items()]
    if "synonyms" in items:
        rules = elements(items["synonyms"], "`synonyms`", errors)
        settings["synonyms"] = [_synonym(element, errors) for element in rules]
    if "money" in items:
        settings["money"], named = _money(items["money"], errors)
        paths += named
    return SearchSpec(settings, tuple(paths))


def _money(item: Item, errors: Diagnostics) -> tuple[dict[str, list[str]], list[tuple[str, Place]]]:
    """The paths of amounts by currency, and every path with its place. A currency is an ISO code, or itself a path."""
    amounts: dict[str, list[str]] = {}
    paths: list[tuple[str, Place]] = []
    for currency, fields in entries(item, "`money`", errors).items():
        named = [
            (text(element, "an amount", errors) or "", element.place)
            for element in elements(fields, "the list of amounts", errors)
        ]
        amounts[currency] = [path for path, _ in named]
        paths += named if CURRENCY.fullmatch(currency) else [*named, (currency, fields.place)]
    return amounts, paths


def _boost(item: Item, errors: Diagnostics) -> float:
    value = scalar(item) if item.kind in {"int", "float"} else 0
    number = float(value) if value and not isinstance(value, str) else 0.0
    if number <= 0:
        errors.add(item.place, "A boost must be a number above 0", "Write a number such as 2 or 1.5")
    return int(number) if number.is_integer() else number


def _synonym(item: Item, errors: Diagnostics) -> str:
    rule = text(item, "a synonym", errors) or ""
    if rule and "=>" not in rule and "," not in rule:
        remedy = "Write 'tv => television' or 'tv, television', in quotes inside [ ]"
        errors.add(item.place, f"The synonym rule '{rule}' has only one word", remedy)
    return rule
