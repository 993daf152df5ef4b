"""What a run of the cases on one version showed, and the page that is written from it. Pure but for its two files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.paths import CHECKOUT

RESULTS = Path(__file__).with_name("results.json")
PAGE = CHECKOUT / "docs" / "reference" / "postgresql-versions.md"
GROUPS = {
    "types": "values of every type",
    "semantics": "situations of rows and keys",
    "refused": "what is rejected, with the fix",
    "definitions": "changes of definitions",
}
"""The folders of tests/cases, and what their cases are about."""

_HEAD = """\
# PostgreSQL versions

Which [case folders](../how-to/prove-your-own-case.md) pass on which version: their SQL goes through the whole pipeline,
and after each step every document is compared with the database. Written by `python -m tests.versions`, which fetches
the versions from Maven Central, and is not part of `make test`; that one runs everything on PostgreSQL 18.

"""


@dataclass(frozen=True)
class Outcome:
    """One version: `release`, such as 17.11; by folder the number of cases that passed; and the others with the reason:
    `lacking` if the version does not have what the case's SQL uses or `rowtide init` rejects it there, else `failed`."""

    release: str
    passed: dict[str, int]
    lacking: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def read() -> list[Outcome]:
    """The outcomes of the last runs, oldest version first."""
    return [Outcome(**outcome) for outcome in json.loads(RESULTS.read_text(encoding="utf-8"))]


def write(outcomes: Sequence[Outcome]) -> None:
    """Replace those of the same major versions, and write the page."""
    known = read() if RESULTS.exists() else []
    majors = {major(outcome.release): outcome for outcome in (*known, *outcomes)}
    ordered = [majors[version] for version in sorted(majors)]
    RESULTS.write_text(json.dumps([asdict(outcome) for outcome in ordered], indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page(ordered), encoding="utf-8")


def major(release: str) -> int:
    """The major version of a release."""
    return int(release.partition(".")[0])


def page(outcomes: Sequence[Outcome]) -> str:
    """The text of the page."""
    lines = [
        f"| cases | {' | '.join(outcome.release for outcome in outcomes)} |",
        f"| --- |{' ---: |' * len(outcomes)}",
        *(
            f"| {text} | {' | '.join(str(each.passed.get(name, 0)) for each in outcomes)} |"
            for name, text in GROUPS.items()
        ),
        f"| not possible in this version | {' | '.join(str(len(each.lacking)) for each in outcomes)} |",
        f"| failed | {' | '.join(str(len(each.failed)) for each in outcomes)} |",
    ]
    text = _HEAD + "\n".join(lines) + "\n"
    for title, reasons in (
        ("Not possible", [each.lacking for each in outcomes]),
        ("Failed", [each.failed for each in outcomes]),
    ):
        text += _section(title, [outcome.release for outcome in outcomes], reasons)
    return text


def _section(title: str, releases: Sequence[str], reasons: Sequence[Mapping[str, str]]) -> str:
    """The cases with the reason, and the versions with that reason."""
    versions: dict[tuple[str, str], list[str]] = {}
    for release, by_case in zip(releases, reasons, strict=True):
        for case, reason in by_case.items():
            versions.setdefault((case, reason), []).append(str(major(release)))
    if not versions:
        return ""
    rows = [
        f"| `{case}` | {', '.join(majors)} | {_cell(reason)} |" for (case, reason), majors in sorted(versions.items())
    ]
    return f"\n## {title}\n\n" + "\n".join(["| case | versions | reason |", "| --- | --- | --- |", *rows]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
