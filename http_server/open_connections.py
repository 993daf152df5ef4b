"""Which connections a server keeps open. Pure: no sockets, and time is a parameter.

A connection either waits for its client (for a request, the rest of one, or for the client to read), until a deadline,
or the server works for it. Where a limit is reached, a new connection takes the place of the one that has waited
longest; connections that the server works for are never closed. So a client that opens connections and sends nothing
takes places only from itself, and one that sends whole requests is served meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from http_server.client_network import client_network


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections are open, in total and per client, and how long each step of a request may take (seconds).

    `header` begins with the connection or the first byte of a request, `body` with the end of the header, `idle` with
    the end of a response. `write` is the time in which a client must read a part of a response."""

    connections: int = 1000
    per_client: int = 250
    header: float = 10.0
    body: float = 30.0
    idle: float = 5.0
    write: float = 60.0


@dataclass(eq=False, slots=True)
class OpenConnection:
    """A connection. `close` ends it; `expire` is called at its deadline, and ends it or sets another deadline."""

    address: str
    close: Callable[[], None]
    expire: Callable[[], None]
    client: str = field(init=False)

    def __post_init__(self) -> None:
        self.client = client_network(self.address)


class OpenConnections:
    """The open connections of a server. Connections of `proxies` count only in total: they carry many clients."""

    def __init__(self, connections: int, per_client: int, proxies: Container[str] = ()) -> None:
        self._most = connections
        self._most_per_client = per_client
        self._proxies = proxies
        self._open: set[OpenConnection] = set()
        self._waiting: dict[OpenConnection, float] = {}
        """The deadlines, in the order in which the connections began to wait."""
        self._clients: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: OpenConnection) -> bool:
        """Add a connection, if necessary in place of one that waits. False if there is no place for it."""
        client = connection.client
        crowded = self._clients[client] >= self._most_per_client and connection.address not in self._proxies
        if crowded or len(self._open) >= self._most:
            oldest = next((other for other in self._waiting if not crowded or other.client == client), None)
            if oldest is None:
                return False
            self.remove(oldest)
            oldest.close()
        self._open.add(connection)
        self._clients[client] += 1
        return True

    def remove(self, connection: OpenConnection) -> None:
        """Forget a connection, if it was admitted."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            self._open.remove(connection)
            self._clients[connection.client] -= 1
            if not self._clients[connection.client]:
                del self._clients[connection.client]

    def wait(self, connection: OpenConnection, deadline: float) -> None:
        """The connection waits for its client until `deadline`."""
        if connection in self._open:
            self._waiting.pop(connection, None)
            self._waiting[connection] = deadline

    def work(self, connection: OpenConnection) -> None:
        """The server works for the connection."""
        self._waiting.pop(connection, None)

    def expire(self, now: float) -> None:
        """Expire the connections whose deadline has passed."""
        for connection in [connection for connection, deadline in self._waiting.items() if deadline <= now]:
            connection.expire()
