"""What a verification found, as values and as JSON. Values of rows are left out."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from read_model.types.canonical_json import Difference

LISTED = 10_000
"""Documents that are named, at most; all are counted."""

What = Literal["missing", "extra", "different"]


@dataclass(frozen=True, slots=True)
class Divergent:
    """One document that is not what the database says: not in the index, in the index alone, or with other fields."""

    id: str
    what: What
    differences: list[Difference] = field(default_factory=list)

    @property
    def fields(self) -> list[str]:
        """The paths that differ."""
        return [each.path for each in self.differences]


@dataclass(slots=True)
class Report:
    """The result for one kind of document.

    `scope` says which were compared, `lsn` the position from which on. `unsettled` documents changed during every look.
    `left_out` documents lack fields that Elasticsearch refused, are flagged as such, and are right otherwise."""

    document: str
    lsn: str
    scope: str = "all"
    compared: int = 0
    divergent: int = 0
    unsettled: int = 0
    left_out: int = 0
    listed: list[Divergent] = field(default_factory=list)
    listed_left_out: dict[str, list[str]] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Whether every document that was compared is what the database says."""
        return not self.divergent and not self.unsettled

    def add(self, found: Divergent) -> None:
        """Count a divergent document, and name it while there is room."""
        self.divergent += 1
        if len(self.listed) < LISTED:
            self.listed.append(found)

    def add_left_out(self, id_: str, paths: tuple[str, ...]) -> None:
        """Count a document with fields left out, and name it while there is room."""
        self.left_out += 1
        if len(self.listed_left_out) < LISTED:
            self.listed_left_out[id_] = list(paths)

    @property
    def as_json(self) -> dict[str, Any]:
        """For `--output json`, and for `rowtide repair --from-verify`."""
        return {
            "document": self.document,
            "scope": self.scope,
            "lsn": self.lsn,
            "compared": self.compared,
            "divergent": self.divergent,
            "unsettled": self.unsettled,
            "left_out": self.left_out,
            "ids": [{"id": each.id, "what": each.what, "fields": each.fields} for each in self.listed],
            "left_out_ids": [{"id": id_, "fields": paths} for id_, paths in self.listed_left_out.items()],
        }


def report_json(reports: list[Report]) -> str:
    """All reports as one JSON text."""
    return msgspec.json.encode({"documents": [report.as_json for report in reports]}).decode()
