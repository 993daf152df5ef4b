"""Clients of Kafka and Kafka Connect are configured from the settings."""

import ssl
from pathlib import Path

import certifi
import pytest

from cdc.connectors.apply import connect_access
from cdc.errors import WrongUse
from cdc.settings import Settings
from connections import connect
from connections.kafka import KafkaAccess, client_settings

CA = Path(certifi.where())


def test_a_kafka_without_tls_and_login_needs_its_address_alone() -> None:
    assert client_settings(KafkaAccess("one:9092,two:9092")) == {"bootstrap.servers": "one:9092,two:9092"}


def test_a_kafka_with_tls_and_a_login() -> None:
    access = KafkaAccess("one:9093", "sasl_ssl", "SCRAM-SHA-256", "worker", "secret-canary", CA)
    assert client_settings(access) == {
        "bootstrap.servers": "one:9093",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "worker",
        "sasl.password": "secret-canary",
        "ssl.ca.location": str(CA),
    }
    assert "secret-canary" not in repr(access)


@pytest.mark.parametrize(
    ("protocol", "keys"),
    [
        ("ssl", {"security.protocol", "ssl.ca.location"}),
        ("sasl_plaintext", {"security.protocol", "sasl.mechanism", "sasl.username", "sasl.password"}),
    ],
)
def test_only_what_the_protocol_knows_is_set(protocol: str, keys: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"SECURITY_PROTOCOL": protocol, "USERNAME": "me", "PASSWORD": "mine", "CA": str(CA)}
    for name, value in {**variables, "BOOTSTRAP_SERVERS": "one:9093"}.items():
        monkeypatch.setenv(f"ROWTIDE_KAFKA_{name}", value)
    assert set(client_settings(Settings.read().kafka)) == {"bootstrap.servers", *keys}


def test_a_missing_password_and_an_empty_ca_file_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificates")
    monkeypatch.setenv("ROWTIDE_KAFKA_SECURITY_PROTOCOL", "sasl_ssl")
    monkeypatch.setenv("ROWTIDE_KAFKA_CA", str(empty))
    monkeypatch.setenv("ROWTIDE_CONNECT_CA", str(tmp_path / "nowhere.pem"))
    with pytest.raises(WrongUse) as caught:
        Settings.read()
    message = str(caught.value)
    assert "ROWTIDE_KAFKA_PASSWORD: Value error, set it, and ROWTIDE_KAFKA_USERNAME" in message
    assert "ROWTIDE_KAFKA_CA: Value error, the file holds no certificates" in message
    assert "ROWTIDE_CONNECT_CA: Path does not point to a file" in message


def test_a_connect_with_tls_and_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = connect.client_options(connect.ConnectAccess("http://connect:8083"))
    assert plain == {"base_url": "http://connect:8083", "timeout": 90.0, "trust_env": False}
    for name, value in {"URL": "https://c:8083", "USERNAME": "me", "PASSWORD": "secret-canary", "CA": str(CA)}.items():
        monkeypatch.setenv(f"ROWTIDE_CONNECT_{name}", value)
    access = connect_access(Settings.read())
    options = connect.client_options(access)
    assert (options["base_url"], options["auth"]) == ("https://c:8083", ("me", "secret-canary"))
    assert isinstance(options["verify"], ssl.SSLContext)
    assert options["verify"].verify_mode is ssl.CERT_REQUIRED
    assert "secret-canary" not in repr(access)
