"""Read a node with what hangs below it: includes, junctions, orders and computes."""

from read_model.spec.errors import Faults
from read_model.spec.fields import field_name, one_field, parse_constants, parse_fields, parse_where
from read_model.spec.keywords import COMPUTE, INCLUDE, NODE, RELATION, THROUGH
from read_model.spec.model import (
    ComputeSpec,
    Fields,
    FieldSpec,
    Function,
    IncludeSpec,
    KeyChoice,
    NodeSpec,
    OrderSpec,
    ThroughSpec,
)  # fmt: skip
from read_model.spec.yaml_reader import MAX_DEPTH, Item, elements, entries, known, text, whole

FUNCTIONS: tuple[Function, ...] = ("count", "sum", "min", "max")


def parse_node(table: str, at: Item, item: Item, found: dict[str, Item], faults: Faults) -> NodeSpec:
    """A table's part of a document from the entries of its mapping; `at` is the entry that names the table."""
    return NodeSpec(
        table=table,
        table_place=at.place,
        fields=parse_fields(found.get("fields"), found.get("exclude"), item, faults),
        constants=parse_constants(found.get("constants"), faults),
        where=parse_where(found.get("where"), faults),
        includes=_includes(found.get("include"), faults),
        computes=_computes(found.get("compute"), faults),
    )


def _includes(item: Item | None, faults: Faults) -> tuple[IncludeSpec, ...]:
    if item is None:
        return ()
    if item.path.count(".") > MAX_DEPTH:
        faults.add(item.place, "the includes are nested too deep, or an anchor contains itself", "Write fewer levels")
        return ()
    found = entries(item, "`include`", faults)
    includes = [_include(name, value, faults) for name, value in found.items() if field_name(name, value, faults)]
    return tuple(include for include in includes if include)


def _include(name: str, item: Item, faults: Faults) -> IncludeSpec | None:
    found = known(item, INCLUDE, f"the include '{name}'", faults)
    if item.kind != "mapping" or not (relation := _relation(name, item, found, faults)):
        return None
    many, table = relation
    at = found["many" if many else "one"]
    if not many:
        for word in ("order_by", "limit", "through"):
            if word in found:
                faults.add(
                    found[word].place, f"`{word}` goes with `many`, and this is `one`", "Remove it, or write `many`"
                )
    value = _value(name, found, faults)
    if value:
        node = NodeSpec(table, at.place, Fields(item.place), where=parse_where(found.get("where"), faults))
    else:
        node = parse_node(table, at, item, found, faults)
    return IncludeSpec(
        name=name,
        many=many,
        node=node,
        place=item.place,
        through=_through(found, faults) if many else None,
        key=_key(found, faults),
        order_by=_order(found["order_by"], faults) if many and "order_by" in found else (),
        limit=whole(found["limit"], "`limit`", faults) if many and "limit" in found else None,
        value=value,
    )


def _relation(name: str, item: Item, found: dict[str, Item], faults: Faults) -> tuple[bool, str] | None:
    """Whether many rows are meant, and of which table."""
    if ("one" in found) == ("many" in found):
        what = f"'{name}' says both `one` and `many`" if "one" in found else f"'{name}' does not say which table"
        faults.add(item.place, what, "Write `one: table` for an object or `many: table` for an array")
        return None
    many = "many" in found
    word = "many" if many else "one"
    table = text(found[word], f"`{word}`", faults)
    return (many, table) if table else None


def _value(name: str, found: dict[str, Item], faults: Faults) -> FieldSpec | None:
    item = found.get("value")
    if item is None:
        return None
    for word in NODE.keys() - {"where"}:
        if word in found:
            faults.add(found[word].place, f"`{word}` has no place beside `value`", "Keep one of the two")
    field = one_field(name, item, faults) if item.kind in {"str", "mapping"} else None
    if field is None:
        faults.add(item.place, "`value` does not name a column", "Write `value: column`")
    elif item.kind == "mapping" and "column" not in entries(item, "`value`", faults):
        faults.add(item.place, "`value` does not name a column", "Write `value: {column: name, …}`")
    return field


def _key(found: dict[str, Item], faults: Faults) -> KeyChoice | None:
    for word in ("by", "on"):
        if "through" in found and word in found:
            what = f"`{word}` does not say which side of the junction it means"
            faults.add(found[word].place, what, "Write `through: {table: …, from: …, to: …}`")
            return None
    if "by" in found and "on" in found:
        what = "`by` chooses a declared foreign key and `on` replaces one"
        faults.add(found["on"].place, what, "Keep one of the two")
    return (
        key_choice(found["on"], faults) if "on" in found else key_choice(found["by"], faults) if "by" in found else None
    )


def key_choice(item: Item, faults: Faults) -> KeyChoice:
    """`by: column`, `by: [columns]`, or pairs of columns."""
    name = item.path.rpartition(".")[2]
    if item.kind == "mapping":
        if name == "by":
            faults.add(item.place, "`by` names a foreign key's columns", "Write `on` for a join of your own")
        found = entries(item, f"`{name}`", faults)
        pairs = [(left, text(right, "a column of the other table", faults)) for left, right in found.items()]
        if not pairs:
            faults.add(item.place, f"`{name}` is empty", "Write {this table's column: the other table's column}")
        return KeyChoice(item.place, pairs=tuple((left, right) for left, right in pairs if right))
    if name == "on":
        faults.add(item.place, "`on` is not a mapping", "Write `on: {this table's column: the other table's column}`")
    names = [text(element, f"a column of `{name}`", faults) for element in elements(item, f"`{name}`", faults)]
    return KeyChoice(item.place, names=tuple(name for name in names if name))


def _through(found: dict[str, Item], faults: Faults) -> ThroughSpec | None:
    item = found.get("through")
    if item is None:
        return None
    if item.kind != "mapping":
        table = text(item, "`through`", faults)
        return ThroughSpec(table, item.place) if table else None
    parts = known(item, THROUGH, "`through`", faults)
    if "table" not in parts:
        faults.add(item.place, "`through` does not name the junction table", "Write `through: {table: …}`")
        return None
    table = text(parts["table"], "`table`", faults)
    enter, leave = (key_choice(parts[word], faults) if word in parts else None for word in ("from", "to"))
    return ThroughSpec(table, item.place, enter, leave) if table else None


def _order(item: Item, faults: Faults) -> tuple[OrderSpec, ...]:
    terms: list[OrderSpec] = []
    for element in elements(item, "`order_by`", faults):
        if element.kind != "mapping":
            column = text(element, "a term of `order_by`", faults)
            terms += [OrderSpec(column, False, element.place)] if column else []
            continue
        for column, direction in entries(element, "a term of `order_by`", faults).items():
            if direction.kind != "str" or direction.node.value not in {"asc", "desc"}:
                faults.add(direction.place, f"the direction of '{column}' is neither asc nor desc", "Write one of them")
            terms.append(OrderSpec(column, direction.node.value == "desc", direction.place))
    return tuple(terms)


def _computes(item: Item | None, faults: Faults) -> tuple[ComputeSpec, ...]:
    if item is None:
        return ()
    found = entries(item, "`compute`", faults)
    computes = [_compute(name, value, faults) for name, value in found.items() if field_name(name, value, faults)]
    return tuple(compute for compute in computes if compute)


def _compute(name: str, item: Item, faults: Faults) -> ComputeSpec | None:
    found = known(item, COMPUTE, f"the computed field '{name}'", faults)
    functions = [word for word in FUNCTIONS if word in found]
    if len(functions) != 1:
        what = f"'{name}' does not say one of count, sum, min and max"
        faults.add(item.place, what, "Write for example {count: lines} or {sum: lines.amount}")
        return None
    function = functions[0]
    operand = found[function]
    if function == "count":
        return _count(name, item, operand, found, faults)
    target = text(operand, f"`{function}`", faults)
    if target is None:
        return None
    if "of" in found:
        of = _aggregated(name, found["of"], faults)
        return ComputeSpec(name, function, operand.place, of=of, column=target) if of else None
    over, point, column = target.partition(".")
    if not point or not over or not column:
        faults.add(
            operand.place, f"`{function}` is not of the form include.column", f"Write {{{function}: lines.amount}}"
        )
        return None
    return ComputeSpec(name, function, operand.place, over=over, column=column)


def _count(name: str, item: Item, operand: Item, found: dict[str, Item], faults: Faults) -> ComputeSpec | None:
    if "of" in found:
        faults.add(found["of"].place, "`count` takes no `of`", "Write {count: {many: table}}")
    if operand.kind == "mapping":
        of = _aggregated(name, operand, faults)
        return ComputeSpec(name, "count", item.place, of=of) if of else None
    over = text(operand, "`count`", faults)
    return ComputeSpec(name, "count", operand.place, over=over) if over else None


def _aggregated(name: str, item: Item, faults: Faults) -> IncludeSpec | None:
    """A relation that is only aggregated: an include without anything to show."""
    words = {word: meaning for word, meaning in RELATION.items() if word != "one"} | {"where": NODE["where"]}
    found = known(item, words, f"the relation of '{name}'", faults)
    if "many" not in found:
        faults.add(item.place, f"the relation of '{name}' does not say which table", "Write {many: table}")
        return None
    table = text(found["many"], "`many`", faults)
    if not table:
        return None
    node = NodeSpec(table, found["many"].place, Fields(item.place), where=parse_where(found.get("where"), faults))
    return IncludeSpec(name, True, node, item.place, _through(found, faults), _key(found, faults))
