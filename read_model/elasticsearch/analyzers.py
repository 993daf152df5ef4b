"""Analyzers: text is folded to lower case without accents, and stemmed if the spec names a language."""

from collections.abc import Iterator
from typing import Any

from read_model.plan.model import DocumentPlan, nodes

LANGUAGES = {
    "english": "english",
    "german": "light_german",
    "french": "light_french",
    "spanish": "light_spanish",
    "italian": "light_italian",
    "portuguese": "light_portuguese",
}
"""The stemmer for each language that `analyzer` can name. Any other name is an analyzer of the server."""

FOLDED = "folded"


def text_analyzers(name: str | None, document: DocumentPlan) -> dict[str, str]:
    """The analyzer settings of a text field. `name` is its `analyzer` option."""
    if name is not None and name not in LANGUAGES:
        return {"analyzer": name}
    chosen = name or FOLDED
    # Synonyms apply at search time, so that changing them does not require a rebuild.
    return (
        {"analyzer": _own(chosen), "search_analyzer": _own(chosen, search=True)}
        if _rules(document)
        else {"analyzer": _own(chosen)}
    )


def analysis(document: DocumentPlan) -> dict[str, Any]:
    """The `analysis` part of an index's settings."""
    languages = sorted(set(_languages(document)))
    rules = _rules(document)
    filters: dict[str, Any] = {
        f"rowtide_{language}": {"type": "stemmer", "language": LANGUAGES[language]} for language in languages
    }
    if rules:
        filters["rowtide_synonyms"] = {"type": "synonym_graph", "synonyms": rules}
    analyzers = {}
    for chosen in (FOLDED, *languages):
        analyzers[_own(chosen)] = _analyzer(chosen, [])
        if rules:
            analyzers[_own(chosen, search=True)] = _analyzer(chosen, ["rowtide_synonyms"])
    return {
        "filter": filters,
        "analyzer": analyzers,
        "normalizer": {FOLDED: {"type": "custom", "filter": ["trim", "lowercase", "asciifolding"]}},
    }


def _analyzer(chosen: str, synonyms: list[str]) -> dict[str, Any]:
    stemmer = [] if chosen == FOLDED else [f"rowtide_{chosen}"]
    chain = ["lowercase", *synonyms, *stemmer, "asciifolding"]
    return {"type": "custom", "tokenizer": "standard", "filter": chain}


def _own(chosen: str, search: bool = False) -> str:
    return f"rowtide_{chosen}_search" if search else f"rowtide_{chosen}"


def _rules(document: DocumentPlan) -> list[str]:
    return list(document.search.get("synonyms", ()))


def _languages(document: DocumentPlan) -> Iterator[str]:
    for node in nodes(document.root):
        for field in node.fields:
            if (name := field.options.get("analyzer")) in LANGUAGES:
                yield name
