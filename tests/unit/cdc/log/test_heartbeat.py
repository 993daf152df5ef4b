"""The heartbeat's content and SQL."""

import base64
import json
import re
from collections.abc import Callable

import pytest

from cdc.log.catalogue import Tables, catalogue_query, faults_query, foreign_keys_query, schemas_query
from cdc.log.heartbeat import HeartbeatError, decode, emit_query
from cdc.log.recovery import Recovery
from tests.support.paths import CASES

FOLDER = CASES / "envelopes"


def test_a_real_heartbeat_identifies_database_and_tables() -> None:
    record = json.loads((FOLDER / "snapshot.json").read_text())["records"][-1]
    heartbeat = decode(base64.b64decode(record["value"]["message"]["content"]))
    assert heartbeat.slot == "rowtide_lab2"
    assert heartbeat.timeline == 1
    assert heartbeat.system.isdecimal()
    assert heartbeat.at_ms > 1_700_000_000_000
    assert set(heartbeat.catalogue) >= {"public.types", "Odd Schema.Weird.Table, ünï"}


def test_another_form_is_an_error_that_names_the_remedy_for() -> None:
    with pytest.raises(HeartbeatError, match="Cannot decode a heartbeat") as raised:
        decode(b'{"system": 1}')
    assert raised.value.recovery is Recovery.APPLY_CONNECTOR


def test_names_are_quoted_in_the_query() -> None:
    query = emit_query("shop", [("public", "it's"), ("public", "back\\slash")], signed=False)
    assert "('public', 'it''s')" in query
    assert "E'back\\\\slash'" in query
    assert "\n" not in query
    assert "'rowtide-hb'" in query


LATER = re.compile(r"pg_publication_namespace|prqual|prattrs|pubgencols|conperiod|indnullsnotdistinct|daticulocale")
"""Catalogues and columns that PostgreSQL 14 does not have."""


@pytest.mark.parametrize("query", [catalogue_query, faults_query, foreign_keys_query, schemas_query])
def test_the_oldest_version_has_what_a_heartbeat_reads(
    query: Callable[[str, Tables], str],
) -> None:
    sql = query("shop", [("public", "orders")])
    assert not LATER.findall(re.sub(r"'[^']*'", "", sql)), "a name in a text is looked up, and may be missing"
