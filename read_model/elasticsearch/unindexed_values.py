"""Counts the documents of an index with values that do not fit the type of their field: Elasticsearch keeps them in the
document, does not index them, and names the field in `_ignored`."""

from collections.abc import Iterable, Mapping
from typing import Any


def unindexed_body(paths: Iterable[str]) -> dict[str, Any]:
    """The search that counts the documents with a value of these fields that is not indexed."""
    filters = {path: {"term": {"_ignored": path}} for path in paths}
    return {"size": 0, "track_total_hits": False, "aggs": {"paths": {"filters": {"filters": filters}}}}


def unindexed_counts(response: Mapping[str, Any]) -> dict[str, int]:
    """The counts above 0 in the response, by path."""
    buckets = response["aggregations"]["paths"]["buckets"]
    return {path: int(bucket["doc_count"]) for path, bucket in buckets.items() if bucket["doc_count"]}
