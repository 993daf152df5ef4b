"""The fields whose type in the index the spec chooses, where a value of the column may not fit that type.

Elasticsearch keeps such a value in the document, does not index it, and names the field in `_ignored`."""

from read_model.plan.field_paths import leaves
from read_model.plan.model import DocumentPlan, Field

CHOOSY = frozenset({"long", "integer", "double", "boolean", "date", "ip"})
"""Index types that do not take every value."""


def chosen_types(document: DocumentPlan) -> dict[str, str]:
    """The chosen type by the field's path."""
    return {path: kind for path, field in leaves(document.root) if field and (kind := chosen_type(field))}


def chosen_type(field: Field) -> str:
    """The type that the spec chooses for an indexed field, if it does not take every value; else empty."""
    options = field.options
    kind = str(options.get("type", ""))
    hidden = options.get("index") is False or options.get("search") is False
    return "" if hidden or kind not in CHOOSY else kind
