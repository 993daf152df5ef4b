"""Converts luqum's tree: resolves fields, checks values and limits wildcards. Nodes that are not listed here are
errors.
"""

import re
from typing import Any

from luqum import tree as luqum

from search_api.query.field_lookup import AmbiguousField, ObjectField, UnknownField, find_field
from search_api.query.field_values import EXPECTED, read_value
from search_api.query.limits import MAX_FUZZY_LENGTH, MAX_SLOP, MAX_VALUE_LENGTH, MAX_WILDCARDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.scanner import PARAMETER, literal, unescaped, unknown_name
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
    Word,
    Words,
)
from search_api.query.validation import ValidationError

_WILD = re.compile(r"\\.|[*?]|[^\\*?]+", re.DOTALL)
_TEXTS = {"text", "keyword", "json"}
NO_CONDITION: Node = AllOf(())
"""The result for punctuation."""


class LuqumConverter:
    """Converts one text; `errors` collects everything that is wrong with it."""

    def __init__(self, schema: IndexSchema, text: str) -> None:
        self.schema = schema
        self.text = text
        self.errors: list[ValidationError] = []
        self._negations = 0

    def convert(self, item: Any, scope: str = "") -> Node:
        """The meaning of a node that has no field, or is inside `scope`, the path of an object or array."""
        match item:
            case luqum.UnknownOperation() | luqum.AndOperation() | luqum.Plus():
                return _side_by_side([self.convert(operand, scope) for operand in _operands(item)])
            case luqum.OrOperation():
                nodes = [self.convert(operand, scope) for operand in item.operands]
                return _any_of([node for node in nodes if node != NO_CONDITION])
            case luqum.Not() | luqum.Prohibit():
                return self._negated(item, scope)
            case luqum.Group() | luqum.FieldGroup():
                return _grouped(self.convert(item.expr, scope))
            case luqum.SearchField():
                return self._named(item, scope)
            case _:
                return self._word(item, scope)

    def _negated(self, item: Any, scope: str) -> Node:
        self._negations += 1
        node = self.convert(item.a, scope)
        self._negations -= 1
        if isinstance(node, Not):
            return node.node
        return NO_CONDITION if node == NO_CONDITION else Not(node)

    def _word(self, item: Any, scope: str) -> Node:
        """A word or phrase without a field."""
        match item:
            case luqum.Phrase() | luqum.Proximity():
                word = self._phrase(item)
            case luqum.Fuzzy(term=luqum.Word() as term):
                word = self._fuzzy(term)
            case luqum.Word():
                word = self._plain(item)
            case _:
                return self._rejected(item, "This needs a field name before it, as in `field:>5`.")
        return Words((word,), scope) if any(map(str.isalnum, word.text)) else NO_CONDITION

    def _plain(self, item: Any) -> Word:
        """A plain word. It may be a prefix if it ends with `*`, or if it is the last of the text and no space
        follows."""
        stem = item.value.removesuffix("*")
        last = item.pos + item.size == len(self.text) and stem[-1:].isalnum() and not self._negations
        return Word(unescaped(stem), unfinished=last or (stem != item.value and len(stem) >= MIN_STEM))

    def _phrase(self, item: Any) -> Word:
        slop = 0
        if isinstance(item, luqum.Proximity):
            slop, item = item.degree, item.term
        if slop > MAX_SLOP:
            self._error(item, f"`~` allows up to {MAX_SLOP} words between the words of a phrase.")
        return Word(unescaped(item.value[1:-1]), phrase=True, slop=slop)

    def _fuzzy(self, term: Any) -> Word:
        text = unescaped(term.value)
        if len(text) > MAX_FUZZY_LENGTH:
            self._error(term, f"`~` only works on words of up to {MAX_FUZZY_LENGTH} letters.")
        return Word(text, fuzzy=True)

    def _named(self, item: Any, scope: str) -> Node:
        name = unescaped(item.name)
        field = find_field(name, self.schema, scope)
        if isinstance(field, (AmbiguousField, UnknownField)):
            self.errors.append(unknown_name(name, field, item.pos))
            return NO_CONDITION
        if isinstance(field, ObjectField):
            inner = self.convert(item.expr, field.path)
            return Within(field.path, inner) if field.nested else inner
        if not (field.filterable or field.searchable):
            return self._rejected(item, f"The field `{field.name}` is not searchable.")
        if field.kind == "json" and "*" in field.name:
            return self._rejected(item, "A path into a JSON field must be written out; `*` is only allowed in values.")
        return self._of(field, item.expr)

    def _of(self, field: IndexField, item: Any) -> Node:
        """The meaning of a node after a field's name."""
        match item:
            case luqum.FieldGroup() | luqum.Group():
                return OneField(field, self._of(field, item.expr))
            case luqum.UnknownOperation() | luqum.AndOperation() | luqum.Plus():
                return AllOf(tuple(self._of(field, operand) for operand in _operands(item)))
            case luqum.OrOperation():
                return AnyOf(tuple(self._of(field, operand) for operand in item.operands))
            case luqum.Not() | luqum.Prohibit():
                return Not(self._of(field, item.a))
            case luqum.Range() | luqum.From() | luqum.To():
                return self._between(field, item)
            case _:
                return self._value(field, item)

    def _between(self, field: IndexField, item: Any) -> Node:
        if not field.ranged:
            return self._rejected(item, f"`{field.name}` ({field.kind}) has no order; search for a value instead.")
        bounds: list[tuple[str, str]] = []
        for comparison, bound in _bounds(item):
            value = self._checked(field, bound)
            if value is not None and value != "*":
                bounds.append((comparison, value))
        return Between(field, tuple(bounds)) if bounds else Present(field)

    def _checked(self, field: IndexField, item: Any) -> str | None:
        if getattr(item, "value", "") == "*":
            return "*"
        text = _text(item)
        value = read_value(field, text) if text is not None else None
        if value is None:
            shown = (text if text is not None else str(item))[:100]
            self._error(
                item, f"`{literal(shown)}` is not a valid value for `{field.name}`; expected {EXPECTED[field.kind]}."
            )
        return value

    def _value(self, field: IndexField, item: Any) -> Node:
        if getattr(item, "value", "") == "*":
            return Present(field)
        if field.kind not in _TEXTS:
            value = self._checked(field, item)
            return NO_CONDITION if value is None else Equal(field, value)
        match item:
            case luqum.Phrase() | luqum.Proximity():
                return self._matching(field, item, self._phrase(item))
            case luqum.Fuzzy(term=luqum.Word() as term):
                return self._matching(field, item, self._fuzzy(term))
            case luqum.Word():
                stem, rest = _wildcards(item.value)
                return self._pattern(field, item, stem, rest) if rest else self._matching(field, item, Word(stem))
            case _:
                return self._rejected(
                    item, 'This is not supported here; expected a word, a "phrase" or a prefix with `*`.'
                )

    def _matching(self, field: IndexField, item: Any, word: Word) -> Node:
        if len(word.text) > MAX_VALUE_LENGTH:
            return self._rejected(item, f"A value can have up to {MAX_VALUE_LENGTH} characters.")
        return Match(field, word)

    def _pattern(self, field: IndexField, item: Any, stem: str, rest: str) -> Node:
        if len(stem) < MIN_STEM:
            return self._rejected(item, f"A wildcard needs at least {MIN_STEM} characters before it, as in `AB-*`.")
        if len(re.findall(r"(?<!\\)[*?]", rest)) > MAX_WILDCARDS:
            return self._rejected(item, f"A value can have up to {MAX_WILDCARDS} wildcards.")
        return Pattern(field, stem, rest)

    def _rejected(self, item: Any, message: str) -> Node:
        self._error(item, message)
        return NO_CONDITION

    def _error(self, item: Any, message: str) -> None:
        start = min(item.pos or 0, len(self.text))
        self.errors.append(ValidationError(PARAMETER, message, start, max(start + 1, start + (item.size or 0))))


def _operands(item: Any) -> list[Any]:
    """Adjacent nodes, whether joined by `AND`, `+` or nothing."""
    inner = (luqum.UnknownOperation, luqum.AndOperation)
    nested = (_operands(operand) if isinstance(operand, inner) else [operand] for operand in item.children)
    return [operand for operands in nested for operand in operands]


def _side_by_side(nodes: list[Node]) -> Node:
    """The conjunction of nodes; the words between conditions become one row of words."""
    rows: dict[str, list[Word]] = {}
    for node in nodes:
        if isinstance(node, Words):
            rows.setdefault(node.path, []).extend(node.words)
    others = [node for node in nodes if not isinstance(node, Words) and node != NO_CONDITION]
    parts = [*(Words(tuple(words), path) for path, words in rows.items()), *others]
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _any_of(nodes: list[Node]) -> Node:
    return AnyOf(tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else NO_CONDITION


def _grouped(node: Node) -> Node:
    """Parentheses keep conditions separate from those outside."""
    return node if isinstance(node, (Words, AllOf, AnyOf)) else AllOf((node,))


def _bounds(item: Any) -> list[tuple[str, Any]]:
    match item:
        case luqum.From():
            return [(">=" if item.include else ">", item.a)]
        case luqum.To():
            return [("<=" if item.include else "<", item.a)]
        case _:
            return [(">=" if item.include_low else ">", item.low), ("<=" if item.include_high else "<", item.high)]


def _text(item: Any) -> str | None:
    """The text of a value, or None if the node is not a plain value."""
    match item:
        case luqum.Phrase():
            return unescaped(item.value[1:-1])
        case luqum.Word():
            return unescaped(item.value)
        case luqum.Prohibit(a=luqum.Word() as word):
            return f"-{unescaped(word.value)}"
        case _:
            return None


def _wildcards(value: str) -> tuple[str, str]:
    """The text before the first wildcard, and the rest in Elasticsearch's form; the rest is empty without a
    wildcard."""
    stem, rest = "", ""
    for piece in _WILD.findall(value):
        wild = piece in {"*", "?"}
        text = literal(piece.removeprefix("\\")) if not wild else piece
        if wild or rest:
            rest += text if wild else re.sub(r"[*?\\]", r"\\\g<0>", text)
        else:
            stem += text
    return stem, rest
