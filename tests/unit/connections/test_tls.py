"""https on a port without TLS is reported as that, and not as a certificate that is not trusted."""

import socket
import threading
from collections.abc import Iterator

import pytest
from elastic_transport import TransportError
from elasticsearch import Elasticsearch

from cdc.connectors.client import Connect
from cdc.errors import WrongUse
from connections.connect import ConnectAccess
from connections.elasticsearch import failed_tls


@pytest.fixture
def plain_port() -> Iterator[int]:
    """The port of a server that answers everything in plain HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_all, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def _answer_all(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_elasticsearch_behind_a_plain_port(plain_port: int) -> None:
    url = f"https://127.0.0.1:{plain_port}"
    with Elasticsearch(url, max_retries=0) as client, pytest.raises(TransportError) as error:
        client.info()
    assert failed_tls(url, error.value) == (
        f"Elasticsearch at {url} does not speak TLS. Write http:// in ROWTIDE_ELASTICSEARCH_URL, or name the port that"
        " does."
    )


def test_kafka_connect_behind_a_plain_port(plain_port: int) -> None:
    url = f"https://127.0.0.1:{plain_port}"
    with Connect(ConnectAccess(url)) as connect, pytest.raises(WrongUse, match=r"Write http:// in ROWTIDE_CONNECT_URL"):
        connect.plugins()


def test_a_connection_that_ends_is_no_matter_of_certificates() -> None:
    assert failed_tls("https://127.0.0.1:9", ConnectionError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF")) is None
