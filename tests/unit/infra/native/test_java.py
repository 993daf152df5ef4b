"""Which directory is the JDK that the servers need, and the error if there is none."""

from pathlib import Path

import pytest

from infra.errors import WrongSettings
from infra.native.java import Candidate, choose, refusal

FULL = 'JAVA_VERSION="25.0.1"\nMODULES="java.base jdk.compiler jdk.incubator.vector"\n'


def candidate(release: str | None = FULL, *, has_compiler: bool = True, unreachable: str | None = None) -> Candidate:
    return Candidate(Path("/somewhere/jdk"), release, has_compiler, unreachable)


@pytest.mark.parametrize(
    ("looked_at", "reason"),
    [
        (candidate(None), "no release file"),
        (candidate(FULL.replace("25.0.1", "17.0.2")), "is Java 17"),
        (candidate(FULL.replace("25.0.1", "1.8.0_402")), "is Java 8"),
        (candidate(FULL.replace(" jdk.incubator.vector", "")), "lacks the module jdk.incubator.vector"),
        (candidate(has_compiler=False), "no bin/javac"),
        (candidate(unreachable="cannot be entered"), "cannot be entered"),
        (candidate("IMPLEMENTOR=x\n"), "does not state its version"),
    ],
)
def test_an_unfit_jdk_is_refused_with_its_reason(looked_at: Candidate, reason: str) -> None:
    refused = refusal(looked_at)
    assert refused is not None
    assert reason in refused


@pytest.mark.parametrize("version", ["21", "21.0.8", "25.0.1"])
def test_a_full_jdk_is_taken(version: str) -> None:
    fit = candidate(FULL.replace("25.0.1", version))
    assert choose([candidate(None), fit]) == fit.home


def test_the_error_lists_everything_that_was_looked_at() -> None:
    with pytest.raises(WrongSettings, match=r"set JAVA_HOME(.|\n)*no release file(.|\n)*is Java 17"):
        choose([candidate(None), candidate(FULL.replace("25.0.1", "17.0.2"))])
