"""Texts in json that the index ignores are flagged, and nothing else in the document changes."""

import msgspec
import pytest

from read_model.catalog.catalog import Column, TableName
from read_model.elasticsearch.index_body import flattened_paths
from read_model.plan.model import DocumentPlan, Field, Include, Join, Node
from sync_worker.elasticsearch.dropped_fields import as_flagged, leave_out
from sync_worker.elasticsearch.oversized_text import flagged, flagged_write
from tests.support.builders import plans

PATHS = ("about", "lines.more", "a.b")
FITS, LONG = "x" * 4096, "x" * 4097


def document(about: object, more: object = 1, prose: str = "p", dotted: object = 1) -> bytes:
    """A document with json in three places, and prose."""
    lines = [{"no": 1, "more": 1}, {"no": 2, "more": more}]
    return msgspec.json.encode({"about": about, "prose": prose, "lines": lines, "a.b": dotted})


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (document({"a": FITS, "b": [FITS]}, prose=LONG), None),
        (document({"a": [1, {"b": LONG}]}), ["about"]),
        (document(1, {"value": LONG}), ["lines.more"]),
        (document({"a": LONG}, [LONG], dotted=LONG), ["about", "lines.more", "a.b"]),
        (document({"a": '"' * 4097}), ["about"]),
        (document({"a": '"' * 4096}), None),
        (document({"a": "\\\\" * 2048}), None),
        # Characters count as Java counts them, not as bytes.
        (document({"a": "€" * 4096}), None),
        (document({"a": "😀" * 2049}), ["about"]),
        (document({LONG: 1}), None),
    ],
)
def test_only_a_long_text_inside_of_json_is_flagged(body: bytes, paths: list[str] | None) -> None:
    flag = b"" if paths is None else b',"_rowtide":' + msgspec.json.encode({"too_long": paths})
    assert flagged(body, PATHS) == body[:-1] + flag + b"}"
    action = b'{"index":{"_id":"1"}}\n'
    assert flagged_write(action + body + b"\n", PATHS) == action + body[:-1] + flag + b"}\n"


def test_what_is_no_document_stays() -> None:
    deletion = b'{"delete":{"_id":"' + LONG.encode() + b'"}}\n'
    assert flagged_write(deletion, PATHS) == deletion
    broken = b'{"about":"' + LONG.encode() + b'"'
    assert flagged(broken, PATHS) == broken


def test_a_dropped_field_is_no_longer_flagged_as_too_long() -> None:
    both = flagged(document({"a": LONG}, {"b": LONG}), PATHS)
    assert msgspec.json.decode(leave_out(both, ["prose"]))["_rowtide"] == {
        "too_long": ["about", "lines.more"],
        "left_out": ["prose"],
    }
    assert msgspec.json.decode(leave_out(both, ["about"]))["_rowtide"] == {
        "too_long": ["lines.more"],
        "left_out": ["about"],
    }
    truth = document({"a": LONG}, {"b": LONG}).decode()
    assert as_flagged(truth, PATHS, ()) == both
    assert as_flagged(truth, PATHS, ("about",)) == leave_out(both, ["about"])


def test_fields_of_json_that_the_index_holds_text_by_text() -> None:
    about = Column("about", "jsonb")
    child = Node(TableName("public", "c"), (plans.ID,), (Field("more", about), Field("n", about, ("n",))))
    fields = (
        Field("about", about),
        Field("shown", about, options={"type": "object"}),
        Field("name", plans.text("name")),
    )
    join = Join((plans.ID,), (plans.ID,))
    includes = (Include("lines", True, child, join), Include("each", True, child, join, value=True))
    root = Node(TableName("public", "t"), (plans.ID,), fields, includes=includes)
    assert flattened_paths(DocumentPlan("t", root, (plans.ID,))) == ("about", "lines.more", "each")
