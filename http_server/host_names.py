"""The host name of a request, and the names that a server accepts. Pure.

With DNS rebinding, a name of a foreign site resolves to this server, but the browser still sends that name.
"""

import ipaddress
import re
from collections.abc import Sequence

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*))(?::([0-9]{1,5}))?")
"""The whole of a Host header: `127.0.0.1:9470.evil.example`, `user@127.0.0.1` and `localhost.` are none."""


def host_name(values: Sequence[str]) -> str | None:
    """The host of a request, from the values of its `Host` headers: lowercase, without port and brackets.

    None unless there is exactly one header, with exactly a name or an address and perhaps a port.
    """
    match = _HOST.fullmatch(values[0]) if len(values) == 1 else None
    if match is None or int(match[3] or 0) > 65535:
        return None
    return match[2].lower() if match[2] else _ipv6(match[1])


def accepted_names(listening_on: str, names: str) -> frozenset[str]:
    """The names under which a server accepts requests; empty for any.

    On a loopback host only its own names, elsewhere any unless some are named. `names`: further ones, comma-separated.
    """
    named = {name.strip().lower().strip("[]") for name in names.split(",") if name.strip()}
    if not named and not is_loopback(listening_on):
        return frozenset()
    return LOOPBACK_NAMES | {_ipv6(name) or name for name in named}


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ipv6(text: str) -> str | None:
    """The shortest form of an IPv6 address; None if it is none."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return None
