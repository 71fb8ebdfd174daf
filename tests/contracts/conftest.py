"""Every implementation of the storage's promises, opened for one test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["file", "memory"])
async def storage(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Storage]:
    url = f"sqlite:///{tmp_path}/moorage.db" if request.param == "file" else "memory:"
    async with open_storage(url, terms=Terms(), clock=clock) as opened:
        yield opened
