"""`python -m tests.versions 14 15`: run the cases on other versions of PostgreSQL, and write the page of their results.

Without arguments, on all versions."""

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from infra.native.identity import find_identity
from infra.native.installation import Installation, install
from infra.native.java import find_jdk
from infra.native.stack import Stack
from infra.versions import read as read_versions
from rowtide.conformance.case import Case
from rowtide.conformance.loader import read_cases
from rowtide.conformance.result import CaseResult
from rowtide.conformance.run import Surroundings, run_cases
from rowtide.conformance.servers import Servers
from tests.support.paths import CASES
from tests.support.servers.services import data_directory, running_stack, small_settings
from tests.versions.binaries import RELEASES, cache_with
from tests.versions.outcomes import GROUPS, Outcome, write
from tests.versions.runnable import missing_in_sql, unrunnable


def main() -> int:
    """Run, print each outcome and write it. Returns 1 if a case failed."""
    majors = [int(word) for word in sys.argv[1:]] or list(RELEASES)
    failed = False
    with running_stack("versions") as stack:
        for major in majors:
            outcome = _outcome(stack, major)
            write([outcome])
            print(outcome, flush=True)  # noqa: T201  # It is a program.
            failed = failed or bool(outcome.failed)
    return int(failed)


def _outcome(stack: Stack, major: int) -> Outcome:
    cases = {name: read_cases([CASES / name]) for name in GROUPS}
    with ExitStack() as opened:
        folder = opened.enter_context(data_directory())
        settings = small_settings("version", folder / "data").model_copy(
            update={"cache": cache_with(major, _installation(stack), folder)}
        )
        server = opened.enter_context(Stack(settings, services=("postgres",)))
        addresses = replace(stack.addresses, postgres_dsn=server.addresses.postgres_dsn)
        everything = [case for group in cases.values() for case in group]
        lacking = unrunnable(addresses.postgres_dsn, everything, folder)
        logs = Path(tempfile.mkdtemp(prefix="rowtide-versions-"))
        surroundings = Surroundings(Servers(addresses.environment()), logs, lambda line: print(major, line, flush=True))  # noqa: T201
        results = [
            result
            for group in cases.values()  # In parts: each document is an index of its own.
            for result in run_cases([case for case in group if case.name not in lacking], surroundings)
        ]
    failures = {result.case: _failure(result) for result in results if result.verdict not in ("equal", "refused")}
    failed = {name: text for name, text in failures.items() if text}
    return Outcome(RELEASES[major], _passed(cases, {*lacking, *failed}), lacking, failed)


def _installation(stack: Stack) -> Installation:
    java = find_jdk(os.environ, find_identity(stack.settings.run_as))
    return install(stack.settings.cache_directory, read_versions(), java, lambda _state: None)


def _failure(result: CaseResult) -> str:
    reasons = [result.failure, *map(str, result.deviations)]
    return missing_in_sql(next(reason for reason in reasons if reason))


def _passed(cases: dict[str, list[Case]], without: set[str]) -> dict[str, int]:
    return {name: sum(case.name not in without for case in group) for name, group in cases.items()}


if __name__ == "__main__":
    sys.exit(main())
