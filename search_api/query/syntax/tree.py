"""What the search box means, after reading: every field is one of the index, every value is of its field's kind."""

from dataclasses import dataclass

from search_api.query.limits import LONGEST_MISTYPED
from search_api.query.schema import IndexField

SHORTEST_MISTYPED = 4
"""Letters of a word that may be mistyped: shorter ones are all alike."""


@dataclass(frozen=True, slots=True)
class Word:
    """Something typed without a field.

    `phrase`: its words stand together, up to `slop` others between them. `unfinished`: it may go on. `fuzzy`: it may be mistyped."""

    text: str
    phrase: bool = False
    unfinished: bool = False
    fuzzy: bool = False
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """Words in a row: all must match, each in any of the fields below `path`; "" means all fields."""

    words: tuple[Word, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A field holds this word or phrase."""

    field: IndexField
    word: Word


@dataclass(frozen=True, slots=True)
class Pattern:
    """A field's value begins with `stem` and goes on as `rest` says, where `*` is anything, `?` one character and `\\` escapes."""

    field: IndexField
    stem: str
    rest: str


@dataclass(frozen=True, slots=True)
class Equal:
    """A field has this value: a number, a date, true or false, in the form that Elasticsearch reads."""

    field: IndexField
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """A field lies between bounds: (`>`, `>=`, `<` or `<=`, value) each."""

    field: IndexField
    bounds: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Present:
    """A field has a value."""

    field: IndexField


@dataclass(frozen=True, slots=True)
class OneField:
    """Conditions on one field in parentheses; in an array they are about one element."""

    field: IndexField
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Within:
    """Everything in it is about one element of the array `path`."""

    path: str
    inner: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All must hold. Conditions on one array that stand here side by side are about the same element."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one must hold."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It must not hold."""

    node: "Node"


Condition = Match | Pattern | Equal | Between | Present
Node = Words | Condition | OneField | Within | AllOf | AnyOf | Not


def words_of(node: Node) -> tuple[Word, ...]:
    """The words without a field that must match, in their order."""
    match node:
        case Words(words, _):
            return words
        case AllOf(nodes) | AnyOf(nodes):
            return tuple(word for one in nodes for word in words_of(one))
        case Within(_, inner):
            return words_of(inner)
        case _:
            return ()


def texts_of(node: Node) -> tuple[Match | Pattern, ...]:
    """The conditions on texts that must hold, in their order."""
    match node:
        case Match() | Pattern():
            return (node,)
        case AllOf(nodes) | AnyOf(nodes):
            return tuple(one for inner in nodes for one in texts_of(inner))
        case Within(_, inner) | OneField(_, inner):
            return texts_of(inner)
        case _:
            return ()


def may_be_mistyped(node: Node) -> bool:
    """Whether there is a word in which a wrong letter is looked for: codes and phrases mean what they say."""
    return any(letters(word) for word in words_of(node))


def letters(word: Word) -> bool:
    """Whether a word is long enough, not too long, and has no digits."""
    return (
        not word.phrase
        and SHORTEST_MISTYPED <= len(word.text) <= LONGEST_MISTYPED
        and not any(map(str.isdigit, word.text))
    )


def clauses_of(node: Node) -> int:
    """How many words and conditions there are."""
    match node:
        case Words(words, _):
            return len(words)
        case AllOf(nodes) | AnyOf(nodes):
            return sum(map(clauses_of, nodes))
        case Not(inner) | Within(_, inner) | OneField(_, inner):
            return clauses_of(inner)
        case _:
            return 1
