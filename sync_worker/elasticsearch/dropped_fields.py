"""Fields that Elasticsearch refused, left out of their document and flagged in it. Pure.

The flag is `_rowtide.left_out`, a list of paths such as `lines.price`, which every index maps as a keyword.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from read_model.elasticsearch.index_body import FLAGS, LEFT_OUT, TOO_LONG
from sync_worker.elasticsearch.bulk import Refusal
from sync_worker.elasticsearch.oversized_text import flagged

MOST_LEFT_OUT = 50
"""Fields that a document can do without; each costs a request."""

_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=lambda number: msgspec.Raw(number.encode()))


class DroppedFields(NamedTuple):
    """What an item had to do without: its id, the last refusal's reason, the paths of the fields."""

    id: str
    reason: str
    paths: tuple[str, ...]


class Bodies:
    """The request lines of a bulk's items. With `leave_out` a rejected document is tried again without the field that the
    rejection names, field by field, and flagged."""

    def __init__(self, bodies: list[bytes], leave_out: bool) -> None:
        self._bodies = bodies
        self._leave_out = leave_out
        self._changed: dict[int, bytes] = {}
        self.left_out: dict[int, DroppedFields] = {}

    def of(self, places: list[int]) -> list[bytes]:
        """The lines of these items."""
        return [self._changed.get(place) or self._bodies[place] for place in places]

    def without(self, refusal: Refusal) -> bool:
        """Leave the named field out of the item; False when the item has to be rejected as a whole."""
        place = refusal.place
        action, *documents = self._bodies[place].rstrip(b"\n").split(b"\n")
        so_far = self.left_out[place].paths if place in self.left_out else ()
        path = field_named(documents[0], refusal.field) if self._leave_out and refusal.field and documents else None
        if path is None or path in so_far or len(so_far) >= MOST_LEFT_OUT:
            self.left_out.pop(place, None)
            return False
        self.left_out[place] = DroppedFields(refusal.id, refusal.reason, (*so_far, path))
        self._changed[place] = action + b"\n" + leave_out(documents[0], (*so_far, path)) + b"\n"
        return True


def left_out_of(source: bytes | str) -> tuple[str, ...]:
    """The paths that a document says were left out of it."""
    text = source if isinstance(source, bytes) else source.encode()
    if f'"{FLAGS}"'.encode() not in text:
        return ()
    flags = _AS_WRITTEN.decode(text).get(FLAGS)
    paths = flags.get(LEFT_OUT) if isinstance(flags, dict) else None
    return tuple(map(str, paths)) if isinstance(paths, list) else ()


def leave_out(source: bytes | str, paths: Iterable[str]) -> bytes:
    """The document without these fields, in every element of an array, and with the flag. A path that is not there does no harm."""
    document = _AS_WRITTEN.decode(source)
    flags = document.pop(FLAGS, {})
    named = sorted(set(paths))
    for path in named:
        _remove(document, path)
    return msgspec.json.encode({**document, FLAGS: _remaining(flags, named) | {LEFT_OUT: named}})


def as_flagged(truth: str, json_paths: Sequence[str], left_out: Sequence[str]) -> bytes:
    """The database's document as the index should hold it: with the flags, and without what it was to do without.

    What was left out is no divergence as long as all the rest is right."""
    document = flagged(truth.encode(), json_paths)
    return leave_out(document, left_out) if left_out else document


def _remaining(flags: dict[str, Any], named: list[str]) -> dict[str, Any]:
    """What else is said of the document; of a field that is left out, nothing more."""
    too_long = [path for path in flags.get(TOO_LONG, ()) if path not in named]
    return {TOO_LONG: too_long} if too_long else {}


def field_named(source: bytes | str, path: str) -> str | None:
    """The field of the document that an error of Elasticsearch means: the path itself, or the longest beginning of it.

    A sub-field (`name.keyword`) and a key inside a JSON field are not fields of their own."""
    document, found, here = _AS_WRITTEN.decode(source), "", path
    while here:
        if _has(document, here):
            found = here
            break
        here = here.rpartition(".")[0]
    return found if found and found != FLAGS else None


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
    """The members that a path may begin with, and what then remains of it: names may hold dots themselves."""
    if path in value:
        return [(path, "")]
    return [(name, path[len(name) + 1 :]) for name in value if path.startswith(f"{name}.")]
