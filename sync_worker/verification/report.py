"""The result of a verification, as values and as JSON. Contains no row values."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from read_model.types.canonical_json import FieldDifference

MAX_LISTED = 10_000
"""Documents listed by id; further ones are only counted."""

What = Literal["missing", "extra", "different"]


@dataclass(frozen=True, slots=True)
class Divergent:
    """A document that differs from the oracle: missing in the index, extra in the index, or with different fields."""

    id: str
    what: What
    differences: list[FieldDifference] = field(default_factory=list)

    @property
    def fields(self) -> list[str]:
        """The paths that differ."""
        return [each.path for each in self.differences]


@dataclass(slots=True)
class Report:
    """The result for one kind of document.

    `scope` describes which documents were compared, at or after `lsn`. `unsettled` documents changed during every
    comparison. `left_out` documents lack fields that Elasticsearch refused, carry the flag, and are equal otherwise.
    `unindexed` counts the documents of the index by field with a value that does not fit the type that the spec
    chooses."""

    document: str
    lsn: str
    scope: str = "all"
    compared: int = 0
    divergent: int = 0
    unsettled: int = 0
    left_out: int = 0
    unindexed: dict[str, int] = field(default_factory=dict)
    listed: list[Divergent] = field(default_factory=list)
    listed_left_out: dict[str, list[str]] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Whether every compared document equals the oracle."""
        return not self.divergent and not self.unsettled

    def add(self, divergent: Divergent) -> None:
        """Count a divergent document, and list it while there are fewer than MAX_LISTED."""
        self.divergent += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(divergent)

    def add_left_out(self, id_: str, paths: tuple[str, ...]) -> None:
        """Count a document with dropped fields, and list it while there are fewer than MAX_LISTED."""
        self.left_out += 1
        if len(self.listed_left_out) < MAX_LISTED:
            self.listed_left_out[id_] = list(paths)

    @property
    def as_json(self) -> dict[str, Any]:
        """The JSON of `--output json`, which `rowtide repair --from-verify` reads."""
        return {
            "document": self.document,
            "scope": self.scope,
            "lsn": self.lsn,
            "compared": self.compared,
            "divergent": self.divergent,
            "unsettled": self.unsettled,
            "left_out": self.left_out,
            "unindexed": self.unindexed,
            "ids": [{"id": each.id, "what": each.what, "fields": each.fields} for each in self.listed],
            "left_out_ids": [{"id": id_, "fields": paths} for id_, paths in self.listed_left_out.items()],
        }


def report_json(reports: list[Report]) -> str:
    """All reports as one JSON text."""
    return msgspec.json.encode({"documents": [report.as_json for report in reports]}).decode()
