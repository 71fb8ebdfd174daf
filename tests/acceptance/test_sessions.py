"""Sessions across real processes: those of one gunicorn, and those with one secret."""

import httpx

from moorage.auth.keys import digest
from tests.acceptance.conftest import Start
from tests.acceptance.processes import Server

KEY = "moorage_test_key_of_ann_0123456789abcdef"
KEYS = f"ann:sha256:{digest(KEY)}"


def cookie(server: Server) -> dict[str, str]:
    """Sign in, and return the header that a browser sends from then on."""
    answer = httpx.post(f"{server.base}/session", json={"credential": KEY})
    assert answer.status_code == 204
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def who(server: Server, headers: dict[str, str]) -> tuple[int, str]:
    """Ask who is asking, over a connection of its own."""
    answer = httpx.get(f"{server.base}/pid", headers=headers)
    return answer.status_code, answer.text


def test_the_processes_of_one_gunicorn_know_each_others_sessions(gunicorn: Start):
    server = gunicorn(MOORAGE_API_KEYS=KEYS)
    headers = cookie(server)
    answers = [who(server, headers) for _ in range(60)]

    assert {status for status, _ in answers} == {200}
    assert len({pid for _, pid in answers}) > 1


def test_a_session_counts_for_every_server_with_the_secret_and_after_a_restart(uvicorn: Start):
    known = {"MOORAGE_API_KEYS": KEYS, "MOORAGE_SESSION_SECRET": "s" * 32}
    first, other = uvicorn(**known), uvicorn(**known)
    stranger = uvicorn(MOORAGE_API_KEYS=KEYS)
    headers = cookie(first)
    first.stop()
    again = uvicorn(**known)

    assert [who(server, headers)[0] for server in (other, again, stranger)] == [200, 200, 401]
