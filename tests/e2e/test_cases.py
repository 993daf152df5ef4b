"""Every case of tests/cases through the real pipeline: PostgreSQL, Debezium, Kafka, the worker, Elasticsearch.

ROWTIDE_RECORD=1 keeps the log of each case in its folder, for tests/unit/cases.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.native.stack import Stack
from rowtide.conformance.case import Case
from rowtide.conformance.loader import read_cases
from rowtide.conformance.result import CaseResult
from rowtide.conformance.run import Surroundings, run_cases
from rowtide.conformance.servers import Servers
from tests.support.builders.recording import Recorder
from tests.support.paths import CASES

ALL = read_cases([CASES])
KEPT = "ROWTIDE_TEST_STACK" in os.environ


HOSTILE = {
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "DateStyle": "German,DMY",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "extra_float_digits": "-15",
    "idle_in_transaction_session_timeout": "900ms",
    "idle_session_timeout": "900ms",
    "IntervalStyle": "sql_standard",
    "lock_timeout": "1ms",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "search_path": "nowhere",
    "standard_conforming_strings": "off",
    "statement_timeout": "500ms",
    "TimeZone": "Europe/Amsterdam",
    "transaction_timeout": "500ms",
    "transform_null_equals": "on",
    "xmloption": "document",
}
"""Settings of a database that would change values or end sessions if Rowtide's own did not set them."""


def run(stack: Stack, folder: Path, cases: list[Case], parameters: Mapping[str, str] | None = None) -> list[CaseResult]:
    servers = Servers(stack.addresses.environment(), None if KEPT else stack)
    recorder = Recorder(stack.addresses.kafka) if "ROWTIDE_RECORD" in os.environ else None
    try:
        surroundings = Surroundings(servers, folder, print, parameters or {})
        return run_cases(cases, surroundings, *([recorder] if recorder else []))
    finally:
        if recorder:
            recorder.close()


def wrong(results: list[CaseResult]) -> str:
    lines = [f"{each.case}: {each.failure}" for each in results if each.failure]
    return "\n".join([*lines, *(f"{each.case}: {deviation}" for each in results for deviation in each.deviations)])


def test_cases_that_share_a_pipeline(stack: Stack, tmp_path: Path) -> None:
    """Every type and situation, in a database whose settings are hostile."""
    results = run(stack, tmp_path, [case for case in ALL if not case.alone], HOSTILE)
    assert not wrong(results), wrong(results)
    assert {result.verdict for result in results} == {"equal", "refused"}
    assert all(result.compared for result in results if result.verdict == "equal")


def kills_servers(case: Case) -> bool:
    return any(fault.program != "worker" and fault.how in ("kill", "pause") for fault in case.faults)


@pytest.mark.parametrize("case", [case for case in ALL if case.alone], ids=lambda case: case.name)
def test_cases_that_need_a_pipeline_alone(case: Case, stack: Stack, tmp_path: Path) -> None:
    if KEPT and kills_servers(case):
        pytest.skip("it kills servers, and these belong to others as well")
    (result,) = run(stack, tmp_path, [case])
    assert result.verdict == "equal", wrong([result])
