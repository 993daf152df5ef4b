"""Signed cursors: where a page ended, readable only by us, bound to the search that they belong to."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from search_api.freshness.view import UNKNOWN_POSITION, IndexPosition
from search_api.query.request import RawRequest

VERSION = 4
_SIGNATURE_BYTES = 16


class InvalidCursor(Exception):
    """The cursor was not made by this API, or belongs to another search."""


class CursorExpired(Exception):
    """The point in time that a cursor belongs to is gone."""


class CursorPosition(NamedTuple):
    """Where a page begins: at the point in time `point` ("" when none is open yet), behind the hit with the sort values
    `after` (a JSON array, kept as it is; None is the beginning). `seen` is what was searchable when the point was opened.
    `corrected` is the text whose hits these are, "" when it is the text that was asked for. `backward`: the page is the one
    before that hit, and ends with it."""

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
    """A cursor for the page that begins there."""
    after = place.after if place.after is not None else msgspec.Raw(b"null")
    payload = msgspec.json.encode(_Payload(VERSION, _search_key(index, request), place.point, after, *place[2:]))
    return base64.urlsafe_b64encode(_signature(secret, payload) + payload).decode().rstrip("=")


def read_cursor(secret: bytes, index: str, request: RawRequest, cursor: str) -> CursorPosition:
    """The place that a cursor stands for; raises InvalidCursor."""
    try:
        signed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidCursor("The cursor is damaged; take `next_cursor` of the page before as it is.") from None
    signature, payload = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, payload)):
        raise InvalidCursor("The cursor is not one of this server's; start again without it.")
    try:
        read = msgspec.json.decode(payload, type=_Payload)
    except msgspec.ValidationError:
        raise InvalidCursor("The cursor is of another version of this server; start again without it.") from None
    if read.version != VERSION or read.search != _search_key(index, request):
        raise InvalidCursor("The cursor belongs to another search; change nothing but the cursor between pages.")
    after = None if bytes(read.after) == b"null" else msgspec.Raw(bytes(read.after))
    return CursorPosition(read.point, after, read.seen, read.corrected, read.backward)


def _signature(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, payload, "sha256")[:_SIGNATURE_BYTES]


def _search_key(index: str, request: RawRequest) -> bytes:
    """What must stay the same between pages; the page's size may change."""
    parts: Sequence[object] = (index, request.text.strip(), sorted(request.filters), request.sort)
    return hashlib.sha256(msgspec.json.encode(parts)).digest()[:12]
