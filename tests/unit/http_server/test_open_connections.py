"""Which connections stay open when there are too many."""

from hypothesis import given
from hypothesis import strategies as st

from http_server.client_network import Proxies, client_network
from http_server.open_connections import OpenConnection, OpenConnections


class Clients:
    """Opens connections, and records which ones were closed."""

    def __init__(self, connections: int, per_client: int, proxies: str = "") -> None:
        self.open_connections = OpenConnections(connections, per_client, Proxies(proxies))
        self.closed: list[OpenConnection] = []
        self.admitted: list[OpenConnection] = []

    def connect(self, address: str, works: bool = False) -> OpenConnection:
        """A new connection, that waits or for which the server works."""

        def close() -> None:
            self.closed.append(connection)

        connection = OpenConnection(address, close, close)
        if self.open_connections.admit(connection):
            self.admitted.append(connection)
            if not works:
                self.open_connections.wait(connection, 10.0)
        return connection


def test_a_client_takes_places_only_from_itself() -> None:
    clients = Clients(10, 3)
    victim = clients.connect("10.0.0.1")
    attackers = [clients.connect("10.0.0.2") for _ in range(5)]
    assert clients.closed == attackers[:2]
    assert len(clients.open_connections) == 4
    assert victim not in clients.closed


def test_the_one_that_waited_longest_makes_place() -> None:
    clients = Clients(3, 3)
    first, second, third = (clients.connect(f"10.0.0.{number}") for number in range(3))
    clients.open_connections.work(first)
    clients.open_connections.wait(first, 20.0)
    clients.connect("10.0.0.9")
    assert clients.closed == [second]
    clients.open_connections.expire(10.0)
    assert third in clients.closed
    assert first not in clients.closed


def test_a_connection_that_is_answered_is_never_closed() -> None:
    clients = Clients(4, 2)
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"):
        clients.connect(address, works=True)
    assert [connection.client for connection in clients.admitted] == ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert clients.closed == []


def test_a_network_of_ipv6_is_one_client_and_a_proxy_is_many() -> None:
    assert client_network("2001:db8::1") == client_network("2001:db8::ffff:1") == "2001:db8::/64"
    clients = Clients(10, 2, proxies="10.1.0.0/16")
    for number in range(4):
        clients.connect(f"2001:db8::{number}")
    assert len(clients.open_connections) == 2
    for _ in range(5):
        clients.connect("10.1.2.3")
    assert len(clients.open_connections) == 7


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["connect", "work", "wait", "remove"]))))
def test_the_limits_hold_whatever_happens(events: list[tuple[str, str]]) -> None:
    clients = Clients(5, 3)
    for number, (client, event) in enumerate(events):
        alive = [connection for connection in clients.admitted if connection not in clients.closed]
        if event == "connect" or not alive:
            clients.connect(client)
        else:
            chosen = alive[number % len(alive)]
            if event == "wait":
                clients.open_connections.wait(chosen, float(number))
            elif event == "work":
                clients.open_connections.work(chosen)
            else:
                clients.open_connections.remove(chosen)
                clients.closed.append(chosen)
        alive = [connection for connection in clients.admitted if connection not in clients.closed]
        assert len(alive) == len(clients.open_connections) <= 5
        assert all(sum(other.client == name for other in alive) <= 3 for name in "abc")
