"""A disk that is full, and is not any more."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import Server, free_port, until

resource = pytest.importorskip("resource", reason="limits of processes are POSIX's")
PROJECT = Path(__file__).parent / "enduring"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    command = ["moorage.cli", "serve", "-c", str(PROJECT), "--port", str(port)]
    server = Server(command, port, MOORAGE_DATABASE_URL=f"sqlite:///{tmp_path / 'moorage.db'}")
    try:
        yield server.started()
    finally:
        server.stop()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
def test_what_cannot_be_kept_is_refused_and_what_was_begun_ends_later(
    server: Server, tmp_path: Path
):
    def let_files_grow_to(size: int) -> None:
        limit = (size, resource.RLIM_INFINITY)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limit)

    with httpx.Client(base_url=server.base, timeout=20) as http:
        thread = http.post("/threads", json={}).json()["thread_id"]
        asked = {
            "assistant_id": "rounds",
            "input": {"name": "round", "steps": [], "rounds": 20},
            "durability": "sync",
        }
        run = http.post(f"/threads/{thread}/runs", json=asked).json()["run_id"]
        let_files_grow_to(max(file.stat().st_size for file in tmp_path.iterdir()))
        refused = until(
            lambda: (reply := http.post("/threads", json={})).status_code == 503 and reply,
            "a full disk",
        )
        assert "written" in refused.json()["detail"]
        assert http.get(f"/threads/{thread}").status_code == 200
        let_files_grow_to(resource.RLIM_INFINITY)
        until(lambda: http.post("/threads", json={}).status_code == 200, "writing again")
        http.get(f"/threads/{thread}/runs/{run}/join")
        found = http.get(f"/threads/{thread}/runs/{run}").json()["status"]
        assert found in {"success", "error"}  # by the step at which the disk was full
        assert http.get(f"/threads/{thread}").json()["status"] in {"idle", "error"}
    server.stop()
    with closing(sqlite3.connect(tmp_path / "moorage.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
