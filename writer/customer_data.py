"""Pure: customers with names and addresses from many countries."""

import unicodedata
from random import Random

from writer.commands import Address, CreateCustomer
from writer.vocabulary import Place, vocabulary


def customer(rng: Random, number: str) -> CreateCustomer:
    """A customer with one to three addresses; the e-mail address is unique because it carries the number."""
    words = vocabulary()
    place = rng.choice(words.places)
    first = rng.choice(words.lists["first_names"])
    last = rng.choice(words.lists["last_names"])
    business = rng.random() < 0.3
    labels = rng.sample(words.lists["labels"], rng.choice((1, 1, 2, 3)))
    return CreateCustomer(
        number=number,
        name=f"{first} {last}",
        email=f"{_plain(first)}.{_plain(last)}.{number[2:].lstrip('0')}@example.org",
        country=place.country,
        company=company(rng) if business else None,
        phone=f"+{rng.randrange(20, 99)} {rng.randrange(100, 999)} {rng.randrange(100000, 999999)}",
        segment=rng.choice(("business", "public_sector")) if business else "private",
        addresses=tuple(address(rng, label, f"{first} {last}", place) for label in labels),
    )


def company(rng: Random) -> str:
    """`Copper Kettle Studio`."""
    words = vocabulary()
    return f"{rng.choice(words.lists['companies'])} {rng.choice(words.lists['company_kinds'])}"


def address(rng: Random, label: str, recipient: str, place: Place | None = None) -> Address:
    """An address in the given place, or anywhere."""
    where = place or rng.choice(vocabulary().places)
    city, region = rng.choice(where.cities)
    return Address(
        label=label,
        recipient=recipient,
        street=f"{rng.choice(where.streets)} {rng.randrange(1, 240)}",
        postal_code=f"{rng.randrange(10000, 99999)}",
        city=city,
        country=where.country,
        region=region,
    )


def _plain(word: str) -> str:
    """Letters without accents, in lower case. Characters without a plain letter are dropped."""
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())
