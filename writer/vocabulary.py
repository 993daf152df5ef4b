"""The words of the catalogue and of people, read once from the two TOML files beside this module."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Family:
    """Products of one kind. `cents` is the range of prices in euro cents."""

    code: str
    name: str
    department: str
    category: str
    cents: tuple[int, int]
    materials: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Department:
    """The top of the category tree, and the names of the categories below it."""

    name: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A country with (city, region) pairs and names of streets."""

    country: str
    cities: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that the generators draw from. `lists` are the plain word lists by name."""

    departments: tuple[Department, ...]
    families: tuple[Family, ...]
    places: tuple[Place, ...]
    lists: dict[str, tuple[str, ...]]

    def family(self, sku: str) -> Family | None:
        """The family that a SKU of this catalogue belongs to."""
        code = sku.partition("-")[0]
        return next((family for family in self.families if family.code == code), None)


@cache
def vocabulary() -> Vocabulary:
    """The shipped words. They are package data, the same for everybody."""
    goods = _read("catalogue.toml")
    words = _read("words.toml")
    return Vocabulary(
        departments=tuple(Department(d["name"], tuple(d["categories"])) for d in goods["departments"]),
        families=tuple(_family(d["name"], f) for d in goods["departments"] for f in d["families"]),
        places=tuple(
            Place(p["country"], tuple((c[0], c[1]) for c in p["cities"]), tuple(p["streets"]))
            for p in words.pop("places")
        ),
        lists={name: tuple(entries) for name, entries in words.items()},
    )


def _family(department: str, family: dict[str, Any]) -> Family:
    low, high = family["cents"]
    return Family(
        code=family["code"],
        name=family["name"],
        department=department,
        category=family["category"],
        cents=(low, high),
        materials=tuple(family["materials"]),
        about=family["about"],
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("writer").joinpath(name).read_text(encoding="utf-8"))
