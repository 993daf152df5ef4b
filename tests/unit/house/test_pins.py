"""Everything that is installed is pinned, with a hash of its contents: a registry that hands out something else, or a
new release of a dependency, changes nothing. `make audit` asks whether a pinned release has known faults."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.support.paths import CHECKOUT

REQUIREMENTS = sorted(CHECKOUT.glob("requirements*.txt"))
PIN = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[\w.!+]+)(?: ; [^\\]+)?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)"
)
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGE: dict[str, Any] = json.loads((CHECKOUT / "package.json").read_text(encoding="utf-8"))
LOCK: dict[str, Any] = json.loads((CHECKOUT / "package-lock.json").read_text(encoding="utf-8"))["packages"]


def pins(name: str) -> dict[str, str]:
    """The versions of a requirements file by name."""
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    return {match["name"]: match["version"] for match in PIN.finditer(text)}


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_has_one_version_and_its_hashes(file: Any) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert PIN.sub("", "\n".join(lines)).strip() == ""


@pytest.mark.parametrize(
    ("declared", "file"),
    [
        (PROJECT["dependencies"], "requirements.txt"),
        (PROJECT["dependencies"], "requirements-dev.txt"),
        (PROJECT["optional-dependencies"]["dev"], "requirements-dev.txt"),
    ],
    ids=["the program", "the program for developers", "the developers' tools"],
)
def test_what_is_declared_is_what_is_locked(declared: list[str], file: str) -> None:
    locked = pins(file)
    for requirement in declared:
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", requirement)
        assert match, f"{requirement} is not pinned exactly"
        assert locked[re.sub("[-_.]+", "-", match[1].lower())] == match[2]


def test_developers_test_the_releases_that_are_installed() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_every_package_of_the_page_has_one_version_and_its_digest() -> None:
    assert LOCK[""]["dependencies"] == PACKAGE["dependencies"]
    for name, version in PACKAGE["dependencies"].items():
        assert LOCK[f"node_modules/{name}"]["version"] == version
    for name, package in LOCK.items():
        assert not name or re.fullmatch(r"sha512-[\w+/]{86}==", package["integrity"]), name
        assert "hasInstallScript" not in package, f"{name} would run a script when it is installed"


@pytest.mark.parametrize("file", ["Makefile", "infra/Dockerfile"])
def test_nothing_is_installed_but_what_is_locked(file: str) -> None:
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    installs = re.findall(r"pip install[^\n|}]*", text)
    assert installs
    assert [each for each in installs if not {"--require-hashes", "--no-deps"} & set(each.split())] == []
    assert "npm install" not in text
