"""The columns of the results table: those in the address, or the most informative ones."""

from collections.abc import Iterator

from search_api.query.schema import IndexField, IndexSchema

MAX_COLUMNS = 24
DEFAULT_COLUMNS = 7
MAX_STATES = 2
MAX_NAMES = 2
"""Texts of the root object, if its first field is a number."""


def default_columns(schema: IndexSchema) -> tuple[str, ...]:
    """The first field, boosted fields, and states, an amount and a date of the root object.

    They depend only on the fields, so that the table keeps its columns while the hits change.
    """
    fields = schema.in_order
    selected = {field.name for field in fields if field.boost > 1}
    if len(selected) < MAX_STATES:
        selected |= set(_names_of_objects(schema))
    root = [field for field in fields if "." not in field.name and not field.nested]
    informative = [*root[:1], *_amount_and_date(root), *[field for field in root if field.state][:MAX_STATES]]
    if root and root[0].kind != "text":
        informative += [field for field in root if field.kind == "text"][:MAX_NAMES]
    selected |= {field.name for field in informative}
    return tuple(field.name for field in fields if field.name in selected)[:DEFAULT_COLUMNS]


def _amount_and_date(root: list[IndexField]) -> Iterator[IndexField]:
    """The first amount, or else the first number, and the first date."""
    numbers = [field for field in root if field.kind == "number"]
    yield from ([field for field in numbers if field.money] or numbers)[:1]
    yield from [field for field in root if field.kind == "date"][:1]


def _names_of_objects(schema: IndexSchema) -> Iterator[str]:
    """The first text in each object of the document."""
    seen: set[str] = set()
    for field in schema.in_order:
        parent = field.name.rpartition(".")[0]
        if parent and not field.nested and parent not in seen and field.searchable and field.kind == "text":
            seen.add(parent)
            yield field.name
