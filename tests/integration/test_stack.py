"""The native runner with real servers."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connections.kafka import KafkaAccess, client_settings
from connections.wait import wait_until
from infra.errors import RunnerError, WrongSettings
from infra.native.stack import Stack
from infra.native.supervisor import descendants
from infra.settings import SERVICES, Service
from tests.support.paths import CHECKOUT
from tests.support.servers.services import Place, connect_client, data_directory, small_settings

OWNER = """
import os, sys
from infra.settings import read_settings
from infra.native.stack import Stack
stack = Stack(read_settings())
stack.start()
print("started", flush=True)
sys.stdin.read()
"""


def environment_of(data: Path, **more: str) -> dict[str, str]:
    settings = small_settings("killed", data)
    ports = {f"ROWTIDE_{name.upper()}": str(value) for name, value in settings if name.endswith("_port")}
    return {
        **os.environ,
        **ports,
        "ROWTIDE_HOME": str(CHECKOUT / ".rowtide"),
        "ROWTIDE_DATA": str(data),
        "ROWTIDE_STACK": "killed",
        "ROWTIDE_PROFILE": "test",
        "ROWTIDE_ELASTICSEARCH_HEAP": "512",
        "PYTHONPATH": str(CHECKOUT),
        **more,
    }


def supervisors(data: Path) -> list[int]:
    return [json.loads(file.read_text())["pid"] for file in (data / "run").glob("*.json")]


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def serves(stack: Stack, service: Service) -> bool:
    return wait_until(lambda: stack.is_ready(service), 60.0)


@pytest.fixture
def data() -> Iterator[Path]:
    with data_directory() as directory:
        yield directory


def test_servers_answer_with_the_versions_and_settings_of_the_room(stack: Stack, place: Place) -> None:
    with psycopg.connect(place.dsn) as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        assert connection.execute("SHOW server_version").fetchone() == ("18.6",)
    kafka = AdminClient(client_settings(stack.addresses.kafka))
    assert len(kafka.list_topics(timeout=5).brokers) == 1
    with connect_client(stack.addresses) as connect:
        plugins = connect.get("/connector-plugins").json()
    assert ("io.debezium.connector.postgresql.PostgresConnector", "3.7.0.Final") in [
        (plugin["class"], plugin["version"]) for plugin in plugins
    ]


def test_without_the_password_nobody_reads_the_log_or_the_connectors(stack: Stack) -> None:
    kafka, connect = stack.addresses.kafka, stack.addresses.connect
    controller = f"127.0.0.1:{stack.settings.controller_port}"
    guesses = [
        KafkaAccess(kafka.servers),
        KafkaAccess(controller),
        replace(kafka, password="guessed"),
        replace(kafka, servers=controller, mechanism="PLAIN", password="guessed"),
    ]
    assert "rowtide-connect-configs" in topics(kafka, 10.0)
    for access in guesses:
        with pytest.raises(KafkaException):
            topics(access, 1.0)
    with httpx.Client(base_url=connect.url, trust_env=False) as anybody, connect_client(stack.addresses) as operator:
        for path in ("/", "/connectors?expand=info", "/connectors/x/config", "/connector-plugins", "/admin/loggers"):
            assert anybody.get(path).status_code == 401, path
            assert anybody.get(path, auth=("rowtide", "guessed")).status_code == 401, path
        # These are between workers, which sign them with a key that is in Kafka.
        assert anybody.post("/connectors/x/tasks", json=[]).status_code == 400
        assert anybody.put("/connectors/x/fence").status_code == 400
        assert operator.get("/connectors").status_code == 200


def topics(access: KafkaAccess, seconds: float) -> set[str]:
    return set(AdminClient(client_settings(access) | {"log_level": 0}).list_topics(timeout=seconds).topics)


def test_no_command_line_or_log_shows_a_password(stack: Stack) -> None:
    environment = stack.addresses.environment()
    passwords = [value for name, value in environment.items() if name.endswith("PASSWORD")]
    assert len(passwords) == 3
    shown = b"".join(commands_of_all_processes()).decode(errors="replace")
    shown += "".join(log.read_text(errors="replace") for log in stack.log("kafka").parent.glob("*.log"))
    for expected in ("org.apache.kafka.connect.cli.ConnectDistributed", "UserScramCredentialRecord"):
        assert expected in shown
    assert not [password for password in passwords if password in shown]


def commands_of_all_processes() -> Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield file.read_bytes()


def process_status(pid: int) -> dict[str, str] | None:
    """The fields of /proc/PID/status; None when the process has ended: PostgreSQL's backends come and go."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
@pytest.mark.parametrize("service", SERVICES)
def test_servers_started_by_root_drop_user_and_groups(stack: Stack, service: Service) -> None:
    supervisor = stack.process(service)
    assert supervisor is not None
    user = pwd.getpwnam(stack.settings.run_as)
    statuses = [status for pid in descendants(supervisor.pid) if (status := process_status(pid)) is not None]
    assert statuses
    for status in statuses:
        assert status["Uid"].split() == [str(user.pw_uid)] * 4
        assert status["Gid"].split() == [str(user.pw_gid)] * 4
        assert status["Groups"].split() == []


def test_elasticsearch_asks_for_credentials_and_makes_api_keys(stack: Stack, place: Place) -> None:
    addresses = stack.addresses
    login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
    with httpx.Client(base_url=addresses.elasticsearch_url) as client:
        assert client.get("/_cluster/health").status_code == 401
        role = {"reader": {"indices": [{"names": [place.pipeline], "privileges": ["read"]}]}}
        response = client.post(
            "/_security/api_key", auth=login, json={"name": place.pipeline, "role_descriptors": role}
        )
        key = {"Authorization": f"ApiKey {response.json()['encoded']}"}
        assert client.put(f"/{place.pipeline}/_doc/1", headers=key, json={}).status_code == 403
        assert client.put(f"/{place.pipeline}/_doc/1", auth=login, json={}).status_code == 404


@pytest.mark.parametrize(
    ("analyzer", "text", "tokens"),
    [
        ({"tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}, "Café", ["cafe"]),
        ({"tokenizer": "standard", "filter": ["lowercase", "edge"]}, "Wire", ["wi", "wir", "wire"]),
        ({"tokenizer": "standard", "filter": ["lowercase", "synonyms"]}, "TV", ["television"]),
        ({"tokenizer": "standard", "filter": ["lowercase", "stems"]}, "Running books", ["running", "book"]),
        ({"tokenizer": "standard", "filter": ["unique"]}, "a b a", ["a", "b"]),
        ({"tokenizer": "uax_url_email"}, "to ann@example.org", ["to", "ann@example.org"]),
        ({"tokenizer": "whitespace", "filter": ["parts"]}, "Power500", ["Power500", "Power", "500"]),
        ({"tokenizer": "keyword", "char_filter": ["html_strip"]}, "<b>x</b>", ["x"]),
    ],
)
def test_analysis_components_of_a_stock_elasticsearch_are_there(
    stack: Stack, place: Place, analyzer: dict[str, object], text: str, tokens: list[str]
) -> None:
    addresses = stack.addresses
    filters = {
        "edge": {"type": "edge_ngram", "min_gram": 2, "max_gram": 10},
        "synonyms": {"type": "synonym_graph", "synonyms": ["tv => television"]},
        "stems": {"type": "stemmer", "language": "minimal_english"},
        "parts": {"type": "word_delimiter_graph", "preserve_original": True},
    }
    analysis = {"filter": filters, "analyzer": {"tried": {"type": "custom", **analyzer}}}
    login = (addresses.elasticsearch_username, addresses.elasticsearch_password)
    with httpx.Client(base_url=addresses.elasticsearch_url, auth=login, timeout=30.0) as client:
        client.put(f"/{place.pipeline}", json={"settings": {"analysis": analysis}}).raise_for_status()
        answer = client.post(f"/{place.pipeline}/_analyze", json={"analyzer": "tried", "text": text}).json()
        client.delete(f"/{place.pipeline}").raise_for_status()
    assert [token["token"] for token in answer["tokens"]] == tokens


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_starts_again_with_its_data(stack: Stack, place: Place, service: Service) -> None:
    with psycopg.connect(place.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    stack.kill(service)
    assert stack.ended() == [service]
    assert not stack.is_ready(service)
    stack.restart(service)
    assert stack.ended() == []
    with psycopg.connect(place.dsn) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_a_paused_service_does_not_answer_until_it_goes_on(stack: Stack) -> None:
    stack.pause("connect")
    assert not stack.is_ready("connect")
    stack.resume("connect")
    assert serves(stack, "connect")


def test_nothing_is_left_when_the_owner_is_killed(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=environment_of(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "started\n"
        everything = [each for supervisor in supervisors(data) for each in (supervisor, *descendants(supervisor))]
        assert len(everything) > 2 * len(SERVICES)
        owner.kill()
    assert wait_until(lambda: all(gone(pid) for pid in everything), 60.0)


def test_nothing_is_left_when_everything_but_the_servers_is_killed(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=environment_of(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "started\n"
        everything = [each for supervisor in supervisors(data) for each in (supervisor, *descendants(supervisor))]
        for pid in (owner.pid, *supervisors(data)):
            os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: all(gone(pid) for pid in everything), 60.0)


def rowtide(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rowtide", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_up_leaves_servers_running_and_down_ends_them(data: Path) -> None:
    environment = environment_of(data)
    up = rowtide(["up"], environment)
    assert up.returncode == 0, up.stderr
    try:
        without_ports = {name: value for name, value in environment.items() if not name.endswith("_PORT")}
        status = rowtide(["status", "-o", "json"], without_ports)
        assert status.returncode == 0
        assert {row["state"] for row in json.loads(status.stdout)["services"]} == {"ready"}
        assert rowtide(["up"], environment).returncode == 0
        pids = supervisors(data)
    finally:
        down = rowtide(["down"], environment)
    assert down.returncode == 0
    assert all(gone(pid) for pid in pids)
    assert rowtide(["status"], environment).returncode == 3


def test_ctrl_c_while_starting_leaves_nothing(data: Path) -> None:
    # Whoever runs the tests in the background of a script has SIGINT ignored, and hands that down.
    interruptible = ["env", "--default-signal=INT"]
    with subprocess.Popen(
        [*interruptible, sys.executable, "-m", "rowtide", "up", "--foreground"],
        env=environment_of(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as up:
        assert wait_until(lambda: len(supervisors(data)) == len(SERVICES), 120.0)
        everything = [each for supervisor in supervisors(data) for each in (supervisor, *descendants(supervisor))]
        up.send_signal(signal.SIGINT)
        assert up.wait(60.0) != 0
    assert all(gone(pid) for pid in everything)


def test_a_taken_port_is_named_with_its_setting(data: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        settings = small_settings("taken", data).model_copy(update={"kafka_port": port})
        with pytest.raises(WrongSettings, match=rf"{port} for kafka.*ROWTIDE_KAFKA_PORT"):
            Stack(settings).start()


def test_a_failed_server_prints_its_log_and_stops_the_others(data: Path) -> None:
    settings = small_settings("failing", data).model_copy(update={"kafka_heap": 1})
    stack = Stack(settings)
    with pytest.raises(RunnerError, match=r"kafka.*failed; see the end of(.|\n)*heap"):
        stack.start()
    assert stack.ended() == list(SERVICES)


def test_wrong_settings_are_told_all_at_once(data: Path) -> None:
    result = rowtide(["up"], environment_of(data, ROWTIDE_KAFKA_PORT="0", ROWTIDE_CONNECT_HEAP="much"))
    assert result.returncode == 2
    assert "ROWTIDE_KAFKA_PORT" in result.stderr
    assert "ROWTIDE_CONNECT_HEAP" in result.stderr
