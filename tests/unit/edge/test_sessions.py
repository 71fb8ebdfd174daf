"""Signing in over HTTP: the exchange, the cookie, and which requests it counts for."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from langchain_core.runnables import RunnableLambda
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from moorage import Settings, add_routes, create_app
from moorage.auth.keys import digest
from tests.built_pages import CONTENT, SCRIPT, write_pages
from tests.conftest import Serve

KEY = "moorage_test_key_of_ann_0123456789abcdef"
KEYS = f"ann:sha256:{digest(KEY)}"
SECRET = "0123456789abcdef0123456789abcdef"
NAME = "moorage-session"


@pytest.fixture(autouse=True)
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_pages(tmp_path / "_pages")
    monkeypatch.setattr("moorage.ui.files.FOLDER", folder)
    return folder


def add_one(x: int) -> int:
    return x + 1


def service(authenticate: Any = None, **values: Any) -> FastAPI:
    if authenticate is None:
        values.setdefault("api_keys", KEYS)
    values.setdefault("session_secret", SECRET)
    app = create_app(Settings.parse({}, **values), authenticate=authenticate)
    add_routes(app, RunnableLambda(add_one), path="/r")

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.identity)
        await websocket.close()

    @app.get("/who")
    async def who(request: Request) -> str:
        return str(request.user.identity)

    return app


@contextmanager
def browser(base: str, **headers: str) -> Iterator[httpx.Client]:
    """A client that keeps cookies and says where its requests come from, as browsers do."""
    own = {"origin": base, "sec-fetch-site": "same-origin", **headers}
    with httpx.Client(base_url=base, headers={k: v for k, v in own.items() if v}) as http:
        yield http


def signed_in(http: httpx.Client, credential: str = KEY) -> httpx.Response:
    answer = http.post("/session", json={"credential": credential})
    assert (answer.status_code, answer.content) == (204, b"")
    return answer


def test_a_key_is_exchanged_for_a_cookie_that_counts_for_everything(serve: Serve):
    with browser(serve(service())) as http:
        before = http.get("/session").json()
        refused = http.get("/r/playground/about.json").status_code
        signed_in(http)
        during = http.get("/session").json()
        ran = http.post("/r/invoke", json={"input": 1})
        about = http.get("/r/playground/about.json")
        out = http.delete("/session")
        after = http.post("/r/invoke", json={"input": 1})

    assert before == {
        "required": True,
        "authenticated": False,
        "identity": None,
        "display_name": None,
        "method": None,
        "by_cookie": False,
        "expires_at": None,
    }
    assert refused == 401
    assert {**during, "expires_at": None} == {
        "required": True,
        "authenticated": True,
        "identity": "ann",
        "display_name": "ann",
        "method": "api_key",
        "by_cookie": True,
        "expires_at": None,
    }
    assert during["expires_at"]
    assert ran.json()["output"] == 2
    assert about.json()["sign_in"] is True
    assert out.status_code == 204
    assert after.status_code == 401


def cookie_of(answer: httpx.Response) -> tuple[str, str, set[str]]:
    [header] = answer.headers.get_list("set-cookie")
    first, *attributes = header.split("; ")
    name, _, value = first.partition("=")
    return name, value, set(attributes)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(serve: Serve):
    base = serve(service())
    with browser(base) as http:
        name, value, attributes = cookie_of(signed_in(http))
        _, nothing, ended = cookie_of(http.delete("/session"))

    assert name == NAME
    assert KEY not in value
    assert attributes == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert nothing == ""
    assert "Max-Age=0" in ended


@pytest.mark.parametrize(
    ("prefix", "name", "path"), [("", f"__Host-{NAME}", "/"), ("/api", NAME, "/api")]
)
def test_over_https_the_cookie_is_bound_to_it(serve: Serve, prefix: str, name: str, path: str):
    base = serve(service(trusted_proxies="127.0.0.1"))
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "agents.example.com"}
    if prefix:
        forwarded["x-forwarded-prefix"] = prefix
    with browser(base, origin="https://agents.example.com", **forwarded) as http:
        found, value, attributes = cookie_of(signed_in(http))
        http.cookies.clear()
        sent = http.post("/r/invoke", json={"input": 1}, headers={"cookie": f"{found}={value}"})
        page = http.get("/r/playground/")

    assert (found, attributes) == (
        name,
        {f"Path={path}", "HttpOnly", "SameSite=Strict", "Secure"},
    )
    assert sent.status_code == 200
    assert f'<meta name="moorage-sign-in" content="{prefix}/session">' in page.text
    assert f'<base href="{prefix}/r/playground/">' in page.text


def test_over_https_a_cookie_of_the_bare_name_does_not_count(serve: Serve):
    base = serve(service(trusted_proxies="127.0.0.1"))
    with browser(base) as http:
        _, value, _ = cookie_of(signed_in(http))
        secure = http.get("/who", headers={"x-forwarded-proto": "https"})

    assert value
    assert secure.status_code == 401


@pytest.mark.parametrize("credential", ["", "wrong", KEY.upper(), f"{KEY}\r\nX: y", "é", "k" * 99])
def test_a_wrong_credential_is_refused_in_the_services_shape(serve: Serve, credential: str):
    with browser(serve(service())) as http:
        answer = http.post("/session", json={"credential": credential})

    assert answer.status_code == 401
    assert set(answer.json()) == {"detail", "message"}
    assert "set-cookie" not in answer.headers


def test_a_body_that_makes_no_sense_is_refused_and_not_repeated(serve: Serve):
    with browser(serve(service())) as http:
        for content in ("", "{", "[]", '{"credential": 1}', '{"secret": "hunter2"}'):
            answer = http.post(
                "/session", content=content, headers={"content-type": "application/json"}
            )
            assert answer.status_code == 422, content
            assert "hunter2" not in answer.text


def test_wrong_credentials_are_counted_wherever_they_are_tried(serve: Serve):
    base = serve(service(rate_limit="5/minute"))
    with httpx.Client(base_url=base) as http:
        tried = [http.post("/session", json={"credential": f"wrong-{n}"}) for n in range(2)]
        tried += [http.get("/session", headers={"x-api-key": f"wrong-{n}"}) for n in range(2)]
        tried += [http.get("/r/playground/", headers={"x-api-key": "wrong-4"})]
        blocked = http.post("/session", json={"credential": KEY})

    assert {answer.status_code for answer in tried} <= {401, 429}
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0


FOREIGN = [
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example", "sec-fetch-site": ""},
    {"origin": "", "sec-fetch-site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_other_page_can_change_anything_with_the_cookie(serve: Serve, headers: dict[str, str]):
    base = serve(service(cors_origins="https://evil.example", cors_credentials=True))
    with browser(base) as http:
        _, value, _ = cookie_of(signed_in(http))
    with browser(base, cookie=f"{NAME}={value}", **headers) as other:
        ran = other.post("/r/invoke", json={"input": 1})
        signs_in = other.post("/session", json={"credential": KEY})
        signs_out = other.delete("/session")

    assert [one.status_code for one in (ran, signs_in, signs_out)] == [403, 403, 403]
    assert "own pages" in ran.json()["message"]


def test_nothing_is_changed_where_nobody_says_which_page_it_is(serve: Serve):
    base = serve(service())
    with browser(base) as http:
        _, value, _ = cookie_of(signed_in(http))
    with httpx.Client(base_url=base, headers={"cookie": f"{NAME}={value}"}) as bare:
        assert bare.post("/r/invoke", json={"input": 1}).status_code == 403
        assert bare.get("/who").json() == "ann"


def test_over_plain_http_the_origin_tells(serve: Serve):
    base = serve(service())
    with browser(base, **{"sec-fetch-site": ""}) as http:
        signed_in(http)
        assert http.post("/r/invoke", json={"input": 1}).status_code == 200


def test_a_page_that_cors_lets_in_cannot_read_with_the_cookie(serve: Serve):
    base = serve(service(cors_origins="https://friend.example", cors_credentials=True))
    friend = {"origin": "https://friend.example", "sec-fetch-site": "cross-site"}
    with browser(base) as http:
        _, value, _ = cookie_of(signed_in(http))
        own = http.get("/who").json()
    with browser(base, cookie=f"{NAME}={value}", **friend) as other:
        read = other.get("/who")
        state = other.get("/session").json()
        with_key = other.get("/who", headers={"x-api-key": KEY})

    assert own == "ann"
    assert read.status_code == 401
    assert state["authenticated"] is False
    assert with_key.json() == "ann"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_with_the_cookie_a_body_must_be_json(serve: Serve, kind: str):
    with browser(serve(service())) as http:
        signed_in(http)
        body = json.dumps({"input": 1})
        answer = http.post("/r/invoke", content=body, headers={"content-type": kind})
        with_charset = {"content-type": "Application/JSON; charset=utf-8"}
        right = http.post("/r/invoke", content=body, headers=with_charset)
        with_key = http.post("/r/invoke", content=body, headers={"x-api-key": KEY})

    assert answer.status_code == 403
    assert "application/json" in answer.json()["message"]
    assert right.status_code == with_key.status_code == 200


def test_a_credential_in_a_header_comes_before_the_cookie(serve: Serve):
    with browser(serve(service())) as http:
        signed_in(http)
        wrong = http.get("/who", headers={"x-api-key": "wrong"})
        basic = http.get("/who", headers={"authorization": "Basic dXNlcjpwYXNz"})
        by_header = http.get("/session", headers={"authorization": f"Bearer {KEY}"}).json()

    assert wrong.status_code == 401
    assert basic.json() == "ann"
    assert (by_header["authenticated"], by_header["by_cookie"]) == (True, False)
    assert by_header["expires_at"] is None


def test_a_websocket_is_opened_by_pages_of_the_service_only(serve: Serve):
    base = serve(service())
    with browser(base) as http:
        _, value, _ = cookie_of(signed_in(http))
    url, cookie = f"{base.replace('http', 'ws', 1)}/ws", {"Cookie": f"{NAME}={value}"}
    with connect(url, additional_headers={**cookie, "Origin": base}, proxy=None) as socket:
        assert socket.recv() == "ann"
    evil = {**cookie, "Origin": "https://evil.example"}
    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers=evil, proxy=None)
    assert caught.value.response.status_code == 403


def test_a_session_ends_with_its_key(serve: Serve, tmp_path: Path):
    file = tmp_path / "keys"
    file.write_text(f"{KEYS}\nbob:sha256:{digest('bob-secret-0123456789')}\n")
    with browser(serve(service(api_keys="", api_keys_file=file))) as http:
        signed_in(http)
        assert http.get("/who").json() == "ann"
        file.write_text(f"bob:sha256:{digest('bob-secret-0123456789')}\n")
        deadline = time.monotonic() + 30
        while (answer := http.get("/who")).status_code == 200:
            assert time.monotonic() < deadline, "the removed key goes on counting"
            time.sleep(0.05)

    assert answer.status_code == 401


def test_a_session_ends_after_its_lifetime(serve: Serve):
    with browser(serve(service(session_lifetime="300ms"))) as http:
        signed_in(http)
        deadline = time.monotonic() + 30
        while http.get("/session").json()["authenticated"]:
            assert time.monotonic() < deadline, "the session does not end"
            time.sleep(0.02)
        assert http.get("/who").status_code == 401


def test_a_session_ends_with_its_token(serve: Serve, tmp_path: Path):
    key = RSAKey.generate_key(2048, parameters={"kid": "1"})
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    values = {"jwt_issuer": "https://i", "jwt_audience": "a", "jwt_jwks_file": file}

    def token(seconds: int) -> str:
        claims = {"iss": "https://i", "aud": "a", "sub": "carol", "exp": int(time.time()) + seconds}
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)

    with browser(serve(service(**values))) as http:
        signed_in(http, token(-27))  # over by the issuer's clock; ours may differ by 30 s
        state = http.get("/session").json()
        assert (state["method"], state["identity"]) == ("jwt", "carol")
        deadline = time.monotonic() + 30
        while http.get("/session").json()["authenticated"]:
            assert time.monotonic() < deadline, "the token goes on counting"
            time.sleep(0.1)
        expired = http.post("/session", json={"credential": token(-60)})

    assert expired.status_code == 401


def test_a_token_too_long_for_a_cookie_is_refused_with_the_reason(serve: Serve):
    async def anybody(_: HTTPConnection) -> str:
        return "dora"

    with browser(serve(service(anybody))) as http:
        answer = http.post("/session", json={"credential": "t" * 5000})

    assert answer.status_code == 400
    assert "too long for a cookie" in answer.json()["message"]


async def by_token(request: HTTPConnection) -> str | None:
    match request.headers.get("authorization"):
        case "Bearer right":
            return "dora"
        case "Bearer banned":
            raise HTTPException(403, "Go away.")
    return None


def test_a_handler_finds_the_credential_as_a_bearer_token(serve: Serve):
    with browser(serve(service(by_token))) as http:
        wrong = http.post("/session", json={"credential": "wrong"})
        banned = http.post("/session", json={"credential": "banned"})
        signed_in(http, "right")
        state = http.get("/session").json()
        ran = http.post("/r/invoke", json={"input": 1})
        other = http.get("/who", headers={"authorization": "Bearer wrong"})

    assert (wrong.status_code, banned.status_code) == (401, 403)
    assert (state["identity"], state["method"], state["by_cookie"]) == ("dora", "custom", True)
    assert ran.status_code == 200
    assert other.status_code == 401


def test_what_a_handler_refuses_is_counted_although_a_page_is_shown(serve: Serve):
    base = serve(service(by_token, rate_limit="3/minute"))
    with httpx.Client(base_url=base) as http:
        shown = [http.get("/r/playground/", headers={"cookie": f"mine={n}"}) for n in range(3)]
        blocked = http.get("/who", headers={"authorization": "Bearer right"})

    assert {one.status_code for one in shown} == {200}
    assert blocked.status_code == 429


def test_two_processes_with_one_secret_know_each_others_sessions(serve: Serve):
    one, other, stranger = (
        serve(service(session_secret=secret)) for secret in (SECRET, SECRET, SECRET[::-1])
    )
    with browser(one) as http:
        _, value, _ = cookie_of(signed_in(http))
    cookie = {"cookie": f"{NAME}={value}"}

    assert httpx.get(f"{other}/who", headers=cookie).json() == "ann"
    assert httpx.get(f"{stranger}/who", headers=cookie).status_code == 401


def test_where_no_credential_is_asked_for_there_is_nothing_to_sign_in_to(serve: Serve):
    with browser(serve(service(api_keys=""))) as http:
        state = http.get("/session").json()
        answer = http.post("/session", json={"credential": "x"})
        page = http.get("/r/playground/")

    assert (state["required"], state["authenticated"]) == (False, False)
    assert answer.status_code == 400
    assert '<meta name="moorage-sign-in" content="">' in page.text


@pytest.mark.parametrize("path", ["/r/playground/", "/r/c/N4XyA/playground/", "/console/"])
def test_signed_out_a_page_is_shown_and_told_nothing(serve: Serve, path: str):
    base = serve(service())
    page = httpx.get(base + path)
    nowhere = httpx.get(f"{base}/nowhere/playground/")

    assert page.status_code == nowhere.status_code == 200
    assert '<meta name="moorage-sign-in" content="/session">' in page.text
    assert "require-trusted-types-for" in page.headers["content-security-policy"]
    for told in (
        *("/r/playground/about.json", "/r/c/N4XyA/playground/about.json", "/r/input_schema"),
        *("/console/runnables.json", "/r/playground/x", "/playground/about.json"),
    ):
        assert httpx.get(base + told).status_code == 401, told


def test_signed_out_the_files_of_a_page_are_there_and_cost_no_attempt(serve: Serve):
    base = serve(service(rate_limit="2/minute"))
    for _ in range(3):
        for folder in ("/r/playground", "/r/c/N4XyA/playground", "/console"):
            file = httpx.get(f"{base}{folder}/{SCRIPT}")
            assert (file.status_code, file.content) == (200, CONTENT)
            assert httpx.head(f"{base}{folder}/{SCRIPT}").status_code == 200
    assert httpx.get(f"{base}/r/{SCRIPT}").status_code == 401
    assert httpx.get(f"{base}/r/playground/assets/none.js").status_code == 401


def test_signed_out_no_path_leads_past_authentication(serve: Serve):
    app = service()

    @app.api_route("/files/{path:path}", methods=["GET", "HEAD", "POST"])
    async def everything(path: str) -> str:
        return f"the secret of {path}"

    base = serve(app)
    for path in (
        *("x/playground/", "playground/", "c/1/playground/index.html", f"playground/{SCRIPT}"),
        *(f"x/console/{SCRIPT}", "console/", "playground", "session", "x/session"),
    ):
        for method in ("GET", "HEAD", "POST"):
            answer = httpx.request(method, f"{base}/files/{path}")
            assert "the secret" not in answer.text
            assert answer.status_code in {200, 307, 401}
            assert method != "POST" or answer.status_code == 401


def test_signed_out_a_page_without_its_slash_is_a_redirect(serve: Serve):
    base = serve(service())
    for path in ("/r/playground", "/console"):
        answer = httpx.get(base + path)
        assert answer.status_code == 307
        assert httpx.get(base + path, follow_redirects=True).url.path == f"{path}/"


def test_a_secret_that_is_too_short_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(Exception, match="MOORAGE_SESSION_SECRET") as caught:
        Settings.parse({"MOORAGE_SESSION_SECRET": "short-secret-value"})
    assert "short-secret-value" not in str(caught.value)


def test_the_secret_is_nowhere_to_be_seen():
    assert SECRET not in repr(Settings.parse({"MOORAGE_SESSION_SECRET": SECRET}))
