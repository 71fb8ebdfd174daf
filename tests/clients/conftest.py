"""The service that the clients of this folder call."""

from collections.abc import Iterator

import pytest

from moorage.testing import serving
from tests.clients.served import build


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Base URL of the application of ``served.py``."""
    with serving(build()) as url:
        yield url
