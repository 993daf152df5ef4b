"""Read what one table shows: fields, exclusions, constants, and the rows that count."""

from decimal import Decimal
from typing import Any

from read_model.spec.errors import Faults
from read_model.spec.keywords import FIELD, INDEX_TYPES, OPERATORS
from read_model.spec.model import Comparison, ConditionSpec, ConstantSpec, Fields, FieldSpec
from read_model.spec.yaml_reader import Item, Scalar, elements, entries, known, plain, scalar, suggestion, text

ALL = {"all", "*"}
COMPARISONS: dict[str, Comparison] = {
    "eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "in", "not_in": "not in"
}  # fmt: skip


def parse_fields(item: Item | None, exclude: Item | None, node: Item, faults: Faults) -> Fields:
    """The `fields` and `exclude` of a node; all columns when `fields` is left out."""
    if item is None:
        return Fields(node.place, all=True, exclude=_excluded(exclude, faults))
    everything, chosen = False, list[FieldSpec]()
    for element in elements(item, "`fields`", faults):
        if element.kind == "str" and element.node.value in ALL:
            everything = True
        else:
            chosen += _field_element(element, faults)
    if exclude is not None and not everything:
        faults.add(exclude.place, "`exclude` goes with all columns, but `fields` is a list", "Remove one of the two")
    return Fields(item.place, everything, tuple(chosen), _excluded(exclude, faults))


def _excluded(item: Item | None, faults: Faults) -> tuple[tuple[str, Any], ...]:
    if item is None:
        return ()
    names = [
        (text(element, "a column of `exclude`", faults), element.place)
        for element in elements(item, "`exclude`", faults)
    ]
    return tuple((name, place) for name, place in names if name)


def _field_element(item: Item, faults: Faults) -> list[FieldSpec]:
    if item.kind != "mapping":
        name = text(item, "a field", faults)
        return [FieldSpec(name, name, item.place)] if name and field_name(name, item, faults) else []
    found = entries(item, "a field", faults)
    return [one_field(name, value, faults) for name, value in found.items() if field_name(name, value, faults)]


def one_field(name: str, item: Item, faults: Faults) -> FieldSpec:
    """A field with a value of its own: `title: name`, `notes: {analyzer: english}`, `colour: {column: attributes, path: color}`."""
    if item.kind == "str":
        return FieldSpec(name, str(item.node.value), item.place)
    options = known(item, FIELD, f"the field '{name}'", faults)
    column = text(options["column"], "`column`", faults) if "column" in options else name
    path = _path(options["path"], faults) if "path" in options else ()
    kept = {key: _option(key, value, faults) for key, value in options.items() if key not in {"column", "path"}}
    return FieldSpec(name, column or name, item.place, path, kept)


def _option(key: str, item: Item, faults: Faults) -> Any:
    value = plain(item, faults)
    if key == "type" and value not in INDEX_TYPES:
        faults.add(item.place, f"there is no field type '{value}'", f"Use one of: {', '.join(INDEX_TYPES)}")
    if key in {"analyzer", "label"} and not isinstance(value, str):
        faults.add(item.place, f"`{key}` is not text", f"Write `{key}: some text`")
    if key == "index" and not isinstance(value, bool):
        faults.add(item.place, "`index` is neither true nor false", "Write `index: false`, or remove it")
    if key == "pii" and not isinstance(value, (str, bool)):
        faults.add(item.place, "`pii` is neither a word nor true", "Write a kind such as `pii: email`")
    return value


def _path(item: Item, faults: Faults) -> tuple[str, ...]:
    if item.kind != "list":
        return tuple((text(item, "`path`", faults) or "").split("."))
    return tuple(text(element, "a key of `path`", faults) or "" for element in elements(item, "`path`", faults))


def field_name(name: str, item: Item, faults: Faults) -> bool:
    """Whether a name can be a document's field."""
    if name.startswith("_"):
        what = f"a field cannot be called '{name}': Elasticsearch keeps names that begin with an underscore"
        faults.add(item.place, what, f"Rename it: `{name.strip('_') or 'name'}: {name}`")
        return False
    if not name.strip() or "." in name:
        what = f"a field cannot be called '{name}': a name is not blank and has no point"
        faults.add(item.place, what, f"Rename it: `{name.replace('.', '_').strip() or 'name'}: '{name}'`")
        return False
    return True


def parse_constants(item: Item | None, faults: Faults) -> tuple[ConstantSpec, ...]:
    """The `constants` of a node."""
    if item is None:
        return ()
    found = []
    for name, value in entries(item, "`constants`", faults).items():
        if not field_name(name, value, faults):
            continue
        constant = None if value.kind in {"mapping", "list"} else scalar(value)
        if value.kind in {"mapping", "list", "float"} or isinstance(constant, Decimal):
            what = f"the constant '{name}' is {value.spoken}"
            faults.add(
                value.place, what, "Write text, a whole number, true, false or null; put other numbers in quotes"
            )
        else:
            found.append(ConstantSpec(name, constant, value.place))
    return tuple(found)


def parse_where(item: Item | None, faults: Faults) -> tuple[ConditionSpec, ...]:
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


def _comparison(column: str, word: str, item: Item, faults: Faults) -> list[ConditionSpec]:
    if word not in COMPARISONS:
        faults.add(item.place, f"there is no comparison '{word}'", suggestion(word, OPERATORS))
        return []
    if word in {"in", "not_in"}:
        values = tuple(_constant(element, faults) for element in elements(item, f"`{word}`", faults))
        if not values or None in values:
            what = "the list is empty" if not values else "the list holds null, which equals nothing"
            faults.add(item.place, what, "List values; for null write `null` alone, or `{ne: null}`")
            return []
        return [ConditionSpec(column, COMPARISONS[word], values, item.place)]
    value = _constant(item, faults)
    if value is not None:
        return [ConditionSpec(column, COMPARISONS[word], (value,), item.place)]
    if word in {"eq", "ne"}:
        return [ConditionSpec(column, "is null" if word == "eq" else "is not null", (), item.place)]
    faults.add(item.place, f"nothing is `{word}` null", "Compare with a value, or write `null` or `not null`")
    return []


def _constant(item: Item, faults: Faults) -> Scalar:
    if item.kind in {"mapping", "list"}:
        faults.add(item.place, f"a comparison's value is {item.spoken}", "Write one value")
        return ""
    return scalar(item)
