"""YAML as written: every key and value with its line. Faults go to a collector instead of stopping at the first."""

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

from read_model.spec.errors import Faults, Place

TAG_PREFIX = "tag:yaml.org,2002:"
PLAIN_KEY = re.compile(r"[^.\[\]\s]+")
MAX_DEPTH = 100

KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "null": "empty",
}

Scalar = str | int | bool | Decimal | None


@dataclass(frozen=True, slots=True)
class Item:
    """A node of the file with the path of keys that leads to it."""

    node: Node
    path: str
    key: Node | None = None

    @property
    def place(self) -> Place:
        """Where people look for it: at its key, or at itself inside a list."""
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
        """True for a scalar in quotes or a block, which is text whatever it looks like."""
        return isinstance(self.node, ScalarNode) and self.node.style in {"'", '"', "|", ">"}

    @property
    def spoken(self) -> str:
        """The kind as people say it."""
        return KINDS.get(self.kind, f"a {self.kind}")

    def under(self, key: Node, node: Node) -> "Item":
        """The item under a key of this one."""
        name = key.value if PLAIN_KEY.fullmatch(key.value) else f'"{key.value}"'
        return Item(node, f"{self.path}.{name}" if self.path else name, key)


def read_yaml(text: str, faults: Faults) -> Item | None:
    """The file's root item; None when the text is no YAML or empty (the fault is noted)."""
    try:
        node = YAML(typ="rt", pure=True).compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1, "") if mark else Place(1, 1, "")
        faults.add(place, f"not YAML: {error.problem or error.context}", "Correct the line, or what stands before it")
        return None
    except YAMLError:
        faults.add(Place(1, 1, ""), "not YAML: it contains characters that YAML forbids", "Save the file as UTF-8 text")
        return None
    if node is None:
        faults.add(Place(1, 1, ""), "the file is empty", "Begin with `pipeline:` and `documents:`")
        return None
    return Item(node, "")


def entries(item: Item, what: str, faults: Faults) -> dict[str, Item]:
    """A mapping's entries in order. `what` names the thing for people, as in "the include"."""
    if not isinstance(item.node, MappingNode):
        faults.add(item.place, f"{what} is {item.spoken}, not a mapping", "Write `key: value` pairs")
        return {}
    found: dict[str, Item] = {}
    merged: dict[str, Item] = {}
    for key_node, value_node in item.node.value:
        if str(key_node.tag) == TAG_PREFIX + "merge":
            merged |= _merged(item, value_node, faults)
            continue
        key = Item(key_node, item.path)
        if not isinstance(key_node, ScalarNode) or key.kind != "str":
            faults.add(key.place, f"a key of {what} is not text", "Put the key in quotes")
        elif key_node.value in found:
            place = item.under(key_node, value_node).place
            faults.add(place, f"'{key_node.value}' is written twice in {what}", "Remove one of the two")
        else:
            found[key_node.value] = item.under(key_node, value_node)
    return merged | found if merged else found


def _merged(item: Item, node: Node, faults: Faults) -> dict[str, Item]:
    """What `<<` brings in from an anchor, or from a list of them (the first wins)."""
    sources = node.value if isinstance(node, SequenceNode) else [node]
    brought: dict[str, Item] = {}
    for source in reversed(sources):
        brought |= entries(Item(source, item.path), "the merged mapping", faults)
    return brought


def elements(item: Item, what: str, faults: Faults) -> Iterator[Item]:
    """A list's elements; a single value counts as a list of one, because people write it so."""
    if isinstance(item.node, SequenceNode):
        for number, node in enumerate(item.node.value):
            yield Item(node, f"{item.path}[{number}]")
    elif item.kind == "null":
        faults.add(item.place, f"{what} is empty", "Write at least one, or remove the key")
    else:
        yield item


def scalar(item: Item) -> Scalar:
    """A scalar's value. Numbers with a point are exact decimals; dates stay text."""
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


def text(item: Item, what: str, faults: Faults) -> str | None:
    """A name or other text; None with a fault for anything else."""
    if item.kind == "str" and item.node.value != "":
        return str(item.node.value)
    if item.kind in {"int", "bool", "float"}:
        faults.add(
            item.place, f"{what} is read as {item.spoken}, not as text", f"Put it in quotes: '{item.node.value}'"
        )
    else:
        faults.add(item.place, f"{what} is {'empty' if item.kind == 'str' else item.spoken}", "Write a name")
    return None


def whole(item: Item, what: str, faults: Faults) -> int | None:
    """A whole number above 0."""
    value = scalar(item) if item.kind == "int" else None
    if isinstance(value, int) and value > 0:
        return value
    faults.add(item.place, f"{what} is not a whole number above 0", "Write a number such as 10")
    return None


def plain(item: Item, faults: Faults, depth: int = 0) -> Any:
    """The item as ordinary Python values, for what is passed on as it is."""
    if depth > MAX_DEPTH:
        faults.add(item.place, "it is nested too deep, or contains itself", "Write it without the anchor")
        return None
    if item.kind == "mapping":
        return {key: plain(value, faults, depth + 1) for key, value in entries(item, "it", faults).items()}
    if item.kind == "list":
        return [plain(value, faults, depth + 1) for value in elements(item, "it", faults)]
    value = scalar(item)
    return float(value) if isinstance(value, Decimal) else value


def known(item: Item, words: Mapping[str, str], what: str, faults: Faults) -> dict[str, Item]:
    """A mapping's entries that are words of the language; others are faults."""
    found = entries(item, what, faults)
    for key in [key for key in found if key not in words]:
        value = found.pop(key)
        faults.add(value.place, f"{what} has no key '{key}'", suggestion(key, words))
    return found


def suggestion(name: str, names: Iterable[str]) -> str:
    """What to write instead of a name that does not exist."""
    names = list(names)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"Use one of: {shown}" if names else "Remove it"
