"""luqum's tree as ours: fields found, values checked, wildcards limited. What is not listed here is a fault."""

import re
from typing import Any

from luqum import tree as luqum

from search_api.query.field_lookup import AmbiguousField, ObjectField, UnknownField, find_field
from search_api.query.field_values import EXPECTED, read_value
from search_api.query.limits import LONGEST_MISTYPED, LONGEST_VALUE, MAX_SLOP, MAX_WILDCARDS, MIN_STEM
from search_api.query.schema import IndexField, IndexSchema
from search_api.query.syntax.scanner import BOX, literal, unescaped, unknown_name
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
NONE: Node = AllOf(())
"""Punctuation: it asks for nothing."""


class LuqumConverter:
    """One reading of a text. `faults` are all that were found."""

    def __init__(self, schema: IndexSchema, text: str) -> None:
        self.schema = schema
        self.text = text
        self.errors: list[ValidationError] = []
        self._negations = 0

    def read(self, item: Any, scope: str = "") -> Node:
        """The meaning of an item that stands without a field, or inside of the part `scope`."""
        match item:
            case luqum.UnknownOperation() | luqum.AndOperation() | luqum.Plus():
                return _side_by_side([self.read(one, scope) for one in _operands(item)])
            case luqum.OrOperation():
                read = [self.read(one, scope) for one in item.operands]
                return _any_of([node for node in read if node != NONE])
            case luqum.Not() | luqum.Prohibit():
                return self._negated(item, scope)
            case luqum.Group() | luqum.FieldGroup():
                return _grouped(self.read(item.expr, scope))
            case luqum.SearchField():
                return self._named(item, scope)
            case _:
                return self._word(item, scope)

    def _negated(self, item: Any, scope: str) -> Node:
        self._negations += 1
        node = self.read(item.a, scope)
        self._negations -= 1
        if isinstance(node, Not):
            return node.node
        return NONE if node == NONE else Not(node)

    def _word(self, item: Any, scope: str) -> Node:
        """Something without a field."""
        match item:
            case luqum.Phrase() | luqum.Proximity():
                word = self._phrase(item)
            case luqum.Fuzzy(term=luqum.Word() as term):
                word = self._fuzzy(term)
            case luqum.Word():
                word = self._plain(item)
            case _:
                return self._refused(item, "This needs a field before it, as in `field:>5`.")
        return Words((word,), scope) if any(map(str.isalnum, word.text)) else NONE

    def _plain(self, item: Any) -> Word:
        """A word; it may go on where it ends with `*`, and where it is the last of the text and no space follows."""
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
        if len(text) > LONGEST_MISTYPED:
            self._error(term, f"`~` stands behind words of up to {LONGEST_MISTYPED} letters.")
        return Word(text, fuzzy=True)

    def _named(self, item: Any, scope: str) -> Node:
        name = unescaped(item.name)
        found = find_field(name, self.schema, scope)
        if isinstance(found, (AmbiguousField, UnknownField)):
            self.errors.append(unknown_name(name, found, item.pos))
            return NONE
        if isinstance(found, ObjectField):
            inner = self.read(item.expr, found.path)
            return Within(found.path, inner) if found.nested else inner
        if not (found.filterable or found.searchable):
            return self._refused(item, f"The field `{found.name}` is shown, and cannot be searched.")
        if found.kind == "json" and "*" in found.name:
            return self._refused(item, "A path into JSON is written out; `*` may stand in a value.")
        return self._of(found, item.expr)

    def _of(self, field: IndexField, item: Any) -> Node:
        """The meaning of an item that stands behind a field's name."""
        match item:
            case luqum.FieldGroup() | luqum.Group():
                return OneField(field, self._of(field, item.expr))
            case luqum.UnknownOperation() | luqum.AndOperation() | luqum.Plus():
                return AllOf(tuple(self._of(field, one) for one in _operands(item)))
            case luqum.OrOperation():
                return AnyOf(tuple(self._of(field, one) for one in item.operands))
            case luqum.Not() | luqum.Prohibit():
                return Not(self._of(field, item.a))
            case luqum.Range() | luqum.From() | luqum.To():
                return self._between(field, item)
            case _:
                return self._value(field, item)

    def _between(self, field: IndexField, item: Any) -> Node:
        if not field.ranged:
            return self._refused(item, f"`{field.name}` ({field.kind}) has no order; ask for a value of it.")
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
            self._error(item, f"`{literal(shown)}` is no value of `{field.name}`; expected {EXPECTED[field.kind]}.")
        return value

    def _value(self, field: IndexField, item: Any) -> Node:
        if getattr(item, "value", "") == "*":
            return Present(field)
        if field.kind not in _TEXTS:
            value = self._checked(field, item)
            return NONE if value is None else Equal(field, value)
        match item:
            case luqum.Phrase() | luqum.Proximity():
                return self._matching(field, item, self._phrase(item))
            case luqum.Fuzzy(term=luqum.Word() as term):
                return self._matching(field, item, self._fuzzy(term))
            case luqum.Word():
                stem, rest = _wildcards(item.value)
                return self._pattern(field, item, stem, rest) if rest else self._matching(field, item, Word(stem))
            case _:
                return self._refused(item, 'This is not available; expected a word, a "phrase" or a prefix with `*`.')

    def _matching(self, field: IndexField, item: Any, word: Word) -> Node:
        if len(word.text) > LONGEST_VALUE:
            return self._refused(item, f"A value has up to {LONGEST_VALUE} characters.")
        return Match(field, word)

    def _pattern(self, field: IndexField, item: Any, stem: str, rest: str) -> Node:
        if len(stem) < MIN_STEM:
            return self._refused(item, f"A wildcard needs {MIN_STEM} or more characters before it, as in `AB-*`.")
        if len(re.findall(r"(?<!\\)[*?]", rest)) > MAX_WILDCARDS:
            return self._refused(item, f"A value can have {MAX_WILDCARDS} wildcards.")
        return Pattern(field, stem, rest)

    def _refused(self, item: Any, message: str) -> Node:
        self._error(item, message)
        return NONE

    def _error(self, item: Any, message: str) -> None:
        start = min(item.pos or 0, len(self.text))
        self.errors.append(ValidationError(BOX, message, start, max(start + 1, start + (item.size or 0))))


def _operands(item: Any) -> list[Any]:
    """What stands side by side, with `AND` between, with `+` or nothing."""
    inner = (luqum.UnknownOperation, luqum.AndOperation)
    return [
        one for operand in item.children for one in (_operands(operand) if isinstance(operand, inner) else [operand])
    ]


def _side_by_side(nodes: list[Node]) -> Node:
    """All of them, the words that stand between conditions as one row."""
    rows: dict[str, list[Word]] = {}
    for node in nodes:
        if isinstance(node, Words):
            rows.setdefault(node.path, []).extend(node.words)
    others = [node for node in nodes if not isinstance(node, Words) and node != NONE]
    kept = [*(Words(tuple(words), path) for path, words in rows.items()), *others]
    return kept[0] if len(kept) == 1 else AllOf(tuple(kept))


def _any_of(nodes: list[Node]) -> Node:
    return AnyOf(tuple(nodes)) if len(nodes) > 1 else nodes[0] if nodes else NONE


def _grouped(node: Node) -> Node:
    """Parentheses keep conditions apart from those outside."""
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
    """The text of a value, or None where something else stands."""
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
    """The text before the first wildcard, and the rest as Elasticsearch writes it: "" where there is no wildcard."""
    stem, rest = "", ""
    for piece in _WILD.findall(value):
        wild = piece in {"*", "?"}
        text = literal(piece.removeprefix("\\")) if not wild else piece
        if wild or rest:
            rest += text if wild else re.sub(r"[*?\\]", r"\\\g<0>", text)
        else:
            stem += text
    return stem, rest
