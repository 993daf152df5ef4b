"""Catalogues for tests: as real databases answered, and small ones written by hand."""

import json

from read_model.catalog.catalog import Catalog, Column, ForeignKey, Table, TableName
from read_model.catalog.catalog_query import read_catalog
from tests.support.paths import CASES

FOLDER = CASES / "catalogs"


def answered(name: str) -> Catalog:
    """What PostgreSQL 18 answered for a database: `shop` or `northwind`."""
    return read_catalog(json.loads((FOLDER / f"{name}.json").read_text()))


def column(text: str) -> Column:
    """A column from words: `id int8 notnull`, `price numeric(12,2)`, `moods mood[] enum`, `v int4 virtual`."""
    name, declared, *marks = text.split()
    type_, _, size = declared.removesuffix(")").partition("(")
    sizes = [int(part) for part in size.split(",") if part] + [0]
    element = type_.removesuffix("[]") if type_.endswith("[]") else None
    return Column(
        name=name,
        type=f"_{element}" if element else type_,
        nullable="notnull" not in marks,
        precision=sizes[0] if size and type_ == "numeric" else None,
        scale=sizes[1] if size and type_ == "numeric" else None,
        length=sizes[0] if size and type_ != "numeric" else None,
        kind="e" if "enum" in marks and not element else "b",
        element=element,
        element_kind=("e" if "enum" in marks else "b") if element else "",
        generated="v" if "virtual" in marks else "",
        deterministic="loose" not in marks,
    )


def table(name: str, columns: str, *, key: str = "id", unique: str = "", refers: str = "") -> Table:
    """A table from words. `columns` by semicolons; `unique` as `a,b; c`; `refers` as `customer_id -> customers.id`."""
    schema, _, short = name.rpartition(".")
    parsed = [column(text.strip()) for text in columns.split(";")]
    return Table(
        name=TableName(schema or "public", short),
        columns={parsed_column.name: parsed_column for parsed_column in parsed},
        primary_key=tuple(key.split(",")) if key else (),
        unique_keys=tuple(tuple(group.strip().split(",")) for group in unique.split(";") if group.strip()),
        foreign_keys=tuple(_foreign_key(short, text) for text in refers.split(";") if text.strip()),
    )


def _foreign_key(name: str, text: str) -> ForeignKey:
    left, right = (side.strip() for side in text.split("->"))
    target, _, columns = right.rpartition(".")
    schema, _, short = target.rpartition(".")
    constraint = f"{name}_{left.replace(',', '_')}_fkey"
    return ForeignKey(
        constraint, tuple(left.split(",")), TableName(schema or "public", short), tuple(columns.split(","))
    )


def database(*tables: Table) -> Catalog:
    """A catalogue of tables."""
    return Catalog({member.name: member for member in tables})
