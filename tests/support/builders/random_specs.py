"""Random valid specs for a catalogue: every part of the language, in any combination."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from read_model.catalog.catalog import Catalog, Column, Table, TableName
from read_model.catalog.column_types import COMPARABLE, JSON, SUMMABLE, is_enum, not_ordered, unsupported
from read_model.plan.joins import links_down, links_up
from read_model.plan.names import is_unique, spec_name

Values = Callable[[TableName, Column], list[Any]]
"""Values of a column, as a spec writes them."""
EQUAL = {"int2", "int4", "int8", "text", "varchar", "bool", "timestamptz", "date"}


@dataclass
class SpecMaker:
    """Makes random specs. `paths` are those to use in JSON columns."""

    catalog: Catalog
    dice: Random
    values: Values
    paths: Mapping[str, list[str]]
    numbers: Any = field(default_factory=lambda: count(1))

    def spec(self) -> str:
        """A spec with one document kind, as JSON, which is YAML too."""
        table = self.dice.choice(list(self.catalog.tables.values()))
        keys = [key for key in table.unique_keys if not any(table.columns[name].nullable for name in key)]
        body = {"from": spec_name(table.name)} | self.node(table, 3)
        if keys and self.maybe(0.3):
            body["id"] = list(self.dice.choice(keys))
        return json.dumps({"pipeline": "random", "documents": {"documents": body}}, indent=1)

    def maybe(self, chance: float) -> bool:
        return self.dice.random() < chance

    def new(self, word: str) -> str:
        return f"{word}{next(self.numbers)}"

    def node(self, table: Table, depth: int) -> dict[str, Any]:
        """Fields, constants, filters, includes and computes of a table."""
        body: dict[str, Any] = {"fields": self.fields(table)}
        if self.maybe(0.2):
            body["constants"] = {self.new("constant"): self.dice.choice([None, True, -7, "it's"])}
        if self.maybe(0.4):
            body["where"] = self.where(table)
        if depth:
            body["include"] = {
                self.new("i"): include
                for _ in range(self.dice.randint(0, 3))
                if (include := self.include(table, depth))
            }
            body["compute"] = self.computes(table, body["include"])
        return body

    def fields(self, table: Table) -> Any:
        shown = [column for column in table.columns.values() if not unsupported(column)]
        if self.maybe(0.2):
            return "all"
        fields: list[Any] = []
        for column in self.dice.sample(shown, self.dice.randint(0, min(4, len(shown)))):
            if column.type in JSON and column.name in self.paths and self.maybe(0.7):
                fields.append(
                    {self.new("path"): {"column": column.name, "path": self.dice.choice(self.paths[column.name])}}
                )
            else:
                fields.append({self.new("named"): column.name} if self.maybe(0.3) else column.name)
        return fields

    def where(self, table: Table) -> dict[str, Any]:
        column = self.dice.choice(list(table.columns.values()))
        known = self.values(table.name, column)
        if not known or not (column.type in EQUAL or is_enum(column) or column.type in COMPARABLE) or self.maybe(0.2):
            return {column.name: self.dice.choice([None, {"ne": None}])}
        if column.type in COMPARABLE and self.maybe(0.6):
            return {column.name: {self.dice.choice(["gt", "gte", "lt", "lte"]): self.dice.choice(known)}}
        some = self.dice.sample(known, min(3, len(known)))
        return {column.name: self.dice.choice([some, {"not_in": some}, {"ne": some[0]}, {"eq": some[0]}])}

    def include(self, left: Table, depth: int) -> dict[str, Any] | None:
        """An include that the catalogue allows; None if the table has no relations."""
        ways = self.ways(left)
        if not ways:
            return None
        head, right, middle = self.dice.choice(ways)
        body = head | self.node(right, depth - 1)
        shown = [column for column in right.columns.values() if not unsupported(column)]
        if self.maybe(0.35):
            filtered = {"where": body["where"]} if "where" in body else {}
            body = head | {"value": self.value(right, shown, depth, "many" in head)} | filtered
        if "many" in head or "through" in head:
            sortable = [column.name for column in shown if not not_ordered(column)]
            terms = self.dice.sample(sortable, min(2, len(sortable)))
            if middle and self.maybe(0.5):
                terms.insert(0, f"{spec_name(middle.name)}.{self.dice.choice(list(middle.columns))}")
            body["order_by"] = [{term: self.dice.choice(["asc", "desc"])} for term in terms] if self.maybe(0.7) else []
            if "many" in head and self.maybe(0.3):
                body["limit"] = self.dice.randint(1, 3)
        return body

    def value(self, table: Table, shown: list[Column], depth: int, in_array: bool) -> Any:
        """What takes the place of an object: a column, a constant, or what a further include shows."""
        if self.maybe(0.15):
            return {"constant": self.dice.choice([True, -7, "it's"])}
        further = self.include(table, depth - 1) if depth > 1 and self.maybe(0.5) else None
        return self.dice.choice(shown).name if further is None or (in_array and is_array(further)) else further

    def ways(self, left: Table) -> list[tuple[dict[str, Any], Table, Table | None]]:
        """The beginnings of all includes of a table: by declared keys, written out, and through junctions."""
        ways: list[tuple[dict[str, Any], Table, Table | None]] = []
        for right in self.catalog.tables.values():
            for link in links_up(left, right):
                ways.append(({"one": spec_name(right.name), "by": list(link.columns)}, right, None))
                ways.append(
                    ({"one": spec_name(right.name), "on": dict(zip(link.left, link.right, strict=True))}, right, None)
                )
            for link in links_down(left, right):
                word = "one" if is_unique(right, link.columns) and not links_up(left, right) else "many"
                ways.append(({word: spec_name(right.name), "by": list(link.columns)}, right, None))
                ways += self.beyond(left, right, link.columns)
        return ways

    def beyond(
        self, left: Table, middle: Table, enter: tuple[str, ...]
    ) -> list[tuple[dict[str, Any], Table, Table | None]]:
        """Many-to-many through a table that refers to this one: any such table can be the junction."""
        ways: list[tuple[dict[str, Any], Table, Table | None]] = []
        for key in middle.foreign_keys:
            right = self.catalog.tables[key.target]
            if right.name != left.name and key.columns != enter:
                through = {"table": spec_name(middle.name), "from": list(enter), "to": list(key.columns)}
                for word in ("many", "one"):
                    ways.append(({word: spec_name(right.name), "through": through}, right, middle))
        return ways

    def computes(self, table: Table, includes: dict[str, Any]) -> dict[str, Any]:
        computes: dict[str, Any] = {}
        for name, body in includes.items():
            if "many" in body and self.maybe(0.6):
                function, column = self.aggregate(body["many"])
                computes[self.new("c")] = {function: f"{name}.{column}" if column else name}
        ways = [(head, right) for head, right, _ in self.ways(table) if "many" in head]
        if ways and self.maybe(0.3):
            head, right = self.dice.choice(ways)
            relation = head | ({"where": self.where(right)} if self.maybe(0.5) else {})
            function, column = self.aggregate(head["many"])
            computes[self.new("c")] = {function: column, "of": relation} if column else {"count": relation}
        return computes

    def aggregate(self, name: str) -> tuple[str, str]:
        """A function and a column of a table that has it."""
        table = next(table for table in self.catalog.tables.values() if spec_name(table.name) == name)
        function = self.dice.choice(["count", "sum", "min", "max"])
        allowed = SUMMABLE if function == "sum" else COMPARABLE
        columns = [column.name for column in table.columns.values() if column.type in allowed]
        return (function, self.dice.choice(columns)) if function != "count" and columns else ("count", "")


def is_array(include: dict[str, Any]) -> bool:
    """Whether an include shows an array."""
    further = include.get("value")
    return "many" in include or (isinstance(further, dict) and is_array(further))
