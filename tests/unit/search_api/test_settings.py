"""The settings of the search API."""

import certifi
import pytest

from connections.elasticsearch import client_options
from search_api.access.callers import READING, SCOPES, anybody
from search_api.settings import InvalidSettings, read_settings


def test_every_fault_of_the_settings_is_told_at_once() -> None:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(elasticsearch_url="somewhere", api_port=0, request_timeout=0)
    assert all(name in str(caught.value) for name in ("ELASTICSEARCH_URL", "API_PORT", "REQUEST_TIMEOUT"))


def test_only_loopback_is_open_to_everybody() -> None:
    url = "http://127.0.0.1:9200"
    assert read_settings(elasticsearch_url=url, api_host="0.0.0.0").anybody is None
    assert read_settings(elasticsearch_url=url, api_anonymous=False).anybody is None
    assert read_settings(elasticsearch_url=url).anybody == anybody(frozenset(SCOPES), frozenset({"*"}))
    named = read_settings(elasticsearch_url=url, api_anonymous_pii="name, email")
    assert named.anybody == anybody(frozenset(SCOPES), frozenset({"name", "email"}))


def test_everybody_reads_elsewhere_and_keeps_nothing() -> None:
    elsewhere = {"elasticsearch_url": "http://127.0.0.1:9200", "api_host": "0.0.0.0", "api_anonymous": True}
    assert read_settings(**elsewhere).anybody == anybody(READING, frozenset())
    assert not {"save", "export"} & READING
    exporting = read_settings(**elsewhere, api_anonymous_export=True).anybody
    assert exporting == anybody(READING | {"export"}, frozenset())


def test_certificates_are_given_to_a_client_that_speaks_tls() -> None:
    ca = certifi.where()
    encrypted = read_settings(elasticsearch_url="https://search:9200", elasticsearch_ca=ca).elasticsearch_access()
    assert client_options(encrypted)["ca_certs"] == ca
    plain = read_settings(elasticsearch_url="http://search:9200", elasticsearch_ca=ca).elasticsearch_access()
    assert "ca_certs" not in client_options(plain)
    with pytest.raises(InvalidSettings, match="ROWTIDE_ELASTICSEARCH_CA: Path does not point to a file"):
        read_settings(elasticsearch_url="https://search:9200", elasticsearch_ca="nowhere.pem")
