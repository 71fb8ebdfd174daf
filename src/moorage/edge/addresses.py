"""Client addresses: what a request is counted against when nobody knows who sent it."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

IPV6_SITE = 64
"""Bits that one IPv6 customer has at least to herself; she can use any address within."""


def address_key(scope: Any) -> str:
    """Return the name under which requests from a connection's address are counted.

    It relies on ``scope["client"]``, which ``edge.middleware.proxy`` has set right behind a proxy.
    A connection without an address, such as one over a Unix socket, is counted with all others
    like it.
    """
    client = scope.get("client")
    return _key(client[0]) if client else "address:none"


@lru_cache(maxsize=4096)
def _key(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return f"address:{host}"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return f"address:{address.ipv4_mapped}"
        return f"address:{ip_network((int(address), IPV6_SITE), strict=False)}"
    return f"address:{address}"
