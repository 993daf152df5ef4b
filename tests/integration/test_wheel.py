"""The wheel as users install it: its contents, and its commands in an environment and a folder without the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.docs.doc_shell import settings_as_environment
from tests.support.paths import CHECKOUT
from tests.support.servers.services import data_directory, small_settings

PACKAGES = {"rowtide", "cdc", "read_model", "connections", "http_server", "sync_worker", "search_api", "infra"}
APPLICATION = "rowtide/demo/application/"
"""Where the wheel has `writer`."""
NOT_SHIPPED = {"__pycache__", "build"}
COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Installation:
    """An environment that has the wheel, and the folder where its commands run."""

    python: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a command, which must succeed; what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def rowtide(self, *words: str, **variables: str) -> str:
        """Run `rowtide WORDS`."""
        return self.run(self.python.with_name("rowtide"), *words, **variables)

    def evaluate(self, expression: str) -> str:
        """What an expression is in the environment's Python."""
        return self.run(
            self.python, "-c", f"import rowtide.programs, rowtide.local_pipeline; print({expression})"
        ).strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (path,) = target.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installation(wheel: Path) -> Iterator[Installation]:
    """The wheel in a new environment. Its dependencies are those of this one, which are pinned."""
    with data_directory() as folder:
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
        python = environment / "bin" / "python"
        # pip runs here and installs there. A .pth file in a folder that is on the path only by another .pth file is not
        # read, so the checkout of an editable installation does not come along.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
        packages = next(environment.glob("lib/python*/site-packages"))
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        home = folder / "empty"
        home.mkdir(mode=0o755)
        yield Installation(python, home, _environment(os.environ, home))


def _environment(inherited: Mapping[str, str], home: Path) -> dict[str, str]:
    dropped = ("PYTHONPATH", "ROWTIDE_STACK", "ROWTIDE_DATA", "ROWTIDE_HOME")
    settings = settings_as_environment(small_settings("any", home))
    names = {name: value for name, value in settings.items() if name not in dropped}
    cache = inherited.get("ROWTIDE_CACHE", str(CHECKOUT / ".rowtide" / "cache"))
    return {
        **{name: value for name, value in inherited.items() if name not in dropped and not name.startswith("ROWTIDE_")},
        **names,
        "ROWTIDE_CACHE": cache,
    }


def shipped() -> Iterator[str]:
    """Every file of the packages and of the order application, by its name in the wheel."""
    for package in (*PACKAGES, "writer"):
        for path in (CHECKOUT / package).rglob("*"):
            name = path.relative_to(CHECKOUT)
            if path.is_file() and not NOT_SHIPPED.intersection(name.parts):
                yield f"{APPLICATION if package == 'writer' else ''}{name}"


def test_the_wheel_has_the_packages_and_their_data(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    files = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in files}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert sorted(set(shipped()) - set(files)) == []
    assert [package for package in PACKAGES if f"{package}/py.typed" not in files] == []
    assert "search_api/pages/static/vendor/htmx.min.js" in files
    assert [name for name in files if name.endswith("licenses/LICENSE")] != []


def test_the_installed_commands_come_from_the_wheel(installation: Installation) -> None:
    assert "Local servers" in installation.rowtide("--help")
    assert installation.rowtide("--version").startswith("rowtide ")
    environment = str(installation.python.parents[1])
    files = installation.evaluate(f"'\\n'.join(__import__(name).__file__ for name in {sorted(PACKAGES)})").splitlines()
    assert len(files) == len(PACKAGES)
    assert [file for file in files if not file.startswith(environment)] == []
    assert installation.evaluate("__import__('importlib.util').util.find_spec('writer')") == "None"
    assert "usage" in installation.run(*_writer(installation), "--help").lower()


def test_servers_start_and_the_shipped_spec_is_valid(installation: Installation) -> None:
    installation.rowtide("up")
    try:
        exports = installation.rowtide("status", "--env")
        administrator = next(
            line.partition("=")[2].strip("'") for line in exports.splitlines() if "ROWTIDE_POSTGRES_DSN" in line
        )
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        dsn = make_conninfo(administrator, dbname="shop")
        installation.run(*_writer(installation), "init", ROWTIDE_WRITER_DSN=dsn)
        spec = installation.evaluate("rowtide.local_pipeline.SHIPPED_SPEC")
        shown = installation.rowtide("documents", "show", "--spec", spec, ROWTIDE_POSTGRES_DSN=dsn)
        assert "orders" in shown
    finally:
        installation.rowtide("down", "--purge")
    assert (installation.folder / ".rowtide").is_dir()


def test_the_demo_runs_in_an_empty_folder(installation: Installation) -> None:
    shown = installation.rowtide("demo", "--orders", "50", "--rate", "20", "--seconds", "3")
    assert "/orders" in shown
    assert "Everything has stopped." in " ".join(shown.split())


def _writer(installation: Installation) -> list[str]:
    return installation.evaluate("'\\n'.join(rowtide.programs.WRITER)").splitlines()
