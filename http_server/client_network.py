"""Which addresses belong to the same client, and which are those of proxies. Pure."""

import ipaddress
from functools import lru_cache


@lru_cache(1024)  # Every request asks, and parsing an address takes longer than the rest of the question.
def client_network(address: str) -> str:
    """An IPv4 address, or the /64 network of an IPv6 address, in which a client can choose its address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network(f"{address}/64", strict=False))


class Proxies:
    """The addresses of reverse proxies, which name the clients in `X-Forwarded-For`."""

    def __init__(self, text: str = "") -> None:
        """Addresses and networks, comma-separated. Raises ValueError if one is neither."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        self._networks = [ipaddress.ip_network(word) for word in words]

    def __contains__(self, address: object) -> bool:
        try:
            parsed = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    @property
    def networks(self) -> list[str]:
        """The networks, as uvicorn reads them."""
        return [str(network) for network in self._networks]
