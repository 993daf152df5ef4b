"""Fields that Elasticsearch refused, left out of their document and flagged in it. Pure.

The flag is `_rowtide.left_out`, a list of paths such as `lines.price`, which every index maps as a keyword.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from read_model.elasticsearch import FLAGS, LEFT_OUT

_AS_WRITTEN = msgspec.json.Decoder(dict[str, Any], float_hook=lambda number: msgspec.Raw(number.encode()))


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
    document.pop(FLAGS, None)
    named = sorted(set(paths))
    for path in named:
        _remove(document, path)
    return msgspec.json.encode({**document, FLAGS: {LEFT_OUT: named}})


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
