"""Prints parts of a tree in the search syntax, for people."""

from search_api.query.syntax.tree import (
    AllOf,
    AnyOf,
    Between,
    Equal,
    Match,
    Node,
    Not,
    OneField,
    Pattern,
    Present,
    Within,
    Words,
)


def leaves(node: Node) -> list[tuple[str, Node]]:
    """The words and conditions that must match, each with its text."""
    match node:
        case Words(words, path):
            return [(word.text, Words((word,), path)) for word in words]
        case AllOf(nodes):
            return [leaf for child in nodes for leaf in leaves(child)]
        case _:
            return [(printed(node), node)]


def printed(node: Node) -> str:
    """A part of a tree in the search syntax."""
    match node:
        case Words(words, path):
            text = " ".join(f'"{word.text}"' if word.phrase else word.text for word in words)
            return f"{path}:({text})" if path else text
        case Match(field, word):
            return f'{field.name}:"{word.text}"' if " " in word.text else f"{field.name}:{word.text}"
        case Pattern(field, stem, rest):
            return f"{field.name}:{stem}{rest}"
        case Equal() | Between() | Present():
            return _printed_value(node)
        case _:
            return _printed_group(node)


def _printed_value(node: Equal | Between | Present) -> str:
    match node:
        case Equal(field, value):
            return f"{field.name}:{value}"
        case Between(field, bounds):
            return " ".join(f"{field.name}:{comparison}{value}" for comparison, value in bounds)
        case Present(field):
            return f"{field.name}:*"


def _printed_group(node: Node) -> str:
    match node:
        case AllOf(nodes):
            return f"({' '.join(map(printed, nodes))})"
        case AnyOf(nodes):
            return f"({' OR '.join(map(printed, nodes))})"
        case Not(inner):
            return f"NOT {printed(inner)}"
        case Within(path, inner):
            return f"{path}:{printed(inner)}"
        case OneField(_, inner):
            return printed(inner)
        case _:
            return ""
