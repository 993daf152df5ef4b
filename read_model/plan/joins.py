"""Resolves how two tables are joined: by a declared foreign key, or by the columns that the spec names."""

from collections.abc import Iterable
from dataclasses import dataclass

from read_model.catalog.catalog import Column, ForeignKey, Table, quote_identifier
from read_model.catalog.column_types import INTEGERS, TEXTS, is_array, not_joinable
from read_model.plan.model import Join, Junction, Order
from read_model.plan.names import ResolutionContext, find_column, find_table, is_unique, key_columns, spec_name
from read_model.spec.errors import Place
from read_model.spec.model import IncludeSpec, KeyChoice, ThroughSpec


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key as a join: `left` and `right` are columns of the two tables."""

    key: ForeignKey
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that declares the key."""
        return self.key.columns


def links_up(left: Table, right: Table) -> list[Link]:
    """Foreign keys of `left` that refer to `right`."""
    return _distinct(
        Link(key, key.columns, key.target_columns) for key in left.foreign_keys if key.target == right.name
    )


def links_down(left: Table, right: Table) -> list[Link]:
    """Foreign keys of `right` that refer to `left`."""
    return _distinct(
        Link(key, key.target_columns, key.columns) for key in right.foreign_keys if key.target == left.name
    )


def _distinct(links: Iterable[Link]) -> list[Link]:
    return list({(link.left, link.right): link for link in links}.values())


def find_relation(
    include: IncludeSpec, left: Table, right: Table, scope: ResolutionContext
) -> tuple[Join | None, Junction | None]:
    """How an include's rows are reached: by a join or through a junction; neither, with an error, if there is no single
    way."""
    if include.through:
        return None, _junction(include.through, left, right, scope)
    return _direct_join(include, left, right, scope), None


def total_order(right: Table, through: Junction | None) -> list[Order]:
    """The terms that make any order of an include's rows total: the table's primary key, then the junction's."""
    terms = [Order(column) for column in key_columns(right)]
    return terms + [Order(column, junction=True) for column in (through.primary_key if through else ())]


def _direct_join(include: IncludeSpec, left: Table, right: Table, scope: ResolutionContext) -> Join | None:
    choice = include.key
    if choice and choice.pairs:
        return _own_join(include, left, right, choice, scope)
    if include.many:
        links = links_down(left, right)
    else:
        up = links_up(left, right)
        down = [link for link in links_down(left, right) if is_unique(right, link.columns)]
        links = up if _chosen(up, choice) or not _chosen(down, choice) else down
    chosen = _chosen(links, choice)
    if len(chosen) != 1:
        what, remedy = _no_single_link(include, left, right, links, chosen, scope)
        scope.errors.add(choice.place if choice else include.place, what, remedy)
        return None
    return _join(left, chosen[0].left, right, chosen[0].right, include.place, scope)


def _chosen(links: list[Link], choice: KeyChoice | None) -> list[Link]:
    if choice is None:
        return links
    names = choice.names
    return [link for link in links if set(names) == set(link.columns) or names == (link.key.name,)]


def _no_single_link(
    include: IncludeSpec, left: Table, right: Table, links: list[Link], chosen: list[Link], scope: ResolutionContext
) -> tuple[str, str]:
    between = f"between {left.name} and {right.name}"
    if len(chosen) > 1:
        return f"There are several foreign keys {between}", f"Choose one: {_choices(chosen)}"
    if links:
        what = f"No foreign key {between} has the columns or the name {_names(include.key)}"
        return what, f"Choose one: {_choices(links)}"
    if not include.many and links_down(left, right):
        return f"A row of {left.name} can have several rows of {right.name}", f"Write `many: {spec_name(right.name)}`"
    if include.many and links_up(left, right):
        return f"A row of {left.name} has at most one row of {right.name}", f"Write `one: {spec_name(right.name)}`"
    middle = [table.name for table in scope.catalog.tables.values() if links_up(table, left) and links_up(table, right)]
    if include.many and middle:
        return f"There is no foreign key {between}", f"Write `through: {spec_name(middle[0])}`, which refers to both"
    return f"There is no foreign key {between}", "Write `on: {this table's column: the other table's column}`"


def _choices(links: list[Link]) -> str:
    return " or ".join(f"`by: {link.columns[0] if len(link.columns) == 1 else _list(link.columns)}`" for link in links)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _names(choice: KeyChoice | None) -> str:
    return _list(choice.names) if choice else ""


def _own_join(
    include: IncludeSpec, left: Table, right: Table, choice: KeyChoice, scope: ResolutionContext
) -> Join | None:
    join = _join(
        left, [pair[0] for pair in choice.pairs], right, [pair[1] for pair in choice.pairs], choice.place, scope
    )
    if join and not include.many and not is_unique(right, [column.name for column in join.right]):
        columns = _list(column.name for column in join.right)
        what = f"`one` could match several rows: {columns} is not unique in table {right.name}"
        scope.errors.add(choice.place, what, "Write `many`, or declare a unique constraint")
        return None
    return join


def _join(
    left: Table,
    left_names: Iterable[str],
    right: Table,
    right_names: Iterable[str],
    place: Place,
    scope: ResolutionContext,
) -> Join | None:
    pairs = [
        (find_column(left, left_name, place, scope), find_column(right, right_name, place, scope))
        for left_name, right_name in zip(left_names, right_names, strict=True)
    ]
    sound = True
    for a, b in pairs:
        if a is None or b is None:
            sound = False
        elif reason := not_joinable(a, b):
            what = f"Tables {left.name} and {right.name} cannot be joined: {reason}"
            scope.errors.add(place, what, _way_to_join(left, a, right, b))
            sound = False
    if not sound:
        return None
    return Join(tuple(a for a, _ in pairs if a), tuple(b for _, b in pairs if b))


def _way_to_join(left: Table, a: Column, right: Table, b: Column) -> str:
    """What makes a join possible, where something does: each was tried."""
    if is_array(a) != is_array(b):
        return (
            "Keep the pairs in a table of their own, filled by the application or a trigger, and name it in `through`"
        )
    for table, column, other in ((left, a, b), (right, b, a)):
        if column.type in INTEGERS and other.type in TEXTS:
            add = f"ALTER TABLE {table.name.quoted} ADD COLUMN {column.name}_text text"
            same = f"GENERATED ALWAYS AS ({quote_identifier(column.name)}::text) STORED"
            return (
                f"Add the number as text ({add} {same}; before PostgreSQL 18 a trigger has to fill it) and join on that"
            )
    return "Join on other columns, or remove the include"


def _junction(through: ThroughSpec, left: Table, right: Table, scope: ResolutionContext) -> Junction | None:
    middle = find_table(through.table, through.place, scope)
    if middle is None:
        return None
    enter = _side(through, through.enter, middle, left, right, "from", scope)
    leave = _side(through, through.leave, middle, right, left, "to", scope)
    if enter is None or leave is None:
        return None
    return Junction(middle.name, key_columns(middle), Join(enter.right, enter.left), leave)


def _side(
    through: ThroughSpec,
    choice: KeyChoice | None,
    middle: Table,
    table: Table,
    other: Table,
    word: str,
    scope: ResolutionContext,
) -> Join | None:
    """The join from the junction to one of the tables it connects."""
    place = choice.place if choice else through.place
    if choice and choice.pairs:
        pairs = [pair[::-1] for pair in choice.pairs] if word == "from" else list(choice.pairs)
        return _join(middle, [pair[0] for pair in pairs], table, [pair[1] for pair in pairs], place, scope)
    links = links_up(middle, table)
    chosen = _chosen(links, choice)
    if choice is None and table.name == other.name:
        opposite = through.leave if word == "from" else through.enter
        chosen = [link for link in links if opposite and opposite.names and link not in _chosen(links, opposite)]
    if len(chosen) == 1:
        return _join(middle, chosen[0].left, table, chosen[0].right, place, scope)
    if not links:
        what, remedy = f"The junction table {middle.name} has no foreign key to {table.name}", _write_pairs(word)
    else:
        what = f"It is not clear which foreign key of the junction table {middle.name} to follow to {table.name}"
        sides = " or ".join(f"`{word}: {_list(link.columns)}`" for link in links)
        remedy = f"Choose in `through: {{table: {through.table}, …}}`: {sides}"
    scope.errors.add(place, what, remedy)
    return None


def _write_pairs(word: str) -> str:
    pair = "this table's column: junction's column" if word == "from" else "junction's column: other table's column"
    return f"Write `through: {{table: …, {word}: {{{pair}}}}}`"
