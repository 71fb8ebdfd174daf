"""Believes the proxies that the operator named, and nobody else, about who the client is.

uvicorn's ``ProxyHeadersMiddleware`` reads ``X-Forwarded-For`` and ``-Proto`` in the same way,
networks included. It is not used because a service behind a path prefix needs more:
``X-Forwarded-Host`` and ``-Prefix``, the standard ``Forwarded``, peers on a Unix socket (which have
no address), and a start that stops at a misspelt network, which uvicorn takes for a host name.
Running both would read the headers, and decide whom to trust, twice.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from moorage.errors import Misconfigured

UNIX = "unix"
"""Names a peer on a Unix socket in the list of trusted ones."""

LONGEST_HOP = 100
HIGHEST_PORT = 65_535

Hop = tuple[str, int]

_FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
    }
)
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
)
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+){1,16}")
_LONGEST_PREFIX = 256
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*')


class ProxyHeaders:
    """Sets ``client``, ``scheme``, ``root_path``, ``path`` and the host as the client saw them.

    The client is the right-most hop that is not a trusted proxy: everything to its left is what the
    client itself claims. ``X-Forwarded-Proto`` and ``-Host`` count by their right-most value,
    that of the nearest proxy. ``Forwarded`` is read where there is no ``X-Forwarded-For``; when
    both are there and name different clients, one came in from outside, so neither counts.
    ``X-Forwarded-Prefix`` is a path that the proxy took away; it is put back in front of ``path``,
    as ASGI wants it, so that links lead through the proxy. Malformed values are left out.

    Args:
        app: What is guarded.
        trusted: Addresses and networks (``10.0.0.0/8``) of the proxies; ``unix`` for those that
            connect over a Unix socket; ``*`` for any peer, where nobody else can connect.

    Raises:
        Misconfigured: An entry is none of these.
    """

    def __init__(self, app: ASGIApp, *, trusted: Iterable[str]) -> None:
        self.app = app
        self._is_trusted = lru_cache(maxsize=4096)(_Trusted(trusted).covers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] != "lifespan":
            peer = scope.get("client")
            if self._is_trusted(peer[0] if peer else UNIX):
                self._apply(scope)
        await self.app(scope, receive, send)

    def _apply(self, scope: Scope) -> None:
        found: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _FORWARDED:
                found[name] = found[name] + b"," + value if name in found else value
        if not found:
            return
        headers = {name: value.decode("latin-1") for name, value in found.items()}
        standard = _elements(headers.get(b"forwarded", ""))
        self._set_client(scope, headers.get(b"x-forwarded-for"), standard)
        nearest = {} if b"x-forwarded-for" in headers or not standard else standard[-1]
        _set_scheme(scope, _last(headers.get(b"x-forwarded-proto")) or nearest.get("proto", ""))
        _set_host(scope, _last(headers.get(b"x-forwarded-host")) or nearest.get("host", ""))
        _set_prefix(scope, _last(headers.get(b"x-forwarded-prefix")))

    def _set_client(self, scope: Scope, hops: str | None, standard: list[dict[str, str]]) -> None:
        client = self._client([element.get("for", "") for element in standard])
        if hops is not None:
            other = client
            client = self._client(hops.split(","))
            if standard and (other is None or client is None or other[0] != client[0]):
                return
        if client is not None:
            scope["client"] = client

    def _client(self, hops: list[str]) -> Hop | None:
        """Return the right-most hop that is not trusted, or the last one before a nameless one."""
        client: Hop | None = None
        for text in reversed(hops):
            hop = _hop(text.strip()) if len(text) <= LONGEST_HOP else None
            if hop is None:
                return client
            client = hop
            if not self._is_trusted(hop[0]):
                return client
        return client


class _Trusted:
    """The peers that are believed."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._is_any = False
        self._is_unix = False
        for entry in entries:
            if entry == "*":
                self._is_any = True
            elif entry == UNIX:
                self._is_unix = True
            else:
                self._networks.append(_network(entry))

    def covers(self, host: str) -> bool:
        if self._is_any:
            return True
        if host == UNIX:
            return self._is_unix
        address = _address(host)
        return address is not None and any(address in network for network in self._networks)


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry, strict=False)
    except ValueError as error:
        raise Misconfigured(
            f"{entry!r} is no trusted proxy: write an address such as 10.0.0.5, "
            f"a network such as 10.0.0.0/8, or unix ({error})"
        ) from error


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def _hop(text: str) -> Hop | None:
    """Read ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1``, ``[2001:db8::1]:80``; nothing else."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    address = _address(host)
    if address is None:
        return None
    is_number = port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT
    return str(address), int(port) if is_number else 0


def _elements(value: str) -> list[dict[str, str]]:
    """Read the elements of a ``Forwarded`` header (RFC 7239); none if any part is malformed."""
    if not value:
        return []
    elements: list[dict[str, str]] = [{}]
    position = 0
    while match := _PAIR.match(value, position):
        name, quoted, token = match.groups()
        text = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        elements[-1].setdefault(name.lower(), text)
        position = match.end()
        if position == len(value):
            return elements
        if value[position] == ",":
            elements.append({})
        elif value[position] != ";":
            return []
        position += 1
    return []


def _last(value: str | None) -> str:
    return value.rpartition(",")[2].strip() if value else ""


def _set_scheme(scope: Scope, value: str) -> None:
    scheme = _SCHEMES.get(value.lower())
    if scheme is not None:
        is_websocket = scope["type"] == "websocket"
        scope["scheme"] = scheme.replace("http", "ws") if is_websocket else scheme


def _set_host(scope: Scope, value: str) -> None:
    if _HOST.fullmatch(value):
        others = [header for header in scope["headers"] if header[0] != b"host"]
        scope["headers"] = [(b"host", value.encode("ascii")), *others]


def _set_prefix(scope: Scope, value: str) -> None:
    prefix = value.rstrip("/")
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        return
    scope["root_path"] = prefix + scope.get("root_path", "")
    scope["path"] = prefix + scope["path"]
    if scope.get("raw_path") is not None:
        scope["raw_path"] = prefix.encode("ascii") + scope["raw_path"]
