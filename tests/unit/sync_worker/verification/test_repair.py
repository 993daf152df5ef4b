"""What is repaired, in which order, and how a verification's JSON is read."""

from typing import Any, cast

import pytest

from cdc.log.lsn import Lsn
from connections.worker import RowsReread
from read_model.catalog.catalog import Column
from read_model.plan.model import DocumentPlan
from sync_worker.errors import SettingsError
from sync_worker.verification.repair import BATCH, ids_in_reports, ids_in_verify_json, may_be_key, repair
from sync_worker.verification.report import Divergent, Report, report_json
from sync_worker.verification.verify import Verifier
from tests.support.builders import plans

DOCUMENT = plans.DOCUMENTS[0]


class Recorder:
    """Source, worker and prover in one; records the calls. The database contains the even ids."""

    def __init__(self) -> None:
        self.did: list[Any] = []

    def lsn(self) -> Lsn:
        self.did.append("lsn")
        return Lsn(90)

    def present(self, _: Any, ids: list[str]) -> set[str]:
        self.did.append("present")
        return {id_ for id_ in ids if id_.isdecimal() and int(id_) % 2 == 0}

    def reread(self, name: str, ids: list[str]) -> RowsReread:
        self.did.append((name, ids))
        return RowsReread(100, 3, 1)

    def remove(self, name: str, ids: list[str], lsn: int) -> None:
        self.did.append(("remove", name, ids, lsn))

    def wait(self, lsn: Lsn) -> None:
        self.did.append(lsn)

    def some(self, _: Any, ids: list[str], scope: str) -> Report:
        self.did.append((scope, len(ids)))
        return Report(DOCUMENT.name, "0/0", scope, compared=len(ids))


def test_documents_are_verified_once_searchable_and_extra_ones_deleted() -> None:
    recorder = Recorder()
    done = repair(DOCUMENT, ["2", "3", "no number", "2"], recorder, recorder, recorder.wait, cast(Verifier, recorder))
    assert recorder.did == [
        "lsn",
        "present",
        (DOCUMENT.name, ["2", "3"]),
        101,
        90,
        ("remove", DOCUMENT.name, ["3", "no number"], 90),
        ("repaired", 3),
    ]
    assert (done.requested, done.rows, done.changed, done.as_json["proven"]) == (3, 3, 1, True)


def test_many_documents_go_in_batches() -> None:
    recorder = Recorder()
    done = repair(
        DOCUMENT, [str(2 * n) for n in range(BATCH + 1)], recorder, recorder, recorder.wait, cast(Verifier, recorder)
    )
    assert [len(did[1]) for did in recorder.did if isinstance(did, tuple) and did[0] == DOCUMENT.name] == [BATCH, 1]
    assert (done.rows, recorder.did[-1]) == (6, ("repaired", BATCH + 1))


@pytest.mark.parametrize(
    ("types", "id_", "possible"),
    [
        (["int4"], "12", True),
        (["int4"], "-2147483648", True),
        (["int4"], "2147483648", False),
        (["int8"], "1e3", False),
        (["text"], "anything", True),
        (["text"], "a\0", False),
        (["uuid"], "0d9c7f5a-0000-4000-8000-00000000000a", True),
        (["uuid"], "nothing", False),
        (["int4", "text"], '[1,"a"]', True),
        (["int4", "text"], '["a",1]', False),
        (["int4", "text"], "[1]", False),
        (["int4", "text"], "no array", False),
    ],
)
def test_an_id_that_no_row_can_have_is_told(types: list[str], id_: str, possible: bool) -> None:
    columns = tuple(Column(f"k{n}", type_) for n, type_ in enumerate(types))
    assert may_be_key(DocumentPlan("any", DOCUMENT.root, columns), id_) == possible


def test_what_verify_prints_is_read_back() -> None:
    report = Report("things", "0/0")
    report.add(Divergent("1", "missing"))
    report.add(Divergent('["a",2]', "extra"))
    named = ids_in_verify_json(report_json([report]).encode(), ["things", "pairs"])
    assert named == ids_in_reports([report]) == {"things": ["1", '["a",2]']}


@pytest.mark.parametrize("text", [b"", b"[]", b'{"documents": [{"document": 1}]}'])
def test_another_text_is_refused(text: bytes) -> None:
    with pytest.raises(SettingsError, match="not the output of `rowtide verify"):
        ids_in_verify_json(text, ["things"])


def test_another_specs_report_is_refused() -> None:
    with pytest.raises(SettingsError, match="no document others"):
        ids_in_verify_json(report_json([Report("others", "0/0")]).encode(), ["things"])
