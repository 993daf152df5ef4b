"""Parses what a document shows of one table: fields, exclusions, constants and the filter."""

from decimal import Decimal
from typing import Any

from read_model.spec.errors import Place, SpecFaults
from read_model.spec.keywords import FIELD, INDEX_TYPES, OPERATORS
from read_model.spec.model import Comparison, ConditionSpec, ConstantSpec, Fields, FieldSpec
from read_model.spec.yaml_reader import Item, Scalar, elements, entries, known, plain, scalar, suggestion, text

ALL = {"all", "*"}
COMPARISONS: dict[str, Comparison] = {
    "eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "in", "not_in": "not in"
}  # fmt: skip


def parse_fields(item: Item | None, exclude: Item | None, node: Item, faults: SpecFaults) -> Fields:
    """The `fields` and `exclude` of a node. Without `fields`, all columns."""
    if item is None:
        return Fields(node.place, all=True, exclude=_excluded(exclude, faults))
    everything, chosen = False, list[FieldSpec]()
    for element in elements(item, "`fields`", faults):
        if element.kind == "str" and element.node.value in ALL:
            everything = True
        else:
            chosen += _field_element(element, faults)
    if exclude is not None and not everything:
        what = "`exclude` applies only when all columns are shown, but `fields` is a list"
        faults.add(exclude.place, what, "Remove `exclude`, or add `all` to `fields`")
    return Fields(item.place, everything, tuple(chosen), _excluded(exclude, faults))


def _excluded(item: Item | None, faults: SpecFaults) -> tuple[tuple[str, Place], ...]:
    if item is None:
        return ()
    names = [
        (text(element, "a column in `exclude`", faults), element.place)
        for element in elements(item, "`exclude`", faults)
    ]
    return tuple((name, place) for name, place in names if name)


def _field_element(item: Item, faults: SpecFaults) -> list[FieldSpec]:
    if item.kind != "mapping":
        name = text(item, "a field", faults)
        return [FieldSpec(name, name, item.place)] if name and valid_name(name, item, faults) else []
    fields = entries(item, "a field", faults)
    return [parse_field(name, value, faults) for name, value in fields.items() if valid_name(name, value, faults)]


def parse_field(name: str, item: Item, faults: SpecFaults) -> FieldSpec:
    """A field with a value: `title: name`, `notes: {analyzer: english}`, `colour: {column: attributes, path:
    color}`."""
    if item.kind == "str":
        return FieldSpec(name, str(item.node.value), item.place)
    settings = known(item, FIELD, f"the field '{name}'", faults)
    column = text(settings["column"], "`column`", faults) if "column" in settings else name
    path = _path(settings["path"], faults) if "path" in settings else ()
    options = {key: _option(key, value, faults) for key, value in settings.items() if key not in {"column", "path"}}
    return FieldSpec(name, column or name, item.place, path, options)


def _option(key: str, item: Item, faults: SpecFaults) -> Any:
    value = plain(item, faults)
    if key == "type" and value not in INDEX_TYPES:
        faults.add(item.place, f"Unknown field type '{value}'", f"Use one of: {', '.join(INDEX_TYPES)}")
    if key in {"analyzer", "label"} and not isinstance(value, str):
        faults.add(item.place, f"`{key}` must be text", f"Write `{key}: some text`")
    if key == "index" and not isinstance(value, bool):
        faults.add(item.place, "`index` must be true or false", "Write `index: false`, or remove it")
    if key == "pii" and not isinstance(value, (str, bool)):
        faults.add(item.place, "`pii` must be text, true or false", "Write the kind of data, such as `pii: email`")
    return value


def _path(item: Item, faults: SpecFaults) -> tuple[str, ...]:
    if item.kind != "list":
        return tuple((text(item, "`path`", faults) or "").split("."))
    return tuple(text(element, "a key of `path`", faults) or "" for element in elements(item, "`path`", faults))


def valid_name(name: str, item: Item, faults: SpecFaults) -> bool:
    """Whether a name can be a document's field; adds a fault if not."""
    if name.startswith("_"):
        what = f"Invalid field name '{name}': Elasticsearch reserves names that start with an underscore"
        faults.add(item.place, what, f"Rename it: `{name.strip('_') or 'name'}: {name}`")
        return False
    if not name.strip() or "." in name:
        what = f"Invalid field name '{name}': a name must not be blank or contain a dot"
        faults.add(item.place, what, f"Rename it: `{name.replace('.', '_').strip() or 'name'}: '{name}'`")
        return False
    return True


def parse_constants(item: Item | None, faults: SpecFaults) -> tuple[ConstantSpec, ...]:
    """The `constants` of a node."""
    if item is None:
        return ()
    constants = []
    for name, value in entries(item, "`constants`", faults).items():
        if not valid_name(name, value, faults):
            continue
        constant = None if value.kind in {"mapping", "list"} else scalar(value)
        if value.kind in {"mapping", "list", "float"} or isinstance(constant, Decimal):
            what = f"The constant '{name}' is {value.kind_name}"
            faults.add(value.place, what, "Use text, a whole number, true, false or null; put other numbers in quotes")
        else:
            constants.append(ConstantSpec(name, constant, value.place))
    return tuple(constants)


def parse_where(item: Item | None, faults: SpecFaults) -> tuple[ConditionSpec, ...]:
    """The comparisons of a `where`."""
    if item is None:
        return ()
    conditions: list[ConditionSpec] = []
    for column, value in entries(item, "`where`", faults).items():
        if value.kind == "mapping":
            for word, operand in entries(value, f"the condition on '{column}'", faults).items():
                conditions += _comparison(column, word, operand, faults)
        elif value.kind == "list":
            conditions += _comparison(column, "in", value, faults)
        elif value.kind == "str" and value.node.value == "not null" and not value.quoted:
            conditions.append(ConditionSpec(column, "is not null", (), value.place))
        else:
            conditions += _comparison(column, "eq", value, faults)
    return tuple(conditions)


def _comparison(column: str, word: str, item: Item, faults: SpecFaults) -> list[ConditionSpec]:
    if word not in COMPARISONS:
        faults.add(item.place, f"Unknown comparison '{word}'", suggestion(word, OPERATORS))
        return []
    if word in {"in", "not_in"}:
        values = tuple(_constant(element, faults) for element in elements(item, f"`{word}`", faults))
        if not values or None in values:
            what = "The list contains null, and nothing equals null" if values else "The list is empty"
            faults.add(
                item.place, what, "List values; to compare with null, write `null` or `{ne: null}` without a list"
            )
            return []
        return [ConditionSpec(column, COMPARISONS[word], values, item.place)]
    value = _constant(item, faults)
    if value is not None:
        return [ConditionSpec(column, COMPARISONS[word], (value,), item.place)]
    if word in {"eq", "ne"}:
        return [ConditionSpec(column, "is null" if word == "eq" else "is not null", (), item.place)]
    faults.add(item.place, f"`{word}` cannot compare with null", "Compare with a value, or write `null` or `not null`")
    return []


def _constant(item: Item, faults: SpecFaults) -> Scalar:
    if item.kind in {"mapping", "list"}:
        faults.add(item.place, f"A comparison needs a single value, but this is {item.kind_name}", "Write one value")
        return ""
    return scalar(item)
