"""Which addresses webhooks may go to (Agent Server protocol, sections 6.6 and 13.1).

Whoever may start runs chooses where their ends are told. Without rules the server would call for
them what they cannot reach themselves: its neighbours, itself, the cloud's metadata. The rules are
applied twice: to the text when a run is accepted, and to what its name stands for when the webhook
goes out, because a name may stand for something else by then.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from moorage.errors import Invalid

_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = ("localhost", ".localhost")
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rules.

    Attributes:
        require_https: Whether only ``https`` is allowed.
        allowed_domains: Hosts, or ``*.domain`` for all below one; None allows any. A host that is
            named in full may have a private address.
        allowed_ports: Ports; None allows any.
        max_url_length: Characters of an address at most.
        disable_loopback: True refuses this server's own paths. False, said so, allows its loopback
            addresses as well.
    """

    require_https: bool = False
    allowed_domains: tuple[str, ...] | None = None
    allowed_ports: tuple[int, ...] | None = None
    max_url_length: int | None = None
    disable_loopback: bool | None = None


LONGEST = 65_536
"""Characters of an address where the policy says nothing."""

ANYWHERE_PUBLIC = AddressPolicy()


def is_own_path(url: str) -> bool:
    """Tell whether an address is a path of this server."""
    return url.startswith("/") and not url.startswith(("//", "/\\"))


def check_url(url: str, policy: AddressPolicy = ANYWHERE_PUBLIC) -> None:
    r"""Check an address as it is written; names are not looked up.

    Raises:
        Invalid: It is not allowed. The message says why.
    """
    if len(url) > (policy.max_url_length or LONGEST):
        raise Invalid("Webhook URL too long")
    if is_own_path(url):
        if policy.disable_loopback:
            raise Invalid("Webhook URL must not be a path of this server")
        return
    parsed = _parsed(url)
    host, port = host_of(parsed), port_of(parsed)
    if policy.require_https and parsed.scheme != "https":
        raise Invalid("Webhook URL must use https")
    if policy.allowed_ports is not None and port not in policy.allowed_ports:
        raise Invalid(f"Webhook port {port} is not allowed")
    if not _is_allowed(host, policy.allowed_domains):
        raise Invalid(f"Webhook host {host!r} is not allowed")
    if host.endswith(_LOCAL_NAMES) and policy.disable_loopback is not False:
        raise _blocked("loopback")
    if (literal := _literal(host)) is not None:
        check_address(literal, host, policy)


def check_address(address: Address, host: str, policy: AddressPolicy = ANYWHERE_PUBLIC) -> None:
    """Check what a host's name stands for.

    Raises:
        Invalid: It is no address that the policy allows for that host.
    """
    address = _inner(address)
    if address.is_loopback:
        if policy.disable_loopback is not False:
            raise _blocked("loopback")
    elif address.is_link_local or address.is_multicast or address.is_unspecified:
        raise _blocked("reserved")
    elif not address.is_global and host not in (policy.allowed_domains or ()):
        raise _blocked("private")


def host_of(url: httpx.URL) -> str:
    """Return the host of a URL in the one form in which it is compared and looked up."""
    return url.raw_host.decode("ascii").lower().rstrip(".")


def port_of(url: httpx.URL) -> int:
    """Return the port that a URL names, or that its scheme implies."""
    return url.port or _PORTS[url.scheme]


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        host = host_of(parsed)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Invalid("Webhook URL cannot be read") from error
    if parsed.scheme not in _PORTS:
        raise Invalid("Webhook URL must begin with http://, https:// or /")
    if not host or "%" in host:
        raise Invalid(f"Invalid webhook hostname '{host}'")
    if parsed.port is not None and not 0 < parsed.port < 2**16:
        raise Invalid(f"Webhook port {parsed.port} is not allowed")
    return parsed


def _is_allowed(host: str, domains: tuple[str, ...] | None) -> bool:
    if domains is None:
        return True
    return any(
        host.endswith(domain[1:].lower()) if domain.startswith("*.") else host == domain.lower()
        for domain in domains
    )


def _literal(host: str) -> Address | None:
    """Return the address that a host is, in any form in which a resolver takes it for one."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f.1, 2130706433
    except OSError:
        return None


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address is a way to, if it is one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def _blocked(kind: str) -> Invalid:
    return Invalid(f"Webhook host blocked: {kind} IP range")
