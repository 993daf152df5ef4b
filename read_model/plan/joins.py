"""Find how two tables are joined: by a declared foreign key, or by the columns that the spec writes out."""

from collections.abc import Iterable
from dataclasses import dataclass

from read_model.catalog.catalog import ForeignKey, Table
from read_model.catalog.column_types import not_joinable
from read_model.plan.model import Join, Junction
from read_model.plan.names import Scope, find_column, find_table, is_unique, key_columns, spoken
from read_model.spec.errors import Place
from read_model.spec.model import IncludeSpec, KeyChoice, ThroughSpec


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key that can join near to far; `columns` are those of the table that holds it."""

    key: ForeignKey
    near: tuple[str, ...]
    far: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.key.columns


def links_up(near: Table, far: Table) -> list[Link]:
    """Foreign keys of `near` that refer to `far`."""
    return _distinct(Link(key, key.columns, key.target_columns) for key in near.foreign_keys if key.target == far.name)


def links_down(near: Table, far: Table) -> list[Link]:
    """Foreign keys of `far` that refer to `near`."""
    return _distinct(Link(key, key.target_columns, key.columns) for key in far.foreign_keys if key.target == near.name)


def _distinct(links: Iterable[Link]) -> list[Link]:
    return list({(link.near, link.far): link for link in links}.values())


def find_join(include: IncludeSpec, near: Table, far: Table, scope: Scope) -> Join | None:
    """The join of an include without a junction."""
    choice = include.key
    if choice and choice.pairs:
        return _own_join(include, near, far, choice, scope)
    if include.many:
        links = links_down(near, far)
    else:
        up = links_up(near, far)
        down = [link for link in links_down(near, far) if is_unique(far, link.columns)]
        links = up if _chosen(up, choice) or not _chosen(down, choice) else down
    found = _chosen(links, choice)
    if len(found) != 1:
        what, remedy = _no_single_link(include, near, far, links, found, scope)
        scope.faults.add(choice.place if choice else include.place, what, remedy)
        return None
    return _join(near, found[0].near, far, found[0].far, include.place, scope)


def _chosen(links: list[Link], choice: KeyChoice | None) -> list[Link]:
    if choice is None:
        return links
    names = choice.names
    return [link for link in links if set(names) == set(link.columns) or names == (link.key.name,)]


def _no_single_link(
    include: IncludeSpec, near: Table, far: Table, links: list[Link], found: list[Link], scope: Scope
) -> tuple[str, str]:
    between = f"between {near.name} and {far.name}"
    if len(found) > 1:
        return f"there are several foreign keys {between}", f"Choose one: {_choices(found)}"
    if links:
        return (
            f"no foreign key {between} has the columns or the name {_names(include.key)}",
            f"Choose one: {_choices(links)}",
        )
    if not include.many and links_down(near, far):
        return f"a row of {near.name} can have many of {far.name}", f"Write `many: {spoken(far.name)}`"
    if include.many and links_up(near, far):
        return f"a row of {near.name} has at most one of {far.name}", f"Write `one: {spoken(far.name)}`"
    middle = [table.name for table in scope.catalog.tables.values() if links_up(table, near) and links_up(table, far)]
    if include.many and middle:
        return f"there is no foreign key {between}", f"Write `through: {spoken(middle[0])}`, which refers to both"
    return f"there is no foreign key {between}", "Write `on: {this table's column: the other table's column}`"


def _choices(links: list[Link]) -> str:
    return " or ".join(f"`by: {link.columns[0] if len(link.columns) == 1 else _list(link.columns)}`" for link in links)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _names(choice: KeyChoice | None) -> str:
    return _list(choice.names) if choice else ""


def _own_join(include: IncludeSpec, near: Table, far: Table, choice: KeyChoice, scope: Scope) -> Join | None:
    join = _join(near, [pair[0] for pair in choice.pairs], far, [pair[1] for pair in choice.pairs], choice.place, scope)
    if join and not include.many and not is_unique(far, [column.name for column in join.far]):
        what = f"several rows of {far.name} can match: {_list(column.name for column in join.far)} is not unique there"
        scope.faults.add(choice.place, what, "Write `many`, or declare a unique constraint")
        return None
    return join


def _join(
    near: Table, near_names: Iterable[str], far: Table, far_names: Iterable[str], place: Place, scope: Scope
) -> Join | None:
    pairs = [
        (find_column(near, near_name, place, scope), find_column(far, far_name, place, scope))
        for near_name, far_name in zip(near_names, far_names, strict=True)
    ]
    sound = True
    for left, right in pairs:
        if left is None or right is None:
            sound = False
        elif reason := not_joinable(left, right):
            what = f"{near.name} and {far.name} cannot be joined: {reason}"
            scope.faults.add(place, what, "Join on other columns, or leave the include out")
            sound = False
    if not sound:
        return None
    return Join(tuple(left for left, _ in pairs if left), tuple(right for _, right in pairs if right))


def find_junction(through: ThroughSpec, near: Table, far: Table, scope: Scope) -> Junction | None:
    """The junction of a many-to-many include, with both of its joins."""
    middle = find_table(through.table, through.place, scope)
    if middle is None:
        return None
    enter = _side(through, through.enter, middle, near, far, "from", scope)
    leave = _side(through, through.leave, middle, far, near, "to", scope)
    if enter is None or leave is None:
        return None
    return Junction(middle.name, key_columns(middle), Join(enter.far, enter.near), leave)


def _side(
    through: ThroughSpec, choice: KeyChoice | None, middle: Table, table: Table, other: Table, word: str, scope: Scope
) -> Join | None:
    """The join from the junction to one of the tables it connects."""
    place = choice.place if choice else through.place
    if choice and choice.pairs:
        pairs = [pair[::-1] for pair in choice.pairs] if word == "from" else list(choice.pairs)
        return _join(middle, [pair[0] for pair in pairs], table, [pair[1] for pair in pairs], place, scope)
    links = links_up(middle, table)
    found = _chosen(links, choice)
    if choice is None and table.name == other.name:
        opposite = through.leave if word == "from" else through.enter
        found = [link for link in links if opposite and opposite.names and link not in _chosen(links, opposite)]
    if len(found) == 1:
        return _join(middle, found[0].near, table, found[0].far, place, scope)
    if not links:
        what, remedy = f"the junction {middle.name} has no foreign key to {table.name}", _write_pairs(word)
    else:
        what = f"the junction {middle.name} has no single foreign key to {table.name} that fits"
        sides = " or ".join(f"`{word}: {_list(link.columns)}`" for link in links)
        remedy = f"Choose in `through: {{table: {through.table}, …}}`: {sides}"
    scope.faults.add(place, what, remedy)
    return None


def _write_pairs(word: str) -> str:
    pair = "this table's column: junction's column" if word == "from" else "junction's column: other table's column"
    return f"Write `through: {{table: …, {word}: {{{pair}}}}}`"
