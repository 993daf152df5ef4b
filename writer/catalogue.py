"""Pure: the category tree and any number of products, always the same for a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from writer.commands import AddProduct
from writer.order_notes import serial_numbers
from writer.vocabulary import Family, Vocabulary, vocabulary

MAX_PRODUCTS = 3000


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree; `parent` is the slug above it, None for a department."""

    slug: str
    name: str
    parent: str | None


def categories() -> Iterator[Category]:
    """Parents come before their children."""
    for department in vocabulary().departments:
        yield Category(slug(department.name), department.name, None)
        for name in department.categories:
            yield Category(slug(name), name, slug(department.name))


def products(seed: int, size: int) -> Iterator[AddProduct]:
    """`size` products, at most MAX_PRODUCTS. A larger size begins with the products of a smaller one."""
    words = vocabulary()
    rng = Random(f"catalogue-{seed}")
    # Round after round over the families, so that even a small catalogue has a bit of everything.
    kinds = [
        (rng.random() + turn, family, material, adjective)
        for family in words.families
        for turn, (material, adjective) in enumerate(_varieties(rng, family, words))
    ]
    kinds.sort(key=lambda kind: kind[0])
    for index, (_, family, material, adjective) in enumerate(kinds[: min(size, MAX_PRODUCTS)], start=1):
        yield _product(rng, words, family, material, adjective, index)


def price(rng: Random, family: Family) -> Decimal:
    """A price in the family's range that ends in 0, 5 or 9 cents, as prices do."""
    low, high = family.cents
    # The square pulls prices to the lower end, where most goods are.
    cents = low + int((high - low) * rng.random() ** 2)
    return Decimal(cents - cents % 10 + rng.choice((0, 5, 9))) / 100


def name(family: Family, material: str, adjective: str) -> str:
    """`Nordic cast iron skillet`."""
    return f"{adjective} {material} {family.name}"


def slug(text: str) -> str:
    """The name in lower case with hyphens."""
    return text.lower().replace(" ", "-")


def _varieties(rng: Random, family: Family, words: Vocabulary) -> list[tuple[str, str]]:
    varieties = [(m, a) for m in family.materials for a in words.lists["adjectives"]]
    rng.shuffle(varieties)
    return varieties


def _product(rng: Random, words: Vocabulary, family: Family, material: str, adjective: str, index: int) -> AddProduct:
    origin = rng.choice(words.lists["origins"])
    colour = rng.choice(words.lists["colours"])
    description = [
        f"{family.about}",
        f"Made by {rng.choice(words.lists['makers'])} in {origin}.",
        *rng.sample(words.lists["care"], 2),
        rng.choice(words.lists["praise"]),
    ]
    if rng.random() < 0.01:
        description.append(f"Made in numbered pieces: {serial_numbers(rng, 250)}.")
    return AddProduct(
        sku=f"{family.code}-{index:04d}",
        category=slug(family.category),
        name=name(family, material, adjective),
        description=" ".join(description),
        price=price(rng, family),
        attributes={
            "material": material,
            "origin": origin,
            "colour": colour,
            "weight_g": rng.randrange(50, 9000, 10),
            "size": {"width_mm": rng.randrange(40, 1200, 5), "height_mm": rng.randrange(20, 1900, 5)},
            "labels": rng.sample(["organic", "fair trade", "repairable", "vegan", "recycled"], rng.randrange(3)),
            "in_stock": rng.random() < 0.9,
        },
    )
