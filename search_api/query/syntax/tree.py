"""The meaning of the search text: every field exists in the index, and every value is valid for its field."""

from dataclasses import dataclass

from search_api.query.limits import MAX_FUZZY_LENGTH
from search_api.query.schema import IndexField

MIN_FUZZY_LENGTH = 4
"""In letters. Shorter words are too similar to one another to be corrected."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase typed without a field.

    `phrase`: its words must be adjacent, with up to `slop` other words between them. `unfinished`: it may be a prefix.
    `fuzzy`: it may be misspelled.
    """

    text: str
    phrase: bool = False
    unfinished: bool = False
    fuzzy: bool = False
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """Adjacent words: all must match, each in any field below `path`, or in any field when it is empty."""

    words: tuple[Word, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A field contains this word or phrase."""

    field: IndexField
    word: Word


@dataclass(frozen=True, slots=True)
class Pattern:
    r"""A value begins with `stem` and continues as in `rest`, where `*` is any text, `?` one character, and `\\`
    escapes.
    """

    field: IndexField
    stem: str
    rest: str


@dataclass(frozen=True, slots=True)
class Equal:
    """A field has this number, date or boolean, in Elasticsearch's form."""

    field: IndexField
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """A field is within bounds, each a pair of `>`, `>=`, `<` or `<=` and a value."""

    field: IndexField
    bounds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Present:
    """A field has a value."""

    field: IndexField


@dataclass(frozen=True, slots=True)
class OneField:
    """Conditions on one field in parentheses; in a nested array they apply to the same element."""

    field: IndexField
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Within:
    """All conditions apply to the same element of the nested array `path`."""

    path: str
    inner: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All must hold. Adjacent conditions on one nested array apply to the same element."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"


Condition = Match | Pattern | Equal | Between | Present
Node = Words | Condition | OneField | Within | AllOf | AnyOf | Not


def words_of(node: Node) -> tuple[Word, ...]:
    """The words without a field, in order, except negated ones."""
    match node:
        case Words(words, _):
            return words
        case AllOf(nodes) | AnyOf(nodes):
            return tuple(word for child in nodes for word in words_of(child))
        case Within(_, inner):
            return words_of(inner)
        case _:
            return ()


def texts_of(node: Node) -> tuple[Match | Pattern, ...]:
    """The conditions on texts, in order, except negated ones."""
    match node:
        case Match() | Pattern():
            return (node,)
        case AllOf(nodes) | AnyOf(nodes):
            return tuple(text for child in nodes for text in texts_of(child))
        case Within(_, inner) | OneField(_, inner):
            return texts_of(inner)
        case _:
            return ()


def has_correctable_word(node: Node) -> bool:
    """Whether any word may be misspelled; codes and phrases are taken literally."""
    return any(is_correctable(word) for word in words_of(node))


def is_correctable(word: Word) -> bool:
    """Whether the length of a word is in range and it has no digits."""
    return (
        not word.phrase
        and MIN_FUZZY_LENGTH <= len(word.text) <= MAX_FUZZY_LENGTH
        and not any(map(str.isdigit, word.text))
    )


def clauses_of(node: Node) -> int:
    """The number of words and conditions."""
    match node:
        case Words(words, _):
            return len(words)
        case AllOf(nodes) | AnyOf(nodes):
            return sum(map(clauses_of, nodes))
        case Not(inner) | Within(_, inner) | OneField(_, inner):
            return clauses_of(inner)
        case _:
            return 1
