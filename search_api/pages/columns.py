"""Which fields the table of hits shows: those that the address names, or those that tell most about such documents."""

from collections.abc import Iterator

from search_api.query.schema import IndexField, IndexSchema

MOST_COLUMNS = 24
DEFAULT_COLUMNS = 7
MOST_STATES = 2
MOST_NAMES = 2
"""Texts of the document itself, where its first field is only a number."""


def default_columns(schema: IndexSchema) -> tuple[str, ...]:
    """The first field, what the spec says is worth finding, and states, a quantity and a time of the document itself.

    They follow from the fields alone, so that the table stays as it is while the hits change."""
    fields = schema.in_order
    wanted = {one.name for one in fields if one.boost > 1}
    if len(wanted) < MOST_STATES:
        wanted |= set(_names_of_objects(schema))
    own = [one for one in fields if "." not in one.name and not one.nested]
    wanted |= {one.name for one in own[:1]}
    if own and own[0].kind != "text":
        wanted |= {one.name for one in [one for one in own if one.kind == "text"][:MOST_NAMES]}
    wanted |= {one.name for one in [one for one in own if one.state][:MOST_STATES]}
    wanted |= {one.name for one in _firsts(own)}
    return tuple(one.name for one in fields if one.name in wanted)[:DEFAULT_COLUMNS]


def _firsts(own: list[IndexField]) -> Iterator[IndexField]:
    """The first amount, or else number, and the first time."""
    numbers = [one for one in own if one.kind == "number"]
    yield from ([one for one in numbers if one.money] or numbers)[:1]
    yield from [one for one in own if one.kind == "date"][:1]


def _names_of_objects(schema: IndexSchema) -> Iterator[str]:
    """The first words in each object of the document."""
    seen: set[str] = set()
    for field in schema.in_order:
        parent = field.name.rpartition(".")[0]
        if parent and not field.nested and parent not in seen and field.searchable and field.kind == "text":
            seen.add(parent)
            yield field.name
