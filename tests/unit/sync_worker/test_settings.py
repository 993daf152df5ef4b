"""The worker's clients are configured from its settings, and an error names the setting to correct."""

import ssl
from pathlib import Path

import certifi
import pytest
from confluent_kafka import KafkaError, KafkaException
from elastic_transport import TlsError
from elasticsearch import Elasticsearch

from connections.elasticsearch import ElasticsearchAccess, client_options, httpx_options
from connections.kafka import KafkaAccess, KafkaErrors
from sync_worker import runner
from sync_worker.elasticsearch.access import unreachable
from sync_worker.errors import ServiceMissing, SettingsError
from sync_worker.log.consumer import worker_error
from sync_worker.settings import WorkerSettings

CA = Path(certifi.where())
NEEDED = {
    "SPEC": "orders.yaml",
    "POSTGRES_DSN": "postgresql://db/shop",
    "KAFKA_BOOTSTRAP_SERVERS": "one:9093",
    "ELASTICSEARCH_URL": "https://search:9200",
}


def settings(monkeypatch: pytest.MonkeyPatch, **more: str) -> WorkerSettings:
    for name, value in {**NEEDED, **more}.items():
        monkeypatch.setenv(f"ROWTIDE_{name}", value)
    return runner.load_settings()


def test_elasticsearch_with_a_key_and_a_certificate_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    access = settings(
        monkeypatch, ELASTICSEARCH_API_KEY="secret-canary", ELASTICSEARCH_CA=str(CA)
    ).elasticsearch_access()
    options = client_options(access)
    assert (options["api_key"], options["basic_auth"], options["ca_certs"]) == ("secret-canary", None, str(CA))
    assert "secret-canary" not in repr(access)
    read = httpx_options(access)
    assert read["headers"] == {"authorization": "ApiKey secret-canary"}
    assert isinstance(read["verify"], ssl.SSLContext)
    Elasticsearch(access.url, **options).close()


def test_without_tls_the_client_gets_no_certificates() -> None:
    access = ElasticsearchAccess("http://search:9200", username="me", password="mine", ca=CA)
    assert "ca_certs" not in client_options(access)
    assert client_options(access)["basic_auth"] == httpx_options(access)["auth"] == ("me", "mine")
    Elasticsearch(access.url, **client_options(access)).close()


def test_the_worker_reaches_kafka_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"SECURITY_PROTOCOL": "sasl_ssl", "SASL_MECHANISM": "PLAIN", "USERNAME": "me", "PASSWORD": "mine"}
    more = {f"KAFKA_{name}": value for name, value in {**login, "CA": str(CA)}.items()}
    assert settings(monkeypatch, **more).kafka == KafkaAccess("one:9093", "sasl_ssl", "PLAIN", "me", "mine", CA)


def test_wrong_settings_are_told_at_once_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(
            monkeypatch,
            KAFKA_SECURITY_PROTOCOL="sasl_ssl",
            KAFKA_PASSWORD="secret-canary",
            ELASTICSEARCH_URL="search:9200",
            ELASTICSEARCH_CA="nowhere.pem",
        )
    for name in ("KAFKA_PASSWORD", "ELASTICSEARCH_URL", "ELASTICSEARCH_CA"):
        assert f"ROWTIDE_{name}: " in str(caught.value)
    assert "secret-canary" not in str(caught.value)


def test_a_kafka_that_refuses_us_is_told_from_one_that_is_away() -> None:
    timed_out = KafkaException(KafkaError(KafkaError._TIMED_OUT))
    access = KafkaAccess("one:9093", password="secret-canary")
    errors = KafkaErrors()
    errors(KafkaError(KafkaError._TRANSPORT, "connecting to a PLAINTEXT broker listener?"))
    away_now = worker_error(errors, access, timed_out)
    assert isinstance(away_now, ServiceMissing)
    assert "PLAINTEXT broker listener?" in str(away_now)
    errors(KafkaError(KafkaError._AUTHENTICATION, "SASL authentication error"))
    rejected = worker_error(errors, access, timed_out)
    assert isinstance(rejected, SettingsError)
    assert "ROWTIDE_KAFKA_PASSWORD" in str(rejected)
    assert "secret-canary" not in str(rejected)


def test_a_certificate_that_is_not_trusted_is_a_wrong_setting() -> None:
    error = unreachable("https://search:9200", TlsError("CERTIFICATE_VERIFY_FAILED"))
    assert isinstance(error, SettingsError)
    assert "ROWTIDE_ELASTICSEARCH_CA" in str(error)
