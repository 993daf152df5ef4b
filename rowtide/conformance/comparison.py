"""Compares a case's documents with the database, its expected documents and its expected flags."""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from read_model.elasticsearch.index_body import FLAGS, LEFT_OUT, TOO_LONG
from read_model.types.canonical_json import differences
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import alias
from rowtide.conformance.index import CaseIndex
from rowtide.conformance.result import Deviation
from rowtide.programs import Programs, run_verify
from sync_worker.elasticsearch.dropped_fields import leave_out, left_out_of

_VERIFY_SECONDS = 300.0


class Comparison:
    """Compares the documents of one pipeline."""

    def __init__(self, pipeline: str, programs: Programs, index: CaseIndex) -> None:
        self._pipeline, self._programs, self._index = pipeline, programs, index

    def with_database(self, step: int, cases: Sequence[Case]) -> dict[str, tuple[int, list[Deviation]]]:
        """Run `rowtide verify`. By case: the number of documents compared, and the deviations from the oracle."""
        reports = run_verify(self._programs, _VERIFY_SECONDS)
        by_case: dict[str, tuple[int, list[Deviation]]] = {}
        for case in cases:
            prefix = alias(self._pipeline, case, "")
            names = {prefix + name for name in case.documents}
            own = [document for document in reports if document["document"] in names]
            deviations = [
                Deviation(
                    step,
                    "the database",
                    document["document"].removeprefix(prefix),
                    difference["id"],
                    _where(difference),
                )
                for document in own
                for difference in document["ids"]
            ]
            unsettled = [
                Deviation(step, "the database", document["document"].removeprefix(prefix), "?", "changed all the time")
                for document in own
                if document["unsettled"]
            ]
            by_case[case.name] = (sum(document["compared"] for document in own), deviations + unsettled)
        return by_case

    def with_expected(self, step: int, case: Case) -> Iterator[Deviation]:
        """Compare with `expected/`: the documents that the file of this step names, except for fields that are flagged
        as left out. `with_flags` compares the flags."""
        for name, expected in case.expected.get(step, {}).items():
            held = self._index.documents(alias(self._pipeline, case, name))
            for id_ in sorted(held.keys() | expected.keys()):
                for each in differences(held.get(id_), _without_left_out(expected.get(id_), held.get(id_, b""))):
                    if each.path == FLAGS:
                        continue
                    yield Deviation(step, "the expectation", name, id_, each.path, each.index, each.oracle)

    def with_flags(self, step: int, case: Case) -> Iterator[Deviation]:
        """Compare the flagged fields with those that the case names, if it names any."""
        for flag, documents, read_flagged in (
            ("_ignored", case.ignored, self._index.ignored),
            (f"{FLAGS}.{LEFT_OUT}", case.left_out, partial(self._index.flagged, LEFT_OUT)),
            (f"{FLAGS}.{TOO_LONG}", case.too_long, partial(self._index.flagged, TOO_LONG)),
        ):
            for name, expected in documents.items():
                held = read_flagged(alias(self._pipeline, case, name))
                for id_ in sorted(held.keys() | expected.keys()):
                    actual, declared = (", ".join(sorted(fields.get(id_, []))) for fields in (held, expected))
                    if actual != declared:
                        yield Deviation(step, "the index's flags", name, id_, flag, actual, declared)


def _without_left_out(expected: msgspec.Raw | None, held: bytes) -> bytes | None:
    if expected is None:
        return None
    left_out = left_out_of(held)
    return leave_out(bytes(expected), left_out) if left_out else bytes(expected)


def _where(difference: dict[str, object]) -> str:
    fields = difference["fields"]
    return ", ".join(map(str, fields)) if isinstance(fields, list) and fields else str(difference["what"])
