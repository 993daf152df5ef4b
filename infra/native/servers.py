"""What each server needs to start: files, first-time steps, command line. Pure."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra import jaas
from infra.jaas import USER
from infra.native.installation import Installation
from infra.native.ports import LOOPBACK
from infra.settings import Service, StackSettings
from infra.versions import shipped


@dataclass(frozen=True)
class Secrets:
    """Created once for a stack: the password of `postgres` and `elastic`, those of USER in Kafka and Connect, and the id
    of the Kafka cluster."""

    password: str
    kafka_password: str
    connect_password: str
    cluster_id: str


@dataclass(frozen=True)
class Step:
    """Something done once, before the first start. `makes` is removed before a retry if the step did not finish."""

    name: str
    command: tuple[str, ...]
    makes: Path
    stdin: str = ""
    secret_file: Path | None = None  # Holds `stdin` while the step runs, for a program that wants a file.


@dataclass(frozen=True)
class Server:
    """How one server is started. Its directories and files are created before each start and belong to the server's
    user."""

    name: Service
    directory: Path
    command: tuple[str, ...]
    environment: dict[str, str]
    files: dict[Path, str] = field(default_factory=dict)
    directories: tuple[Path, ...] = ()
    steps: tuple[Step, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0


def _environment(directory: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(directory),
        "TMPDIR": str(directory / "tmp"),
        **more,
    }


def postgres(settings: StackSettings, installed: Installation, secrets: Secrets) -> Server:
    """PostgreSQL over TCP only: the path of a socket in a deep directory would be too long."""
    directory = settings.data_directory / "postgres"
    data = directory / "data"
    password_file = directory / "tmp/password"
    binaries = installed.postgres / "bin"
    overrides = {
        "config_file": str(directory / "postgresql.conf"),
        "listen_addresses": LOOPBACK,
        "port": str(settings.postgres_port),
        "unix_socket_directories": "",
    }
    if settings.profile == "test":
        overrides |= {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}
    initialise = Step(
        name="initdb",
        command=(
            *(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"),
        ),
        makes=data,
        stdin=secrets.password + "\n",
        secret_file=password_file,
    )
    return Server(
        name="postgres",
        directory=directory,
        command=(
            *(str(binaries / "postgres"), "-D", str(data)),
            *(word for name, value in overrides.items() for word in ("-c", f"{name}={value}")),
        ),
        environment=_environment(directory),
        files={directory / "postgresql.conf": shipped("postgresql.conf")},
        steps=(initialise,),
        stop_signal=signal.SIGINT,  # A fast shutdown: it does not wait for clients to disconnect.
    )


def _compilers(settings: StackSettings) -> tuple[str, ...]:
    """No optimizing compiler in short runs: it takes a third of the CPU time of a start (measured)."""
    return () if settings.profile == "bench" else ("-XX:TieredStopAtLevel=1",)


def _java(settings: StackSettings, installed: Installation, directory: Path, heap: int) -> tuple[str, ...]:
    return (
        str(installed.java / "bin/java"),
        *(f"-Xms{min(64, heap)}m", f"-Xmx{heap}m", "-XX:+UseSerialGC", *_compilers(settings)),
        *("-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true"),
        f"-Djava.io.tmpdir={directory / 'tmp'}",
    )


def _class_path(installed: Installation) -> str:
    return f"{installed.kafka}:{installed.kafka}/*"


def properties(shared: str, added: dict[str, str]) -> str:
    """A properties file with the settings of this machine appended."""
    return shared + "\n# Added by the runner.\n" + "".join(f"{name}={value}\n" for name, value in added.items())


def kafka(settings: StackSettings, installed: Installation, secrets: Secrets) -> Server:
    """The broker, which is its own controller. Both listeners require a login. The user of the clients' is created when
    the storage is formatted; nobody but the broker signs in to the controller's, which cannot use SCRAM."""
    directory = settings.data_directory / "kafka"
    logs = directory / "data"
    broker, controller = (f"{LOOPBACK}:{settings.kafka_port}", f"{LOOPBACK}:{settings.controller_port}")
    added = {
        "listeners": f"BROKER://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"BROKER://{broker}",
        "listener.security.protocol.map": "BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "sasl.mechanism.inter.broker.protocol": jaas.SCRAM,
        "listener.name.broker.sasl.enabled.mechanisms": jaas.SCRAM,
        "listener.name.broker.scram-sha-512.sasl.jaas.config": jaas.scram(USER, secrets.kafka_password),
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": jaas.plain(USER, secrets.kafka_password),
        "controller.quorum.bootstrap.servers": controller,
        "log.dirs": str(logs),
    }
    file = directory / "server.properties"
    java = _java(settings, installed, directory, settings.kafka_heap)
    user_file = directory / "tmp/user"
    format_command = (
        *(*java, "kafka.tools.StorageTool", "format", "--standalone"),
        *("-t", secrets.cluster_id, "-c", str(file), f"@{user_file}"),
    )
    user = f"--add-scram\n{jaas.SCRAM}=[name={USER},password={secrets.kafka_password}]\n"
    return Server(
        name="kafka",
        directory=directory,
        command=(*java, "kafka.Kafka", str(file)),
        environment=_environment(directory, CLASSPATH=_class_path(installed)),
        files={file: properties(shipped("kafka.properties"), added)},
        steps=(Step("format", format_command, logs, stdin=user, secret_file=user_file),),
    )


def connect_secrets(settings: StackSettings) -> Path:
    """The folder of the files in which Connect reads the passwords of its connectors."""
    return settings.data_directory / "connect/secrets"


def connect(settings: StackSettings, installed: Installation, secrets: Secrets) -> Server:
    """Kafka Connect, distributed, with Debezium. It signs in to Kafka, and its REST API requires a login."""
    directory = settings.data_directory / "connect"
    login, users = directory / "login.conf", directory / "users.properties"
    added = {
        "bootstrap.servers": f"{LOOPBACK}:{settings.kafka_port}",
        "listeners": f"http://{LOOPBACK}:{settings.connect_port}",
        "rest.advertised.host.name": LOOPBACK,
        "plugin.path": str(installed.plugins),
        **jaas.connect_logins("SASL_PLAINTEXT", jaas.SCRAM, jaas.scram(USER, secrets.kafka_password)),
        "config.providers.file.param.allowed.paths": str(connect_secrets(settings)),
    }
    file = directory / "connect.properties"
    java = _java(settings, installed, directory, settings.connect_heap)
    return Server(
        name="connect",
        directory=directory,
        command=(
            *(*java, f"-Djava.security.auth.login.config={login}"),
            *("org.apache.kafka.connect.cli.ConnectDistributed", str(file)),
        ),
        environment=_environment(directory, CLASSPATH=_class_path(installed)),
        files={
            file: properties(shipped("connect.properties"), added),
            login: jaas.connect_login(str(users)),
            users: f"{USER}={secrets.connect_password}\n",
        },
        directories=(connect_secrets(settings),),
    )


def elasticsearch(settings: StackSettings, installed: Installation, secrets: Secrets) -> Server:
    """Elasticsearch with security; the password of `elastic` goes into the keystore before the first start."""
    directory = settings.data_directory / "elasticsearch"
    config = directory / "config"
    added = {
        "path.data": str(directory / "data"),
        "path.logs": str(directory / "logs"),
        "network.host": LOOPBACK,
        "http.port": str(settings.elasticsearch_port),
        "transport.port": str(settings.transport_port),
    }
    heap = settings.elasticsearch_heap
    collector = "-XX:+UseG1GC" if settings.profile == "bench" else "-XX:+UseSerialGC"
    flags = (f"-Xms{heap}m", f"-Xmx{heap}m", collector, "-XX:-UsePerfData", *_compilers(settings))
    set_password = Step(
        name="keystore",
        command=(str(installed.elasticsearch / "bin/elasticsearch-keystore"), "add", "-xf", "bootstrap.password"),
        makes=config / "elasticsearch.keystore",
        stdin=secrets.password + "\n",
    )
    return Server(
        name="elasticsearch",
        directory=directory,
        command=(str(installed.elasticsearch / "bin/elasticsearch"),),
        environment=_environment(
            directory,
            ES_JAVA_HOME=str(installed.java),
            ES_PATH_CONF=str(config),
            ES_TMPDIR=str(directory / "tmp"),
            CLI_JAVA_OPTS="-XX:TieredStopAtLevel=1 -XX:-UsePerfData",
        ),
        files={
            config / "elasticsearch.yml": shipped("elasticsearch.yml")
            + "".join(f"{name}: {value}\n" for name, value in added.items()),
            config / "jvm.options": shipped("elasticsearch-jvm.options") + "".join(f"{flag}\n" for flag in flags),
            config / "log4j2.properties": shipped("elasticsearch-log4j2.properties"),
        },
        directories=(config, config / "jvm.options.d"),
        steps=(set_password,),
        stop_seconds=60.0,
    )


BUILDERS: dict[Service, Callable[[StackSettings, Installation, Secrets], Server]] = {
    "postgres": postgres,
    "kafka": kafka,
    "connect": connect,
    "elasticsearch": elasticsearch,
}
