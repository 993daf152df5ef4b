"""What became of each item of a bulk request, read from the response. Pure."""

import re
from enum import Enum
from typing import NamedTuple

import msgspec

from sync_worker.store.bulk import action_of


class Outcome(Enum):
    """Of one item. Absent (it was deleted before) is a success, and so is stale (Elasticsearch holds a higher version),
    if a worker gave that version out."""

    DONE = "done"
    STALE = "stale"
    ABSENT = "absent"
    RETRY = "retry"
    REJECTED = "rejected"


class ItemError(msgspec.Struct):
    """An error as Elasticsearch reports it, with its causes."""

    type: str = ""
    reason: str = ""
    caused_by: "ItemError | None" = None


class ItemResult(msgspec.Struct, rename={"id": "_id"}):
    """One entry of `items`, without its action."""

    status: int
    id: str = ""
    error: ItemError | None = None


class BulkResponse(msgspec.Struct):
    """The response, reduced by `filter_path`."""

    errors: bool
    items: list[dict[str, ItemResult]] = []


# Completes the type while there is one thread (docs/decisions/20261129-types-are-complete-at-import.md).
msgspec.json.Decoder(BulkResponse)


class Refusal(NamedTuple):
    """An item that was not taken: its place in the request, its id and why. `field` is the path that the reason
    names, `version` that of the document which a stale item met."""

    place: int
    id: str
    outcome: Outcome
    reason: str
    field: str = ""
    version: int = 0


BY_STATUS: dict[int, Outcome] = {
    404: Outcome.ABSENT,
    409: Outcome.STALE,
    429: Outcome.RETRY,
    500: Outcome.RETRY,
    502: Outcome.RETRY,
    503: Outcome.RETRY,
    504: Outcome.RETRY,
}
"""200 to 299 is done; a status that is not listed is a rejection."""

LONGEST_ID = 512
"""Bytes of an id. One longer id makes Elasticsearch refuse the whole request."""

RETRY_TYPES = {"cluster_block_exception", "index_not_found_exception", "es_rejected_execution_exception"}
"""Errors of the index, not of the document: they pass once an operator has acted."""

_NAMED = re.compile(r"""(?:field|mapping for) \[([^\]]+)\]|in field="([^"]+)\"""")
"""How Elasticsearch names a field: `failed to parse field [a] of type …`, `object mapping for [a]`, `immense term
in field="a"`."""


_HIGHER = re.compile(r"current version \[(\d+)\] is higher than the one provided \[\d+\]")
"""How Elasticsearch names the version that a write lost against. The text begins with the id, which may contain
anything, so the last match counts."""


def refusals(response: object, count: int) -> list[Refusal]:
    """The items that were not taken, stale ones included. When the response lacks an item, every item counts as one to retry."""
    decoded = msgspec.convert(response, BulkResponse)
    if not decoded.errors:
        return []
    if len(decoded.items) != count:
        return [Refusal(place, "", Outcome.RETRY, "no answer for the item") for place in range(count)]
    refused = []
    for place, item in enumerate(decoded.items):
        result = next(iter(item.values()))
        outcome = _outcome(result)
        if outcome in (Outcome.RETRY, Outcome.REJECTED):
            refused.append(Refusal(place, result.id, outcome, _reason(result), _field(result)))
        elif outcome is Outcome.STALE and (version := _version(result)):
            refused.append(Refusal(place, result.id, outcome, "", version=version))
    return refused


def _outcome(result: ItemResult) -> Outcome:
    if 200 <= result.status < 300:
        return Outcome.DONE
    if result.error is not None and result.error.type in RETRY_TYPES:
        return Outcome.RETRY
    return BY_STATUS.get(result.status, Outcome.REJECTED)


def _version(result: ItemResult) -> int:
    """The version that the index holds; 0 when Elasticsearch does not name it."""
    named = _HIGHER.findall(result.error.reason) if result.error else []
    return int(named[-1]) if named else 0


def _field(result: ItemResult) -> str:
    """The field that the error or its first cause with a field names; empty when none does."""
    error = result.error
    while error is not None:
        if named := _NAMED.search(error.reason):
            return named[1] or named[2]
        error = error.caused_by
    return ""


def _reason(result: ItemResult) -> str:
    """The error's types, and Elasticsearch's own text up to the first quoted value: no row value may get into a reason.

    An error of the index quotes no value, and its end explains what to do."""
    error = result.error
    if error is not None and error.type in RETRY_TYPES:
        return f"{error.type}: {error.reason[:300]}"
    types = []
    while error is not None:
        types.append(error.type)
        error = error.caused_by
    reason = result.error.reason if result.error else ""
    return f"{' < '.join(types) or result.status}: {reason.split(' Preview of ')[0].split(': ')[0][:300]}"


def refused_whole(status: int, body: object) -> str | None:
    """Why Elasticsearch refused a request as a whole, when its content is the cause; None when the refusal may pass.

    A 400 counts only with an error type of Elasticsearch: a proxy's 400 is about no document. The server's text is
    not repeated, because it quotes ids."""
    if status == 413:
        return "The document is larger than Elasticsearch's http.max_content_length."
    error = body.get("error") if isinstance(body, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    return f"{kind}: Elasticsearch refuses a request with this document." if status == 400 and kind else None


def unfit(body: bytes) -> Refusal | None:
    """The refusal of an item whose id Elasticsearch cannot hold. Deleting such a document is already done: `absent`."""
    action, id_ = action_of(body)
    size = len(id_.encode())
    if 0 < size <= LONGEST_ID:
        return None
    reason = f"The id has {size} bytes. Elasticsearch takes up to {LONGEST_ID}." if size else "The id is empty."
    return Refusal(0, id_, Outcome.ABSENT if action == "delete" else Outcome.REJECTED, reason)
