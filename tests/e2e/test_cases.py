"""Every case of tests/cases through the real pipeline: PostgreSQL, Debezium, Kafka, the worker, Elasticsearch.

ROWTIDE_RECORD=1 keeps the log of each case beside it, for tests/unit/cases.
"""

import os
from pathlib import Path

from infra.conformance.reading import read_cases
from infra.conformance.result import Result
from infra.conformance.run import run_cases
from infra.conformance.servers import Servers
from infra.stack import Stack
from tests.support.recording import Recorder
from tests.support.services import CHECKOUT

CASES = CHECKOUT / "tests" / "cases"


def run(stack: Stack, folder: Path, *groups: str) -> list[Result]:
    kept = "ROWTIDE_TEST_STACK" in os.environ
    servers = Servers(stack.addresses.environment(), None if kept else stack)
    cases = read_cases([CASES / group for group in groups])
    recorder = Recorder(stack.addresses.kafka_bootstrap_servers) if "ROWTIDE_RECORD" in os.environ else None
    try:
        return run_cases(cases, servers, folder, print, *([recorder] if recorder else []))
    finally:
        if recorder:
            recorder.close()


def wrong(results: list[Result]) -> str:
    lines = [f"{each.case}: {each.failure}" for each in results if each.failure]
    return "\n".join([*lines, *(f"{each.case}: {deviation}" for each in results for deviation in each.deviations)])


def test_semantics(stack: Stack, tmp_path: Path) -> None:
    results = run(stack, tmp_path, "semantics")
    assert not wrong(results), wrong(results)
    assert len(results) > 15
    assert all(result.compared for result in results if result.verdict == "equal")
