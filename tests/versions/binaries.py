"""PostgreSQL of other versions, installed next to the native runner's own servers, from the same place."""

import platform
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from infra.native.installation import Installation

RELEASES = {14: "14.24", 15: "15.19", 16: "16.15", 17: "17.11", 18: "18.6"}
"""The release of each major version."""
_ARTIFACT = "io.zonky.test.postgres:embedded-postgres-binaries-linux-{architecture}:{release}.0"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_INITDB = """#!/bin/sh
# Before PostgreSQL 17 there is no built-in locale; without its options, the locale is C.
own=$(dirname "$0")/initdb.own
for option; do
  shift
  case "$option" in --locale-provider=*|--builtin-locale=*) ;; *) set -- "$@" "$option" ;; esac
done
exec "$own" "$@"
"""


def cache_with(major: int, installed: Installation, folder: Path) -> Path:
    """A folder for ROWTIDE_CACHE in which PostgreSQL has that version and everything else is the installation's."""
    root = folder / str(major) / installed.root.name
    root.mkdir(parents=True)
    for other in installed.root.iterdir():
        if other.name != "postgres":
            (root / other.name).symlink_to(other)
    with zipfile.ZipFile(_fetched(major, folder)) as jar:
        inner = next(name for name in jar.namelist() if name.endswith(".txz"))
        with jar.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|xz") as archive:
            archive.extractall(root / "postgres", filter="tar")
    if major < 17:
        initdb = root / "postgres" / "bin" / "initdb"
        initdb.rename(initdb.with_suffix(".own"))
        initdb.write_text(_INITDB, encoding="utf-8")
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return root.parent


def _fetched(major: int, folder: Path) -> Path:
    """The archive with the binaries, by Maven."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64v8"}[platform.machine()]
    artifact = _ARTIFACT.format(architecture=architecture, release=RELEASES[major])
    maven = shutil.which("mvn")
    assert maven, "Maven (mvn) is not on the PATH"
    target = folder / f"archive-{major}"
    command = [maven, "-B", "-q", _COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={target}"]
    subprocess.run(command, check=True)
    (archive,) = target.glob("*.jar")
    return archive
