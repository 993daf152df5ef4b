"""Parses a node and everything below it: includes, junctions, orders and computed fields."""

from dataclasses import replace

from read_model.spec.errors import Diagnostics
from read_model.spec.fields import parse_constant, parse_constants, parse_field, parse_fields, parse_where, valid_name
from read_model.spec.keywords import AGGREGATED, COMPUTE, INCLUDE, NODE, THROUGH, VALUE
from read_model.spec.model import (
    AggregateFunction,
    ComputeSpec,
    FieldSelection,
    IncludeSpec,
    KeyChoice,
    NodeSpec,
    OrderSpec,
    ThroughSpec,
)  # fmt: skip
from read_model.spec.yaml_reader import MAX_DEPTH, Item, elements, entries, known, positive, text

FUNCTIONS: tuple[AggregateFunction, ...] = ("count", "sum", "min", "max")


def parse_node(table: str, at: Item, item: Item, items: dict[str, Item], errors: Diagnostics) -> NodeSpec:
    """A table's part of a document, from the items of its mapping. `at` is the item that names the table."""
    return NodeSpec(
        table=table,
        table_place=at.place,
        fields=parse_fields(items.get("fields"), items.get("exclude"), item, errors),
        constants=parse_constants(items.get("constants"), errors),
        where=parse_where(items.get("where"), errors),
        includes=_includes(items.get("include"), errors),
        computes=_computes(items.get("compute"), errors),
    )


def _includes(item: Item | None, errors: Diagnostics) -> tuple[IncludeSpec, ...]:
    if item is None:
        return ()
    if item.path.count(".") > MAX_DEPTH:
        errors.add(item.place, "The includes are nested too deeply, or an anchor contains itself", "Use fewer levels")
        return ()
    items = entries(item, "`include`", errors)
    includes = [_include(name, value, errors) for name, value in items.items() if valid_name(name, value, errors)]
    return tuple(include for include in includes if include)


def _include(name: str, item: Item, errors: Diagnostics) -> IncludeSpec | None:
    items = known(item, INCLUDE, f"the include '{name}'", errors)
    if item.kind != "mapping" or not (relation := _relation(name, item, items, errors)):
        return None
    many, table = relation
    at = items["many" if many else "one"]
    ordered = many or "through" in items
    for word in () if many else ("limit",) if ordered else ("order_by", "limit"):
        if word in items:
            what = f"`{word}` requires `many`, but this include has `one`"
            errors.add(items[word].place, what, f"Remove `{word}`, or use `many`")
    value = "value" in items
    node = _value_node(name, table, at, items, many, errors) if value else parse_node(table, at, item, items, errors)
    return IncludeSpec(
        name=name,
        many=many,
        node=node,
        place=item.place,
        through=_through(items, errors),
        key=_key(items, errors),
        order_by=_order(items["order_by"], errors) if ordered and "order_by" in items else (),
        limit=positive(items["limit"], "`limit`", errors) if many and "limit" in items else None,
        value=value,
    )


def _relation(name: str, item: Item, items: dict[str, Item], errors: Diagnostics) -> tuple[bool, str] | None:
    """Whether the include is of many rows, and the name of its table."""
    if ("one" in items) == ("many" in items):
        has = "both `one` and `many`" if "one" in items else "neither `one` nor `many`"
        errors.add(
            item.place,
            f"The include '{name}' has {has}",
            "Write `one: table` for an object or `many: table` for an array",
        )
        return None
    many = "many" in items
    word = "many" if many else "one"
    table = text(items[word], f"`{word}`", errors)
    return (many, table) if table else None


def _value_node(name: str, table: str, at: Item, items: dict[str, Item], many: bool, errors: Diagnostics) -> NodeSpec:
    """The node of an include with `value`: it has a single field, constant or include."""
    for word in NODE.keys() - {"where"}:
        if word in items:
            errors.add(items[word].place, f"`{word}` cannot be combined with `value`", "Remove one of the two")
    item = items["value"]
    node = NodeSpec(table, at.place, FieldSelection(item.place), where=parse_where(items.get("where"), errors))
    words = entries(item, "`value`", errors) if item.kind == "mapping" else {}
    if "constant" in words:
        constant = parse_constant(name, known(item, VALUE, "`value`", errors)["constant"], errors)
        return replace(node, constants=(constant,) if constant else ())
    if "one" in words or "many" in words:
        return replace(node, includes=_further(name, item, many, errors))
    if item.kind == "str" or "column" in words:
        field = parse_field(name, item, errors)
        return replace(node, fields=FieldSelection(item.place, chosen=(replace(field, name=field.column),)))
    remedy = "Write `value: {column: name, …}`" if item.kind == "mapping" else "Write `value: column`"
    errors.add(item.place, "`value` must name a column", remedy)
    return node


def _further(name: str, item: Item, many: bool, errors: Diagnostics) -> tuple[IncludeSpec, ...]:
    """The include that a `value` consists of. It has no name, since it takes the place of the outer one."""
    if item.path.count(".") > MAX_DEPTH:
        errors.add(item.place, "The includes are nested too deeply, or an anchor contains itself", "Use fewer levels")
        return ()
    include = _include(name, item, errors)
    if include and many and _is_array(include):
        what = f"The include '{name}' would be an array of arrays"
        errors.add(item.place, what, "Use `include` instead of `value`, for an array of objects")
    return (replace(include, name=""),) if include else ()


def _is_array(include: IncludeSpec) -> bool:
    return include.many or (include.value and any(map(_is_array, include.node.includes)))


def _key(items: dict[str, Item], errors: Diagnostics) -> KeyChoice | None:
    for word in ("by", "on"):
        if "through" in items and word in items:
            remedy = "Choose the keys of both sides with `through: {table: …, from: …, to: …}`"
            errors.add(items[word].place, f"`{word}` cannot be combined with `through`", remedy)
            return None
    if "by" in items and "on" in items:
        what = "`by` and `on` cannot be combined: `by` chooses a declared foreign key, `on` replaces one"
        errors.add(items["on"].place, what, "Remove one of the two")
    return (
        key_choice(items["on"], errors) if "on" in items else key_choice(items["by"], errors) if "by" in items else None
    )


def key_choice(item: Item, errors: Diagnostics) -> KeyChoice:
    """`by: column`, `by: [columns]`, or pairs of columns."""
    name = item.path.rpartition(".")[2]
    if item.kind == "mapping":
        if name == "by":
            errors.add(item.place, "`by` takes columns or the name of a foreign key", "Use `on` to join other columns")
        items = entries(item, f"`{name}`", errors)
        pairs = [(left, text(right, "a column of the other table", errors)) for left, right in items.items()]
        if not pairs:
            errors.add(item.place, f"`{name}` is empty", "Write {this table's column: the other table's column}")
        return KeyChoice(item.place, pairs=tuple((left, right) for left, right in pairs if right))
    if name == "on":
        errors.add(item.place, "`on` must be a mapping", "Write `on: {this table's column: the other table's column}`")
    names = [text(element, f"a column in `{name}`", errors) for element in elements(item, f"`{name}`", errors)]
    return KeyChoice(item.place, names=tuple(name for name in names if name))


def _through(items: dict[str, Item], errors: Diagnostics) -> ThroughSpec | None:
    item = items.get("through")
    if item is None:
        return None
    if item.kind != "mapping":
        table = text(item, "`through`", errors)
        return ThroughSpec(table, item.place) if table else None
    parts = known(item, THROUGH, "`through`", errors)
    if "table" not in parts:
        errors.add(item.place, "`through` must name the junction table", "Write `through: {table: …}`")
        return None
    table = text(parts["table"], "`table`", errors)
    enter, leave = (key_choice(parts[word], errors) if word in parts else None for word in ("from", "to"))
    return ThroughSpec(table, item.place, enter, leave) if table else None


def _order(item: Item, errors: Diagnostics) -> tuple[OrderSpec, ...]:
    terms: list[OrderSpec] = []
    for element in elements(item, "`order_by`", errors):
        if element.kind != "mapping":
            column = text(element, "a term of `order_by`", errors)
            terms += [OrderSpec(column, False, element.place)] if column else []
            continue
        for column, direction in entries(element, "a term of `order_by`", errors).items():
            if direction.kind != "str" or direction.node.value not in {"asc", "desc"}:
                errors.add(direction.place, f"The direction of '{column}' must be asc or desc", "Write one of them")
            terms.append(OrderSpec(column, direction.node.value == "desc", direction.place))
    return tuple(terms)


def _computes(item: Item | None, errors: Diagnostics) -> tuple[ComputeSpec, ...]:
    if item is None:
        return ()
    items = entries(item, "`compute`", errors)
    computes = [_compute(name, value, errors) for name, value in items.items() if valid_name(name, value, errors)]
    return tuple(compute for compute in computes if compute)


def _compute(name: str, item: Item, errors: Diagnostics) -> ComputeSpec | None:
    items = known(item, COMPUTE, f"the computed field '{name}'", errors)
    functions = [word for word in FUNCTIONS if word in items]
    if len(functions) != 1:
        what = f"The computed field '{name}' must have exactly one of count, sum, min and max"
        errors.add(item.place, what, "Write {count: lines} or {sum: lines.amount}, for example")
        return None
    function = functions[0]
    operand = items[function]
    if function == "count":
        return _count(name, item, operand, items, errors)
    target = text(operand, f"`{function}`", errors)
    if target is None:
        return None
    if "of" in items:
        of = _aggregated(name, items["of"], errors)
        return ComputeSpec(name, function, operand.place, of=of, column=target) if of else None
    over, point, column = target.partition(".")
    if not point or not over or not column:
        errors.add(
            operand.place, f"`{function}` must have the form include.column", f"Write {{{function}: lines.amount}}"
        )
        return None
    return ComputeSpec(name, function, operand.place, over=over, column=column)


def _count(name: str, item: Item, operand: Item, items: dict[str, Item], errors: Diagnostics) -> ComputeSpec | None:
    if "of" in items:
        errors.add(items["of"].place, "`count` does not take `of`", "Write {count: {many: table}}")
    if operand.kind == "mapping":
        of = _aggregated(name, operand, errors)
        return ComputeSpec(name, "count", item.place, of=of) if of else None
    over = text(operand, "`count`", errors)
    return ComputeSpec(name, "count", operand.place, over=over) if over else None


def _aggregated(name: str, item: Item, errors: Diagnostics) -> IncludeSpec | None:
    """A relation that is aggregated but not shown: an include without fields."""
    items = known(item, AGGREGATED, f"the relation of '{name}'", errors)
    if "many" not in items:
        errors.add(item.place, f"The relation of '{name}' has no table", "Write {many: table}")
        return None
    table = text(items["many"], "`many`", errors)
    if not table:
        return None
    node = NodeSpec(
        table, items["many"].place, FieldSelection(item.place), where=parse_where(items.get("where"), errors)
    )
    return IncludeSpec(name, True, node, item.place, _through(items, errors), _key(items, errors))
