"""Finds a JDK that every server can run on: 21 or later, with the module that Elasticsearch loads."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import WrongSettings
from infra.native.identity import Identity, obstacle

OLDEST = 21
MODULE = "jdk.incubator.vector"
_PLACES = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/opt", "/usr/local", "/usr/local/lib/jvm")
_HOME_PLACES = (".sdkman/candidates/java", ".jdks", ".asdf/installs/java", ".local/share/mise/installs/java")


@dataclass(frozen=True)
class Candidate:
    """A directory that may be a JDK. `release` is the text of its release file, None without one."""

    home: Path
    release: str | None
    has_compiler: bool
    unreachable: str | None = None


def refusal(candidate: Candidate) -> str | None:
    """Why this JDK does not fit; None when it does."""
    if candidate.release is None:
        return "has no release file, so it is not a JDK"
    version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', candidate.release, re.MULTILINE)
    if version is None:
        return "does not state its version in its release file"
    if int(version[1]) < OLDEST:
        return f"is Java {version[1]}"
    if f" {MODULE} " not in re.sub(r'["\n]', " ", candidate.release):
        return f"lacks the module {MODULE}: it is a reduced runtime"
    if not candidate.has_compiler:
        return "has no bin/javac: it is a runtime, not a JDK"
    return candidate.unreachable


def choose(candidates: list[Candidate]) -> Path:
    """The first JDK that fits. Raises WrongSettings with the reason why each candidate does not."""
    rejected = []
    for candidate in candidates:
        reason = refusal(candidate)
        if reason is None:
            return candidate.home
        rejected.append(f"  {candidate.home}: {reason}")
    raise WrongSettings(
        f"No JDK {OLDEST} or later with {MODULE} was found. Install one (for example Temurin 25) and set JAVA_HOME "
        "to its directory. Candidates:\n" + ("\n".join(rejected) or "  none")
    )


def find_jdk(environment: Mapping[str, str], identity: Identity) -> Path:
    """Look in JAVA_HOME, for `java` on the PATH, then in the usual places, newest first. Raises WrongSettings."""
    homes: dict[Path, None] = dict.fromkeys(home.absolute() for home in _homes(environment))
    return choose([_inspect(home, identity) for home in homes])


def _homes(environment: Mapping[str, str]) -> Iterator[Path]:
    if set_home := environment.get("JAVA_HOME"):
        yield Path(set_home)
    if on_path := shutil.which("java", path=environment.get("PATH")):
        yield Path(on_path).resolve().parent.parent
    places = [Path(place) for place in _PLACES]
    if user_home := environment.get("HOME"):
        places += [Path(user_home) / place for place in _HOME_PLACES]
    for place in places:
        if os.access(place, os.R_OK | os.X_OK):
            yield from sorted((each for each in place.iterdir() if (each / "bin/java").exists()), reverse=True)


def _inspect(home: Path, identity: Identity) -> Candidate:
    release = home / "release"
    blocked = obstacle(home / "bin", identity) if home.exists() else None
    return Candidate(
        home=home,
        release=release.read_text() if release.is_file() else None,
        has_compiler=(home / "bin/javac").exists(),
        unreachable=f"user {identity.name} cannot enter {blocked}" if blocked else None,
    )
