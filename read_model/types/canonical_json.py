"""Compares documents by meaning: the order of keys does not matter, and numbers are compared by their exact value."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

import msgspec

_MAX_EXPONENT = 200_000
"""More than PostgreSQL's longest numeric has. A larger exponent is not expanded, to bound memory."""
DIGEST_BYTES = 12
"""Bytes of SHA-256: two different documents have the same digest with a probability of 2**-96."""
_EXACT = Context(prec=2 * _MAX_EXPONENT, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A difference between two documents: its path, such as `lines[2].product.name`, and the JSON text on both sides.

    A missing field is None. The path of a missing document is empty."""

    path: str
    index: str | None
    oracle: str | None


def canonical(text: bytes | str) -> bytes:
    """The canonical JSON of a document: sorted keys, no spaces, every number in its one plain form."""
    return msgspec.json.encode(_PLAIN.decode(text), order="sorted")


def digest(text: bytes | str) -> bytes:
    """16 bytes, equal for documents that mean the same."""
    return hashlib.blake2b(canonical(text), digest_size=16).digest()


def spaced(value: object) -> bytes:
    """A value's JSON text with one space after each comma and colon, as PostgreSQL prints jsonb."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0)


def text_digest(text: bytes) -> str:
    """The hexadecimal digest of a document's text, white space normalized: `read_model.postgres.digests` computes
    the same."""
    return hashlib.sha256(msgspec.json.format(text, indent=0)).digest()[:DIGEST_BYTES].hex()


def differences(index: bytes | str | None, oracle: bytes | str | None) -> list[FieldDifference]:
    """The differences between the index's document and the oracle's; None stands for a missing document."""
    if index is None or oracle is None:
        return [] if index is oracle else [FieldDifference("", _text(index), _text(oracle))]
    return list(_differences("", _EXACT_VALUES.decode(index), _EXACT_VALUES.decode(oracle)))


def _plain_number(text: str) -> msgspec.Raw:
    """A decimal number in its plain form: 14.0 becomes 14, 1e3 becomes 1000."""
    if "e" in text or "E" in text:
        number = Decimal(text)
        if abs(number.adjusted()) > _MAX_EXPONENT:
            return msgspec.Raw(str(number.normalize(_EXACT)).encode())
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return msgspec.Raw(b"0" if text == "-0" else text.encode())


_PLAIN = msgspec.json.Decoder(float_hook=_plain_number)
_EXACT_VALUES = msgspec.json.Decoder(float_hook=Decimal)
_PRINTER = msgspec.json.Encoder(decimal_format="number")


def _text(text: bytes | str | None) -> str | None:
    return text.decode() if isinstance(text, bytes) else text


def _differences(path: str, index: Any, oracle: Any) -> Iterator[FieldDifference]:
    if isinstance(index, dict) and isinstance(oracle, dict):
        for name in sorted(index.keys() | oracle.keys()):
            yield from _member(f"{path}.{name}" if path else name, index, oracle, name)
    elif isinstance(index, list) and isinstance(oracle, list):
        for n in range(max(len(index), len(oracle))):
            yield from _member(f"{path}[{n}]", dict(enumerate(index)), dict(enumerate(oracle)), n)
    elif not _same(index, oracle):
        yield FieldDifference(path, _printed(index), _printed(oracle))


def _member(path: str, index: dict[Any, Any], oracle: dict[Any, Any], key: Any) -> Iterator[FieldDifference]:
    if key in index and key in oracle:
        yield from _differences(path, index[key], oracle[key])
    else:
        yield FieldDifference(
            path,
            _printed(index[key]) if key in index else None,
            _printed(oracle[key]) if key in oracle else None,
        )


def _same(index: Any, oracle: Any) -> bool:
    # True == 1 in Python, but not in JSON.
    return bool(index == oracle) and isinstance(index, bool) == isinstance(oracle, bool)


def _printed(value: Any) -> str:
    return _PRINTER.encode(value).decode()
