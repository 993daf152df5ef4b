"""Texts inside JSON fields that are too long for the index to find, flagged in their document. Pure.

The flag is `_rowtide.too_long`, a list of the paths of fields that hold such a text. The document keeps the text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from read_model.elasticsearch.index_body import FLAGS, IGNORE_ABOVE_FLATTENED, TOO_LONG

_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=lambda number: msgspec.Raw(number.encode()))


def flagged(document: bytes, paths: Sequence[str]) -> bytes:
    """The document, flagged when one of the JSON fields at `paths` holds a text that is too long to be found.

    Nearly every document is ruled out by its bytes: a text of so many characters has at least as many bytes between two
    quotes."""
    if not _may_hold_long_text(document):
        return document
    try:
        decoded = _AS_WRITTEN.decode(document)
    except (msgspec.MsgspecError, RecursionError):
        return document  # Elasticsearch reports what is wrong with it.
    oversized = [path for path in paths if any(map(_holds_long_text, _values(decoded, path)))]
    if not oversized:
        return document
    flag = msgspec.json.encode({FLAGS: {TOO_LONG: oversized}})
    return document.rstrip()[:-1] + b"," + flag[1:]


def flagged_write(body: bytes, paths: Sequence[str]) -> bytes:
    """The same for the lines of a document write."""
    action, _, document = body.rstrip(b"\n").partition(b"\n")
    flagged_document = flagged(document, paths)
    return body if flagged_document is document else action + b"\n" + flagged_document + b"\n"


def _may_hold_long_text(document: bytes) -> bool:
    """Whether so many bytes are between two quotes. Looks for the last quote within reach, then continues from
    there."""
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
    """The values at a path, in every element of an array. A name may contain dots."""
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
    remaining = [value]
    while remaining:
        value = remaining.pop()
        if isinstance(value, str):
            # Elasticsearch counts as Java does: a character beyond U+FFFF counts twice.
            if len(value) > IGNORE_ABOVE_FLATTENED or len(value.encode("utf-16-le")) > 2 * IGNORE_ABOVE_FLATTENED:
                return True
        elif isinstance(value, dict):
            remaining += value.values()
        elif isinstance(value, list):
            remaining += value
    return False
