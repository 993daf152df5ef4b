"""Fields that Elasticsearch refused, dropped from their document and flagged in it. Pure.

The flag is `_rowtide.left_out`, a list of paths such as `lines.price`, which every index maps as a keyword.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from read_model.elasticsearch.index_body import FLAGS, LEFT_OUT, TOO_LONG
from sync_worker.elasticsearch.bulk_response import Refusal
from sync_worker.elasticsearch.oversized_text import flagged
from sync_worker.store.bulk import DroppedFields

MOST_DROPPED = 50
"""Fields that one document can do without; each costs a request."""

_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=lambda number: msgspec.Raw(number.encode()))


class Bodies:
    """The lines of a bulk's writes. A document that is rejected for one of the `typed_json` paths is tried again without
    that field, and flagged; with `leave_out`, for any field that the rejection names."""

    def __init__(self, bodies: list[bytes], leave_out: bool, typed_json: Collection[str] = ()) -> None:
        self._bodies = bodies
        self._leave_out = leave_out
        self._typed_json = typed_json
        self._changed: dict[int, bytes] = {}
        self.dropped: dict[int, DroppedFields] = {}
        """What each document had to do without, by place."""

    def of(self, places: list[int]) -> list[bytes]:
        """The lines of the writes at these places."""
        return [self._changed.get(place) or self._bodies[place] for place in places]

    def without(self, refusal: Refusal) -> bool:
        """Drop the field that the refusal names; False when the document has to be rejected as a whole."""
        place = refusal.place
        action, *documents = self._bodies[place].rstrip(b"\n").split(b"\n")
        before = self.dropped[place].paths if place in self.dropped else ()
        path = self._droppable(documents[0], refusal.field) if refusal.field and documents else None
        if path is None or path in before or len(before) >= MOST_DROPPED:
            self.dropped.pop(place, None)
            return False
        self.dropped[place] = DroppedFields(refusal.id, refusal.reason, (*before, path))
        self._changed[place] = action + b"\n" + leave_out(documents[0], (*before, path)) + b"\n"
        return True

    def _droppable(self, source: bytes, named: str) -> str | None:
        """The field of the document that it may do without."""
        for path in self._typed_json:
            if named == path or named.startswith(f"{path}."):
                return field_named(source, path)
        return field_named(source, named) if self._leave_out else None


def left_out_of(source: bytes | str) -> tuple[str, ...]:
    """The paths in the flag of a document."""
    text = source if isinstance(source, bytes) else source.encode()
    if f'"{FLAGS}"'.encode() not in text:
        return ()
    flags = _AS_WRITTEN.decode(text).get(FLAGS)
    paths = flags.get(LEFT_OUT) if isinstance(flags, dict) else None
    return tuple(map(str, paths)) if isinstance(paths, list) else ()


def leave_out(source: bytes | str, paths: Iterable[str]) -> bytes:
    """The document without these fields, in every element of an array, and with the flag. A path that is missing
    is ignored."""
    document = _AS_WRITTEN.decode(source)
    flags = document.pop(FLAGS, {})
    named = sorted(set(paths))
    for path in named:
        _remove(document, path)
    return msgspec.json.encode({**document, FLAGS: _remaining(flags, named) | {LEFT_OUT: named}})


def as_flagged(truth: str, json_paths: Sequence[str], left_out: Sequence[str]) -> bytes:
    """The database's document as the index should hold it: with the flags, and without the fields that were dropped.

    A dropped field is no divergence as long as everything else is right."""
    document = flagged(truth.encode(), json_paths)
    return leave_out(document, left_out) if left_out else document


def _remaining(flags: dict[str, Any], dropped: list[str]) -> dict[str, Any]:
    """The other flags of a document, without those of dropped fields."""
    too_long = [path for path in flags.get(TOO_LONG, ()) if path not in dropped]
    return {TOO_LONG: too_long} if too_long else {}


def field_named(source: bytes | str, path: str) -> str | None:
    """The field of the document that an error of Elasticsearch is about: the path, or its longest prefix that exists.

    A sub-field (`name.keyword`) and a key inside a JSON field are not fields of their own."""
    document, prefix = _AS_WRITTEN.decode(source), path
    while prefix and not _has(document, prefix):
        prefix = prefix.rpartition(".")[0]
    return prefix if prefix and prefix != FLAGS else None


def _remove(value: Any, path: str) -> None:
    if isinstance(value, list):
        for element in value:
            _remove(element, path)
    elif isinstance(value, dict):
        for name, rest in _steps(value, path):
            if rest:
                _remove(value[name], rest)
            else:
                del value[name]


def _has(value: Any, path: str) -> bool:
    if isinstance(value, list):
        return any(_has(element, path) for element in value)
    if not isinstance(value, dict):
        return False
    return any(not rest or _has(value[name], rest) for name, rest in _steps(value, path))


def _steps(value: dict[str, Any], path: str) -> list[tuple[str, str]]:
    """The members that a path may begin with, and the rest of the path. A name may contain dots."""
    if path in value:
        return [(path, "")]
    return [(name, path[len(name) + 1 :]) for name in value if path.startswith(f"{name}.")]
