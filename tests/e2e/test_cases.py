"""Every case of tests/cases through the real pipeline: PostgreSQL, Debezium, Kafka, the worker, Elasticsearch.

ROWTIDE_RECORD=1 keeps the log of each case in its folder, for tests/unit/cases.
"""

import os
from pathlib import Path

import pytest

from infra.native.stack import Stack
from rowtide.conformance.case import Case
from rowtide.conformance.loader import read_cases
from rowtide.conformance.result import CaseResult
from rowtide.conformance.run import run_cases
from rowtide.conformance.servers import Servers
from tests.support.builders.recording import Recorder
from tests.support.paths import CASES

ALL = read_cases([CASES])
KEPT = "ROWTIDE_TEST_STACK" in os.environ


def run(stack: Stack, folder: Path, cases: list[Case]) -> list[CaseResult]:
    servers = Servers(stack.addresses.environment(), None if KEPT else stack)
    recorder = Recorder(stack.addresses.kafka_bootstrap_servers) if "ROWTIDE_RECORD" in os.environ else None
    try:
        return run_cases(cases, servers, folder, print, *([recorder] if recorder else []))
    finally:
        if recorder:
            recorder.close()


def wrong(results: list[CaseResult]) -> str:
    lines = [f"{each.case}: {each.failure}" for each in results if each.failure]
    return "\n".join([*lines, *(f"{each.case}: {deviation}" for each in results for deviation in each.deviations)])


def test_cases_that_share_a_pipeline(stack: Stack, tmp_path: Path) -> None:
    results = run(stack, tmp_path, [case for case in ALL if not case.alone])
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
