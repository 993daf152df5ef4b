"""What became of each item of a bulk request. Pure: response in, outcomes out."""

import re
from enum import Enum
from typing import Any, NamedTuple

import msgspec


class Outcome(Enum):
    """Of one document. `stale`: Elasticsearch holds a newer version. `absent`: it was gone already. Both are successes."""

    DONE = "done"
    STALE = "stale"
    ABSENT = "absent"
    RETRY = "retry"
    REJECTED = "rejected"


class ItemError(msgspec.Struct):
    """Elasticsearch's reason."""

    type: str = ""
    reason: str = ""
    caused_by: "ItemError | None" = None


class ItemResult(msgspec.Struct, rename={"id": "_id"}):
    """One entry of `items`, its action aside."""

    status: int
    id: str = ""
    error: ItemError | None = None


class BulkResponse(msgspec.Struct):
    """The response, cut down by `filter_path` to what is needed."""

    errors: bool
    items: list[dict[str, ItemResult]] = []


class Refusal(NamedTuple):
    """An item that was not taken: its place in the request, its id and why. `field` is the path that a rejection is about."""

    place: int
    id: str
    outcome: Outcome
    reason: str
    field: str = ""


BY_STATUS: dict[int, Outcome] = {
    404: Outcome.ABSENT,
    409: Outcome.STALE,
    429: Outcome.RETRY,
    500: Outcome.RETRY,
    502: Outcome.RETRY,
    503: Outcome.RETRY,
    504: Outcome.RETRY,
}
"""Statuses from 200 to 299 are done; anything that is not listed is a rejection."""

LONGEST_ID = 512
"""Bytes of an id that Elasticsearch takes; one longer id makes it refuse the whole request."""

RETRY_TYPES = {"cluster_block_exception", "index_not_found_exception", "es_rejected_execution_exception"}
"""Errors of the index, not of the document: they pass when an operator has acted."""

_NAMED = re.compile(r"""(?:field|mapping for) \[([^\]]+)\]|in field="([^"]+)\"""")
"""How Elasticsearch names a field: `failed to parse field [a] of type …`, `object mapping for [a]`, `immense term in field="a"`."""


def refusals(response: object, count: int) -> list[Refusal]:
    """The items that need something done. A response that does not answer for every item counts as retry for all."""
    decoded = msgspec.convert(response, BulkResponse)
    if not decoded.errors:
        return []
    if len(decoded.items) != count:
        return [Refusal(place, "", Outcome.RETRY, "no answer for the item") for place in range(count)]
    found = []
    for place, item in enumerate(decoded.items):
        result = next(iter(item.values()))
        outcome = _outcome(result)
        if outcome in (Outcome.RETRY, Outcome.REJECTED):
            found.append(Refusal(place, result.id, outcome, _reason(result), _field(result)))
    return found


def _outcome(result: ItemResult) -> Outcome:
    if 200 <= result.status < 300:
        return Outcome.DONE
    if result.error is not None and result.error.type in RETRY_TYPES:
        return Outcome.RETRY
    return BY_STATUS.get(result.status, Outcome.REJECTED)


def _field(result: ItemResult) -> str:
    """The field that the error names, or its first cause that names one."""
    error = result.error
    while error is not None:
        if named := _NAMED.search(error.reason):
            return named[1] or named[2]
        error = error.caused_by
    return ""


def _reason(result: ItemResult) -> str:
    """The error's types and Elasticsearch's own words up to the first quoted value: row values must not travel.

    An error of the index quotes none, and its last words say what to do."""
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
    """Why Elasticsearch took nothing of a request, when the fault lies in what was sent; None when it may pass.

    400 counts only with Elasticsearch's own word for it: a proxy's is none of a document. The text is left out: it quotes ids."""
    if status == 413:
        return "larger than Elasticsearch's http.max_content_length"
    error = body.get("error") if isinstance(body, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    return f"{kind}: Elasticsearch refuses a request with this document" if status == 400 and kind else None


def action_of(body: bytes) -> tuple[str, str]:
    """The action of an item's lines (`index` or `delete`) and the document's id."""
    ((action, meta),) = msgspec.json.decode(body.split(b"\n", 1)[0], type=dict[str, dict[str, Any]]).items()
    return action, str(meta["_id"])


def unfit(body: bytes) -> Refusal | None:
    """An item whose id Elasticsearch cannot hold. To delete such a document is done already: `absent`."""
    action, id_ = action_of(body)
    size = len(id_.encode())
    if 0 < size <= LONGEST_ID:
        return None
    reason = f"the id has {size} bytes, and Elasticsearch takes {LONGEST_ID} at most" if size else "the id is empty"
    return Refusal(0, id_, Outcome.ABSENT if action == "delete" else Outcome.REJECTED, reason)
