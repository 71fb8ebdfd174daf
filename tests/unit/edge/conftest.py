"""Raw sockets, for requests that no well-behaved client would send."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest


def connect(base: str) -> socket.socket:
    """Open a connection to a served application."""
    parts = urlsplit(base)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=30)


@pytest.fixture
def talk() -> Callable[..., bytes]:
    """Send bytes to a served application; returns all that it answers until it closes."""

    def exchange(base: str, *pieces: bytes) -> bytes:
        received = b""
        with connect(base) as connection:
            # At once: a server that refuses the head resets what is sent after its answer.
            connection.sendall(b"".join(pieces))
            while chunk := connection.recv(65_536):
                received += chunk
        return received

    return exchange


@pytest.fixture
def dial() -> Callable[[str], socket.socket]:
    """Open a connection and leave the talking to the test."""
    return connect
