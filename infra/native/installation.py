"""Fetches the servers with Maven and unpacks them, once for each set of versions."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connections.private_files import touch_private_file
from infra.errors import RunnerError, WrongSettings
from infra.versions import ROOM, Versions

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64v8"}
_PLUGIN = ROOM / "elasticsearch-plugin"
_POM = ROOM / "native" / "servers.pom.xml"
_TAIL = 15


@dataclass(frozen=True)
class Installation:
    """The unpacked servers, read-only and shared by every stack, and the JDK that runs them."""

    root: Path
    java: Path

    @property
    def postgres(self) -> Path:
        """The directory with bin/postgres."""
        return self.root / "postgres"

    @property
    def kafka(self) -> Path:
        """The jars of the broker and of Connect, with the directory of their log4j2.xml."""
        return self.root / "kafka"

    @property
    def plugins(self) -> Path:
        """Connect's plugin.path."""
        return self.root / "connect-plugins"

    @property
    def elasticsearch(self) -> Path:
        """ES_HOME."""
        return self.root / "elasticsearch"


def fingerprint(versions: Versions, sources: Mapping[str, bytes]) -> str:
    """A name for an installation, derived from its contents: the versions, the POM and the plugin's sources."""
    digest = hashlib.sha256(repr(versions).encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name])
    return digest.hexdigest()[:12]


def maven_properties(versions: Versions, architecture: str, target: Path) -> list[str]:
    """The versions as Maven's command line takes them."""
    values = {
        "postgres.version": versions.postgres_binaries,
        "scala.version": versions.scala,
        "kafka.version": versions.kafka,
        "log4j.version": versions.log4j,
        "debezium.version": versions.debezium,
        "elasticsearch.version": versions.elasticsearch,
        "architecture": architecture,
        "target": str(target),
    }
    return [f"-D{name}={value}" for name, value in values.items()]


def install(cache: Path, versions: Versions, java: Path, report: Callable[[str], None]) -> Installation:
    """The installation, fetched and unpacked first if it does not exist. `report` receives each step.

    Raises WrongSettings when Maven or the architecture's binaries are missing, RunnerError when a step fails."""
    sources = {path.name: path.read_bytes() for path in (_POM, *sorted(_PLUGIN.glob("*.*")))}
    root = cache / f"servers-{fingerprint(versions, sources)}"
    if root.exists():
        return Installation(root, java)
    touch_private_file(cache / "lock")
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            partial = cache / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _fetch(versions, java, partial, report)
            _unpack(partial, report)
            report("compiling the analysis plugin of Elasticsearch")
            _build_plugin(Installation(partial, java), versions)
            _make_readable(partial)
            partial.rename(root)
    return Installation(root, java)


def _fetch(versions: Versions, java: Path, target: Path, report: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise WrongSettings("Maven (mvn) is not on the PATH. Install it: the servers are fetched with it.")
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise WrongSettings(
            f"There are no PostgreSQL binaries for {platform.machine()}. Use infra/compose.yaml instead."
        )
    report("fetching servers with Maven")
    command = [maven, "-B", "-f", str(_POM), "initialize", *maven_properties(versions, architecture, target)]
    environment = _java_environment(java)
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if "Downloaded from" in line:
                report("fetched " + line.split("://", 1)[-1].split(" ")[0].rpartition("/")[2])
    if process.returncode:
        raise RunnerError("Maven could not fetch the servers. Its output:\n" + "\n".join(tail))


def _java_environment(java: Path) -> dict[str, str]:
    return {**os.environ, "JAVA_HOME": str(java)}


def _unpack(root: Path, report: Callable[[str], None]) -> None:
    archives = root / "archives"
    report("unpacking PostgreSQL")
    with zipfile.ZipFile(archives / "postgres.jar") as jar:
        inner = next(name for name in jar.namelist() if name.endswith(".txz"))
        with jar.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|xz") as archive:
            archive.extractall(root / "postgres", filter="tar")
    report("unpacking Debezium")
    with tarfile.open(archives / "debezium.tar.gz") as archive:
        archive.extractall(root / "connect-plugins", filter="tar")
    report("unpacking Elasticsearch")
    with zipfile.ZipFile(archives / "elasticsearch.zip") as archive_zip:
        archive_zip.extractall(root)
    next(root.glob("elasticsearch-*")).rename(root / "elasticsearch")
    for program in (root / "elasticsearch/bin").iterdir():
        program.chmod(0o755)
    shutil.copy(ROOM / "services/log4j2.xml", root / "kafka/log4j2.xml")
    shutil.rmtree(archives)


def _build_plugin(installation: Installation, versions: Versions) -> None:
    target = installation.elasticsearch / "plugins/rowtide-analysis"
    classes = installation.root / "classes"
    command = [
        str(installation.java / "bin/javac"),
        *("--release", "21", "-proc:none", "-Xlint:-options", "-d", str(classes)),
        *("-cp", f"{installation.elasticsearch}/lib/*"),
        *(str(source) for source in sorted(_PLUGIN.glob("*.java"))),
    ]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    if compiled.returncode:
        raise RunnerError(
            f"The analysis plugin does not compile against Elasticsearch {versions.elasticsearch}:\n{compiled.stderr}"
        )
    target.mkdir(parents=True)
    with zipfile.ZipFile(target / "rowtide-analysis.jar", "w") as jar:
        for path in sorted(classes.rglob("*.class")):
            jar.write(path, path.relative_to(classes))
    shutil.rmtree(classes)
    descriptor = (_PLUGIN / "plugin-descriptor.properties").read_text()
    (target / "plugin-descriptor.properties").write_text(
        descriptor.replace("${elasticsearch.version}", versions.elasticsearch)
    )


def _make_readable(root: Path) -> None:
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
