"""Compares a case's documents with the database, with what its files expect, and with the fields that should be left out."""

from collections.abc import Iterator, Sequence
from functools import partial

from read_model.elasticsearch.index_body import FLAGS, LEFT_OUT, TOO_LONG
from read_model.types.canonical_json import differences
from rowtide.conformance.case import Case
from rowtide.conformance.combined_spec import alias
from rowtide.conformance.index import Index
from rowtide.conformance.result import Deviation
from rowtide.programs import ROWTIDE, ProgramFailed, Programs, last_json

_VERIFY_SECONDS = 300.0


class Comparison:
    """Looks at the documents of one pipeline."""

    def __init__(self, pipeline: str, programs: Programs, index: Index) -> None:
        self._pipeline, self._programs, self._index = pipeline, programs, index

    def with_database(self, step: int, cases: Sequence[Case]) -> dict[str, tuple[int, list[Deviation]]]:
        """What `rowtide verify` says, by case: how many documents it compared, and which deviate from the oracle query."""
        command = (*ROWTIDE, "verify", "--output", "json")
        said = self._programs.run("verify", command, _VERIFY_SECONDS, accept=(0, 1))
        report = last_json(said)
        if report is None:
            raise ProgramFailed(f"verify gave no result:\n{said[-2000:]}")
        found: dict[str, tuple[int, list[Deviation]]] = {}
        for case in cases:
            prefix = alias(self._pipeline, case, "")
            names = {prefix + name for name in case.documents}
            own = [each for each in report["documents"] if each["document"] in names]
            deviations = [
                Deviation(step, "the database", each["document"].removeprefix(prefix), one["id"], _where(one))
                for each in own
                for one in each["ids"]
            ]
            unsettled = [
                Deviation(step, "the database", each["document"].removeprefix(prefix), "?", "never at rest")
                for each in own
                if each["unsettled"]
            ]
            found[case.name] = (sum(each["compared"] for each in own), deviations + unsettled)
        return found

    def with_expected(self, step: int, case: Case) -> Iterator[Deviation]:
        """Compare with `expected/`: every document kind that the file of this step names. `with_flags` compares flags."""
        for name, wanted in case.expected.get(step, {}).items():
            held = self._index.documents(alias(self._pipeline, case, name))
            for id_ in sorted(held.keys() | wanted.keys()):
                right = wanted.get(id_)
                for each in differences(held.get(id_), None if right is None else bytes(right)):
                    if each.path == FLAGS:
                        continue
                    yield Deviation(step, "the expectation", name, id_, each.path, each.index, each.oracle)

    def with_flags(self, step: int, case: Case) -> Iterator[Deviation]:
        """Compare the fields that are left out with those that the case names, where it names any."""
        for flag, kinds, held_of in (
            ("_ignored", case.ignored, self._index.ignored),
            (f"{FLAGS}.{LEFT_OUT}", case.left_out, partial(self._index.flagged, LEFT_OUT)),
            (f"{FLAGS}.{TOO_LONG}", case.too_long, partial(self._index.flagged, TOO_LONG)),
        ):
            for name, wanted in kinds.items():
                held = held_of(alias(self._pipeline, case, name))
                for id_ in sorted(held.keys() | wanted.keys()):
                    found, right = ", ".join(sorted(held.get(id_, []))), ", ".join(sorted(wanted.get(id_, [])))
                    if found != right:
                        yield Deviation(step, "the index's flags", name, id_, flag, found, right)


def _where(one: dict[str, object]) -> str:
    fields = one["fields"]
    return ", ".join(map(str, fields)) if isinstance(fields, list) and fields else str(one["what"])
