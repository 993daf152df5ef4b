"""Parses what a document shows of one table: fields, exclusions, constants and the filter."""

from decimal import Decimal
from typing import Any

from read_model.spec.errors import Diagnostics, Place
from read_model.spec.keywords import FIELD, INDEX_TYPES, OPERATORS
from read_model.spec.model import ComparisonOperator, ConditionSpec, ConstantSpec, FieldSelection, FieldSpec
from read_model.spec.yaml_reader import Item, Scalar, elements, entries, known, plain, scalar, suggestion, text

ALL = {"all", "*"}
COMPARISONS: dict[str, ComparisonOperator] = {
    "eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "in", "not_in": "not in"
}  # fmt: skip


def parse_fields(item: Item | None, exclude: Item | None, node: Item, errors: Diagnostics) -> FieldSelection:
    """The `fields` and `exclude` of a node. Without `fields`, all columns."""
    if item is None:
        return FieldSelection(node.place, all=True, exclude=_excluded(exclude, errors))
    everything, chosen = False, list[FieldSpec]()
    for element in elements(item, "`fields`", errors):
        if element.kind == "str" and element.node.value in ALL:
            everything = True
        else:
            chosen += _field_element(element, errors)
    if exclude is not None and not everything:
        what = "`exclude` applies only when all columns are shown, but `fields` is a list"
        errors.add(exclude.place, what, "Remove `exclude`, or add `all` to `fields`")
    return FieldSelection(item.place, everything, tuple(chosen), _excluded(exclude, errors))


def _excluded(item: Item | None, errors: Diagnostics) -> tuple[tuple[str, Place], ...]:
    if item is None:
        return ()
    names = [
        (text(element, "a column in `exclude`", errors), element.place)
        for element in elements(item, "`exclude`", errors)
    ]
    return tuple((name, place) for name, place in names if name)


def _field_element(item: Item, errors: Diagnostics) -> list[FieldSpec]:
    if item.kind != "mapping":
        name = text(item, "a field", errors)
        return [FieldSpec(name, name, item.place)] if name and valid_name(name, item, errors) else []
    fields = entries(item, "a field", errors)
    return [parse_field(name, value, errors) for name, value in fields.items() if valid_name(name, value, errors)]


def parse_field(name: str, item: Item, errors: Diagnostics) -> FieldSpec:
    """A field with a value: `title: name`, `notes: {analyzer: english}`, `colour: {column: attributes, path:
    color}`."""
    if item.kind == "str":
        return FieldSpec(name, str(item.node.value), item.place)
    settings = known(item, FIELD, f"the field '{name}'", errors)
    column = text(settings["column"], "`column`", errors) if "column" in settings else name
    path = _path(settings["path"], errors) if "path" in settings else ()
    options = {key: _option(key, value, errors) for key, value in settings.items() if key not in {"column", "path"}}
    return FieldSpec(name, column or name, item.place, path, options)


def _option(key: str, item: Item, errors: Diagnostics) -> Any:
    value = plain(item, errors)
    if key == "type" and value not in INDEX_TYPES:
        errors.add(item.place, f"Unknown field type '{value}'", f"Use one of: {', '.join(INDEX_TYPES)}")
    if key in {"analyzer", "label"} and not isinstance(value, str):
        errors.add(item.place, f"`{key}` must be text", f"Write `{key}: some text`")
    if key == "index" and not isinstance(value, bool):
        errors.add(item.place, "`index` must be true or false", "Write `index: false`, or remove it")
    if key == "pii" and not isinstance(value, (str, bool)):
        errors.add(item.place, "`pii` must be text, true or false", "Write the kind of data, such as `pii: email`")
    return value


def _path(item: Item, errors: Diagnostics) -> tuple[str, ...]:
    if item.kind != "list":
        return tuple((text(item, "`path`", errors) or "").split("."))
    return tuple(text(element, "a key of `path`", errors) or "" for element in elements(item, "`path`", errors))


def valid_name(name: str, item: Item, errors: Diagnostics) -> bool:
    """Whether a name can be a document's field; adds an error if not."""
    if name.startswith("_"):
        what = f"Invalid field name '{name}': Elasticsearch reserves names that start with an underscore"
        errors.add(item.place, what, f"Rename it: `{name.strip('_') or 'name'}: {name}`")
        return False
    if not name.strip() or "." in name:
        what = f"Invalid field name '{name}': a name must not be blank or contain a dot"
        errors.add(item.place, what, f"Rename it: `{name.replace('.', '_').strip() or 'name'}: '{name}'`")
        return False
    return True


def parse_constants(item: Item | None, errors: Diagnostics) -> tuple[ConstantSpec, ...]:
    """The `constants` of a node."""
    if item is None:
        return ()
    items = entries(item, "`constants`", errors).items()
    constants = [parse_constant(name, value, errors) for name, value in items if valid_name(name, value, errors)]
    return tuple(constant for constant in constants if constant)


def parse_constant(name: str, item: Item, errors: Diagnostics) -> ConstantSpec | None:
    """One constant."""
    constant = None if item.kind in {"mapping", "list"} else scalar(item)
    if item.kind in {"mapping", "list", "float"} or isinstance(constant, Decimal):
        what = f"The constant '{name}' is {item.kind_name}"
        errors.add(item.place, what, "Use text, a whole number, true, false or null; put other numbers in quotes")
        return None
    return ConstantSpec(name, constant, item.place)


def parse_where(item: Item | None, errors: Diagnostics) -> tuple[ConditionSpec, ...]:
    """The comparisons of a `where`."""
    if item is None:
        return ()
    conditions: list[ConditionSpec] = []
    for column, value in entries(item, "`where`", errors).items():
        if value.kind == "mapping":
            for word, operand in entries(value, f"the condition on '{column}'", errors).items():
                conditions += _comparison(column, word, operand, errors)
        elif value.kind == "list":
            conditions += _comparison(column, "in", value, errors)
        elif value.kind == "str" and value.node.value == "not null" and not value.quoted:
            conditions.append(ConditionSpec(column, "is not null", (), value.place))
        else:
            conditions += _comparison(column, "eq", value, errors)
    return tuple(conditions)


def _comparison(column: str, word: str, item: Item, errors: Diagnostics) -> list[ConditionSpec]:
    if word not in COMPARISONS:
        errors.add(item.place, f"Unknown comparison '{word}'", suggestion(word, OPERATORS))
        return []
    if word in {"in", "not_in"}:
        values = tuple(_constant(element, errors) for element in elements(item, f"`{word}`", errors))
        if not values or None in values:
            what = "The list contains null, and nothing equals null" if values else "The list is empty"
            errors.add(
                item.place, what, "List values; to compare with null, write `null` or `{ne: null}` without a list"
            )
            return []
        return [ConditionSpec(column, COMPARISONS[word], values, item.place)]
    value = _constant(item, errors)
    if value is not None:
        return [ConditionSpec(column, COMPARISONS[word], (value,), item.place)]
    if word in {"eq", "ne"}:
        return [ConditionSpec(column, "is null" if word == "eq" else "is not null", (), item.place)]
    errors.add(item.place, f"`{word}` cannot compare with null", "Compare with a value, or write `null` or `not null`")
    return []


def _constant(item: Item, errors: Diagnostics) -> Scalar:
    if item.kind in {"mapping", "list"}:
        errors.add(item.place, f"A comparison needs a single value, but this is {item.kind_name}", "Write one value")
        return ""
    return scalar(item)
