"""Texts inside of json that the index passes over without a word, flagged in their document. Pure.

The flag is `_rowtide.too_long`, a list of paths of the fields that hold such a text. The document keeps the text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from read_model.elasticsearch.index_body import FLAGS, IGNORE_ABOVE_FLATTENED, TOO_LONG

_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=lambda number: msgspec.Raw(number.encode()))


def flagged(document: bytes, paths: Sequence[str]) -> bytes:
    """The document, with the flag if one of the fields, which are json, holds a text that is too long to be found.

    Nearly every document is told by its bytes alone: a text with so many characters has as many bytes between two quotes."""
    if not _may_hold_long_text(document):
        return document
    try:
        decoded = _AS_WRITTEN.decode(document)
    except (msgspec.MsgspecError, RecursionError):
        return document  # Elasticsearch says what is wrong with it.
    found = [path for path in paths if any(map(_holds_long_text, _values(decoded, path)))]
    if not found:
        return document
    flag = msgspec.json.encode({FLAGS: {TOO_LONG: found}})
    return document.rstrip()[:-1] + b"," + flag[1:]


def flagged_item(body: bytes, paths: Sequence[str]) -> bytes:
    """The same of an item's lines of a bulk."""
    action, _, document = body.rstrip(b"\n").partition(b"\n")
    made = flagged(document, paths)
    return body if made is document else action + b"\n" + made + b"\n"


def _may_hold_long_text(document: bytes) -> bool:
    """Whether so many bytes stand between two quotes. Looks at the last quote within reach, and goes on from there."""
    if len(document) > IGNORE_ABOVE_FLATTENED and b'\\"' in document:
        document = document.replace(b'\\"', b"__")
    start = 0
    while len(document) - start > IGNORE_ABOVE_FLATTENED:
        quote = document.rfind(b'"', start, start + IGNORE_ABOVE_FLATTENED + 1)
        if quote < 0:
            return True
        start = quote + 1
    return False


def _values(value: Any, path: str) -> Iterator[Any]:
    """What is at a path, in every element of an array; names may hold dots themselves."""
    if isinstance(value, list):
        for element in value:
            yield from _values(element, path)
    elif isinstance(value, dict):
        if path in value:
            yield value[path]
        for name, member in value.items():
            if path.startswith(f"{name}."):
                yield from _values(member, path[len(name) + 1 :])


def _holds_long_text(value: Any) -> bool:
    open_ = [value]
    while open_:
        one = open_.pop()
        if isinstance(one, str):
            # Elasticsearch counts as Java does, a character beyond 65,535 for two.
            if len(one) > IGNORE_ABOVE_FLATTENED or len(one.encode("utf-16-le")) > 2 * IGNORE_ABOVE_FLATTENED:
                return True
        elif isinstance(one, dict):
            open_ += one.values()
        elif isinstance(one, list):
            open_ += one
    return False
