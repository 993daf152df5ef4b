"""Reads YAML with the line of every key and value. Errors are collected instead of stopping at the first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from read_model.spec.errors import Diagnostics, Place

TAG_PREFIX = "tag:yaml.org,2002:"
PLAIN_KEY = re.compile(r"[^.\[\]\s]+")
MAX_DEPTH = 100

KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a decimal number",
    "bool": "a boolean",
    "null": "empty",
}

Scalar = str | int | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Item:
    """A YAML node with the path of keys that leads to it."""

    node: Node
    path: str
    key: Node | None = None

    @property
    def place(self) -> Place:
        """The place of its key; in a list, its own."""
        mark = (self.key or self.node).start_mark
        return Place(mark.line + 1, mark.column + 1, self.path)

    @property
    def kind(self) -> str:
        """`mapping`, `list`, or the scalar's type: `str`, `int`, `bool`, `float`, `null`."""
        if isinstance(self.node, MappingNode):
            return "mapping"
        if isinstance(self.node, SequenceNode):
            return "list"
        short = str(self.node.tag).removeprefix(TAG_PREFIX)
        return short if short in {"int", "bool", "float", "null"} else "str"

    @property
    def quoted(self) -> bool:
        """Whether it is a scalar in quotes or a block, which is text whatever it looks like."""
        return isinstance(self.node, ScalarNode) and self.node.style in {"'", '"', "|", ">"}

    @property
    def kind_name(self) -> str:
        """The kind as error messages name it, with its article."""
        return KINDS.get(self.kind, f"a {self.kind}")

    def child(self, key: Node, node: Node) -> "Item":
        """The item under a key of this mapping."""
        name = key.value if PLAIN_KEY.fullmatch(key.value) else f'"{key.value}"'
        return Item(node, f"{self.path}.{name}" if self.path else name, key)


def read_yaml(text: str, errors: Diagnostics) -> Item | None:
    """The root item of a file; None with an error if the text is empty or not valid YAML."""
    try:
        node = YAML(typ="rt", pure=True).compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1, "") if mark else Place(1, 1, "")
        errors.add(place, f"Invalid YAML: {error.problem or error.context}", "Correct this line or the one before it")
        return None
    except YAMLError:
        what = "Invalid YAML: the file contains characters that YAML does not allow"
        errors.add(Place(1, 1, ""), what, "Save the file as UTF-8 text")
        return None
    if node is None:
        errors.add(Place(1, 1, ""), "The file is empty", "Start with `pipeline:` and `documents:`")
        return None
    return Item(node, "")


def entries(item: Item, what: str, errors: Diagnostics) -> dict[str, Item]:
    """The entries of a mapping, in order. `what` names the item in error messages, for example "the include"."""
    if not isinstance(item.node, MappingNode):
        errors.add(
            item.place, f"{_capital(what)} must be a mapping, but is {item.kind_name}", "Write `key: value` pairs"
        )
        return {}
    own: dict[str, Item] = {}
    merged: dict[str, Item] = {}
    for key_node, value_node in item.node.value:
        if str(key_node.tag) == TAG_PREFIX + "merge":
            merged |= _merged(item, value_node, errors)
            continue
        key = Item(key_node, item.path)
        if not isinstance(key_node, ScalarNode) or key.kind != "str":
            errors.add(key.place, f"A key of {what} is not text", "Put the key in quotes")
        elif key_node.value in own:
            place = item.child(key_node, value_node).place
            errors.add(place, f"Duplicate key '{key_node.value}' in {what}", "Remove one of the two")
        else:
            own[key_node.value] = item.child(key_node, value_node)
    return merged | own if merged else own


def _merged(item: Item, node: Node, errors: Diagnostics) -> dict[str, Item]:
    """The entries that `<<` merges from an anchor, or from a list of anchors, of which the first wins."""
    sources = node.value if isinstance(node, SequenceNode) else [node]
    merged: dict[str, Item] = {}
    for source in reversed(sources):
        merged |= entries(Item(source, item.path), "the merged mapping", errors)
    return merged


def elements(item: Item, what: str, errors: Diagnostics) -> Iterator[Item]:
    """The elements of a list. A single value counts as a list of one."""
    if isinstance(item.node, SequenceNode):
        for number, node in enumerate(item.node.value):
            yield Item(node, f"{item.path}[{number}]")
    elif item.kind == "null":
        errors.add(item.place, f"{_capital(what)} is empty", "Give at least one value, or remove the key")
    else:
        yield item


def scalar(item: Item) -> Scalar:
    """The value of a scalar. Decimal numbers are exact; dates stay text."""
    text = str(item.node.value)
    match item.kind:
        case "null":
            return None
        case "bool":
            return text.lower() in {"true", "yes", "on"}
        case "int":
            return int(text.replace("_", ""), 0) if re.match(r"[-+]?0[xob]", text) else int(text.replace("_", ""))
        case "float" if re.fullmatch(r"[-+]?[0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?", text):
            return Decimal(text.replace("_", ""))
    return text


def text(item: Item, what: str, errors: Diagnostics) -> str | None:
    """A non-empty text; None with an error for anything else."""
    if item.kind == "str" and item.node.value != "":
        return str(item.node.value)
    kind = "empty" if item.kind == "str" else item.kind_name
    numeric = item.kind in {"int", "bool", "float"}
    remedy = f"Put it in quotes: '{item.node.value}'" if numeric else "Write a name"
    errors.add(item.place, f"{_capital(what)} must be text, but is {kind}", remedy)
    return None


def positive(item: Item, what: str, errors: Diagnostics) -> int | None:
    """A whole number above 0; None with an error for anything else."""
    value = scalar(item) if item.kind == "int" else None
    if isinstance(value, int) and value > 0:
        return value
    errors.add(item.place, f"{_capital(what)} must be a whole number above 0", "Write a number such as 10")
    return None


def plain(item: Item, errors: Diagnostics, depth: int = 0) -> Any:
    """The item as plain Python values, for settings that are passed on unchanged."""
    if depth > MAX_DEPTH:
        errors.add(item.place, "The value is nested too deeply, or contains itself", "Write it without the anchor")
        return None
    if item.kind == "mapping":
        return {key: plain(value, errors, depth + 1) for key, value in entries(item, "the value", errors).items()}
    if item.kind == "list":
        return [plain(value, errors, depth + 1) for value in elements(item, "the value", errors)]
    value = scalar(item)
    return float(value) if isinstance(value, Decimal) else value


def known(item: Item, words: Mapping[str, str], what: str, errors: Diagnostics) -> dict[str, Item]:
    """The entries of a mapping whose keys are among `words`; other keys are errors."""
    options = entries(item, what, errors)
    for key in [key for key in options if key not in words]:
        value = options.pop(key)
        errors.add(value.place, f"Unknown key '{key}' in {what}", suggestion(key, words))
    return options


def suggestion(name: str, names: Iterable[str]) -> str:
    """The remedy for a name that does not exist: the most similar name, or a list."""
    names = list(names)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"Use one of: {listed}" if names else "Remove it"


def _capital(what: str) -> str:
    return what[:1].upper() + what[1:]
