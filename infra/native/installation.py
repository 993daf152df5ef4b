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

from infra.errors import RunnerError, WrongSettings
from infra.versions import ROOM, Versions

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64v8"}
_PLUGIN = ROOM / "elasticsearch-plugin"
_POM = ROOM / "servers.pom.xml"
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
    """Name an installation by what it is made of: the versions, the POM and the plugin's sources."""
    digest = hashlib.sha256(repr(versions).encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name])
    return digest.hexdigest()[:12]


def maven_properties(versions: Versions, architecture: str, target: Path) -> list[str]:
    """Return the versions as Maven takes them."""
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


def install(cache: Path, versions: Versions, java: Path, say: Callable[[str], None]) -> Installation:
    """Return the installation, fetched and unpacked first when it is not there yet. `say` gets each step."""
    sources = {path.name: path.read_bytes() for path in (_POM, *sorted(_PLUGIN.glob("*.*")))}
    root = cache / f"servers-{fingerprint(versions, sources)}"
    if root.exists():
        return Installation(root, java)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            partial = cache / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _fetch(versions, java, partial, say)
            _unpack(partial, say)
            say("compiling the analysis plugin of Elasticsearch")
            _build_plugin(Installation(partial, java), versions)
            _let_everybody_read(partial)
            partial.rename(root)
    return Installation(root, java)


def _fetch(versions: Versions, java: Path, target: Path, say: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise WrongSettings("Maven is not on the PATH, and the servers are fetched with it; install Maven (mvn).")
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise WrongSettings(f"There are no PostgreSQL binaries for {platform.machine()}; use infra/compose.yaml.")
    say("fetching servers with Maven")
    command = [maven, "-B", "-f", str(_POM), "initialize", *maven_properties(versions, architecture, target)]
    environment = _java_environment(java)
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if "Downloaded from" in line:
                say("fetched " + line.split("://", 1)[-1].split(" ")[0].rpartition("/")[2])
    if process.returncode:
        raise RunnerError(
            "Maven could not fetch the servers; see what it says below, then try again:\n" + "\n".join(tail)
        )


def _java_environment(java: Path) -> dict[str, str]:
    return {**os.environ, "JAVA_HOME": str(java)}


def _unpack(root: Path, say: Callable[[str], None]) -> None:
    archives = root / "archives"
    say("unpacking PostgreSQL")
    with zipfile.ZipFile(archives / "postgres.jar") as jar:
        inner = next(name for name in jar.namelist() if name.endswith(".txz"))
        with jar.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|xz") as archive:
            archive.extractall(root / "postgres", filter="tar")
    say("unpacking Debezium")
    with tarfile.open(archives / "debezium.tar.gz") as archive:
        archive.extractall(root / "connect-plugins", filter="tar")
    say("unpacking Elasticsearch")
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


def _let_everybody_read(root: Path) -> None:
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
