"""Writes a spec as YAML that is easy to edit: short lines, comments, no needless quotes."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "all"})
WIDTH = 100

Names = str | tuple[str, ...]
Head = dict[str, Names | dict[str, Names]]
"""The first keys of an include: names, lists of names, or a mapping of these."""


@dataclass(slots=True)
class NodeDraft:
    """A table's part of a first spec. `fields` are pairs of field name and column; `notes` become comments."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    includes: list["IncludeDraft"] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class IncludeDraft:
    """An include of a first spec. `head` holds one or many, through and by; `value`, if set, replaces `node`."""

    name: str
    head: Head
    node: NodeDraft
    value: str = ""


def spec_text(pipeline: str, documents: Iterable[tuple[str, str, NodeDraft]]) -> str:
    """The YAML of a pipeline from triples of alias, root table and draft."""
    lines = [f"pipeline: {quoted(pipeline)}", "", "documents:"]
    for alias, table, draft in documents:
        lines += ["", f"  {quoted(alias)}:", f"    from: {quoted(table)}", *_node(draft, "    ")]
    return "\n".join(lines) + "\n"


def quoted(name: str) -> str:
    """A name as YAML, in quotes only if it would be read as something else."""
    return name if PLAIN.fullmatch(name) and name.lower() not in RESERVED else json.dumps(name, ensure_ascii=False)


def _node(draft: NodeDraft, indent: str) -> Iterator[str]:
    yield from (f"{indent}# {note}" for note in draft.notes)
    yield from _fields(draft.fields, indent)
    if draft.includes:
        yield f"{indent}include:"
        for include in draft.includes:
            yield from _include(include, indent + "  ")


def _fields(fields: list[tuple[str, str]], indent: str) -> Iterator[str]:
    names = [quoted(name) if name == column else f"{quoted(name)}: {quoted(column)}" for name, column in fields]
    line = f"{indent}fields: [{', '.join(names)}]"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{indent}fields:"
    yield from (f"{indent}  - {name}" for name in names)


def _include(include: IncludeDraft, indent: str) -> Iterator[str]:
    name = quoted(include.name)
    head = {key: _names(value) for key, value in include.head.items()}
    if include.value:
        head["value"] = quoted(include.value)
        yield f"{indent}{name}: {{{', '.join(f'{key}: {value}' for key, value in head.items())}}}"
        return
    yield f"{indent}{name}:"
    yield from (f"{indent}  {key}: {value}" for key, value in head.items())
    yield from _node(include.node, indent + "  ")


def _names(value: Names | dict[str, Names]) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_names(part)}' for key, part in value.items())}}}"
    if isinstance(value, str):
        return quoted(value)
    return quoted(value[0]) if len(value) == 1 else f"[{', '.join(map(quoted, value))}]"
