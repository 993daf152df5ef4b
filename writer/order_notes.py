"""Pure: texts that people write on orders, a few of them long enough to be stored out of line."""

from random import Random

from writer.vocabulary import vocabulary

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LONG_SHARE = 0.02


def order_notes(rng: Random) -> str | None:
    """Nothing for most orders, a sentence or two for many, a long agreement for one in fifty."""
    drawn = rng.random()
    if drawn < _LONG_SHARE:
        return agreement(rng)
    if drawn < 0.45:
        return " ".join(rng.sample(vocabulary().lists["notes"], rng.choice((1, 1, 2))))
    return None


def agreement(rng: Random) -> str:
    """Several kilobytes with too little repetition to compress away, so that PostgreSQL stores them out of line."""
    clauses = list(vocabulary().lists["agreement"])
    rng.shuffle(clauses)
    numbered = [f"{place}. {clause}" for place, clause in enumerate(clauses, start=1)]
    return "\n".join([*numbered, f"Serial numbers: {serial_numbers(rng, rng.randrange(250, 500))}."])


def serial_numbers(rng: Random, count: int) -> str:
    """`K7Q2-9RXD-M3TC`, `count` of them."""
    return ", ".join("-".join("".join(rng.choices(_LETTERS, k=4)) for _ in range(3)) for _ in range(count))
