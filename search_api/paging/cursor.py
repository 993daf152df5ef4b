"""Signed cursors: where a page ended, opaque to clients and bound to one search."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from search_api.errors import InvalidCursor
from search_api.freshness.view import UNKNOWN_POSITION, IndexPosition
from search_api.query.request import RawRequest

VERSION = 4
_SIGNATURE_BYTES = 16


class CursorPosition(NamedTuple):
    """Where a page begins.

    `point` is the id of its point in time, "" if none is open yet. `after` are the sort values of the hit before it, as
    a JSON array; None is the beginning. `seen` is what was searchable when the point was opened. `corrected` is the
    text of these hits, "" if it is the requested one. `backward`: the page ends before that hit instead.
    """

    point: str
    after: msgspec.Raw | None
    seen: IndexPosition = UNKNOWN_POSITION
    corrected: str = ""
    backward: bool = False


class _Payload(msgspec.Struct, array_like=True, frozen=True):
    version: int
    search: bytes
    point: str
    after: msgspec.Raw
    seen: IndexPosition
    corrected: str
    backward: bool


def write_cursor(secret: bytes, index: str, request: RawRequest, place: CursorPosition) -> str:
    """The cursor for a page that begins there."""
    after = place.after if place.after is not None else msgspec.Raw(b"null")
    payload = msgspec.json.encode(_Payload(VERSION, _search_key(index, request), place.point, after, *place[2:]))
    return base64.urlsafe_b64encode(_signature(secret, payload) + payload).decode().rstrip("=")


def read_cursor(secret: bytes, index: str, request: RawRequest, cursor: str) -> CursorPosition:
    """The position that a cursor stands for. Raises InvalidCursor."""
    try:
        signed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidCursor("The cursor is malformed; pass `next_cursor` of the previous page unchanged.") from None
    signature, payload = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, payload)):
        raise InvalidCursor("The cursor was not issued by this server; start again without it.")
    try:
        decoded = msgspec.json.decode(payload, type=_Payload)
    except msgspec.ValidationError:
        raise InvalidCursor(
            "The cursor was issued by another version of this server; start again without it."
        ) from None
    if decoded.version != VERSION or decoded.search != _search_key(index, request):
        raise InvalidCursor("The cursor belongs to another search; change only the cursor between pages.")
    after = None if bytes(decoded.after) == b"null" else msgspec.Raw(bytes(decoded.after))
    return CursorPosition(decoded.point, after, decoded.seen, decoded.corrected, decoded.backward)


def _signature(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, payload, "sha256")[:_SIGNATURE_BYTES]


def _search_key(index: str, request: RawRequest) -> bytes:
    """The parameters that must not change between pages; the page size may."""
    parts: Sequence[object] = (index, request.text.strip(), sorted(request.filters), request.sort)
    return hashlib.sha256(msgspec.json.encode(parts)).digest()[:12]
