"""A position in PostgreSQL's write-ahead log."""

from typing import NewType

Lsn = NewType("Lsn", int)
"""A byte position in the WAL, an integer as Debezium sends it. 0 means "nothing yet"."""

NOTHING = Lsn(0)


def parse_lsn(text: str) -> Lsn:
    """Read PostgreSQL's own form (`16/B374D848`). Raises ValueError."""
    high, slash, low = text.partition("/")
    if not slash:
        raise ValueError(f"{text!r} is not an LSN. Write it as in 16/B374D848.")
    return Lsn(int(high, 16) << 32 | int(low, 16))


def format_lsn(lsn: int) -> str:
    """Write an LSN in PostgreSQL's own form."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
