import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from moorage.auth.api_key import ApiKeys
from moorage.auth.keys import digest
from moorage.edge.addresses import address_key
from moorage.edge.identification import Identification
from moorage.edge.middleware.attempts import AttemptLimit
from moorage.edge.middleware.authentication import Authentication
from moorage.edge.middleware.proxy import ProxyHeaders
from moorage.edge.middleware.rate_limit import RateLimit
from moorage.edge.paths import Paths
from moorage.limits import CounterLost, MemoryCounter, RateLimits

Serve = Callable[..., str]

SECRETS = {"alice": "alice-secret-0123456789", "bob": "bob-secret-0123456789"}
KEYS = [f"{name}:sha256:{digest(secret)}" for name, secret in SECRETS.items()]


class Lost:
    """A counter that nobody can reach."""

    async def hit(self, key: str, window: int) -> tuple[int, float]:
        raise CounterLost("gone")

    async def close(self) -> None:
        pass


def build(limits: RateLimits, *, public: Paths | None = None, keys: bool = False) -> FastAPI:
    authenticator = ApiKeys(KEYS) if keys else None
    refused: list[None] = []

    def note() -> None:
        refused.append(None)

    exempt = Paths(exact=["/health"])
    stack = [
        Middleware(ProxyHeaders, trusted=["127.0.0.1"]),
        Middleware(AttemptLimit, limits=limits, on_refusal=note),
        Middleware(Authentication, identification=Identification(authenticator), public=public),
        Middleware(RateLimit, limits=limits, exempt=exempt, on_refusal=note),
    ]
    app = FastAPI(middleware=stack)
    app.state.refused = refused

    @app.api_route("/x", methods=["GET", "HEAD", "POST"])
    @app.get("/agent/x")
    @app.get("/health")
    async def answer(request: Request) -> str:
        return "answer"

    @app.get("/own401")
    async def own() -> None:
        from starlette.exceptions import HTTPException  # noqa: PLC0415

        raise HTTPException(401)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            await asyncio.Event().wait()

        return StreamingResponse(chunks())

    @app.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def in_memory(default: str, **rules: str) -> RateLimits:
    by_prefix = {f"/{name}": notation for name, notation in rules.items()}
    return RateLimits(default, by_prefix, counter=MemoryCounter())


def statuses(base: str, count: int, path: str = "/x", **headers: str) -> list[int]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(base_url=base, headers=named) as client:
        return [client.get(path).status_code for _ in range(count)]


def test_requests_over_the_limit_get_429_and_are_told_when_to_come_back(serve: Serve):
    app = build(in_memory("2/minute"))
    base = serve(app)
    answers = [httpx.get(f"{base}/x") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert len(app.state.refused) == 1
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"2"}
    reset = int(answers[0].headers["x-ratelimit-reset"])
    assert 55 < reset - time.time() <= 61
    refused = answers[2]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["detail"] == "Rate limit exceeded: 2 per 1 minute."


def test_paths_have_limits_of_their_own(serve: Serve):
    base = serve(build(in_memory("100/minute", agent="1/minute")))
    assert statuses(base, 2, "/agent/x") == [200, 429]
    assert statuses(base, 2, "/x") == [200, 200]


def test_probes_are_not_counted(serve: Serve):
    base = serve(build(in_memory("1/minute")))
    assert statuses(base, 3, "/health") == [200] * 3
    assert "x-ratelimit-limit" not in httpx.get(f"{base}/health").headers
    assert statuses(base, 2) == [200, 429]


def test_callers_are_counted_by_key_and_others_by_address(serve: Serve):
    base = serve(build(in_memory("2/minute"), keys=True, public=Paths(exact=["/x"])))
    elsewhere = {"X_Forwarded_For": "192.0.2.1"}
    assert statuses(base, 3, "/x") == [200, 200, 429]
    assert statuses(base, 3, "/x", **elsewhere) == [200, 200, 429]
    assert statuses(base, 3, "/agent/x", X_Api_Key=SECRETS["alice"]) == [200, 200, 429]
    assert statuses(base, 1, "/agent/x", X_Api_Key=SECRETS["alice"], **elsewhere) == [429]
    assert statuses(base, 3, "/agent/x", X_Api_Key=SECRETS["bob"]) == [200, 200, 429]


def test_guessing_keys_is_limited_by_address(serve: Serve):
    app = build(in_memory("3/minute"), keys=True)
    base = serve(app)
    guesser, other = {"X_Forwarded_For": "192.0.2.1"}, {"X_Forwarded_For": "192.0.2.2"}
    assert statuses(base, 5, X_Api_Key="guess", **guesser) == [401, 401, 401, 429, 429]
    assert len(app.state.refused) == 2
    # A right guess cannot be told from a wrong one any more.
    assert statuses(base, 1, X_Api_Key=SECRETS["bob"], **guesser) == [429]
    assert statuses(base, 3, X_Api_Key=SECRETS["bob"], **other) == [200] * 3
    assert httpx.get(f"{base}/x", headers={"X-Forwarded-For": "192.0.2.1"}).headers["retry-after"]


def test_a_blocked_address_may_come_back_when_the_window_has_ended(serve: Serve):
    base = serve(build(in_memory("1/second"), keys=True))
    assert statuses(base, 2, X_Api_Key="guess") == [401, 429]
    deadline = time.monotonic() + 30
    while (status := statuses(base, 1, X_Api_Key=SECRETS["bob"])) != [200]:
        assert status == [429]
        assert time.monotonic() < deadline


def test_a_401_of_a_route_is_counted_once(serve: Serve):
    base = serve(build(in_memory("4/minute")))
    assert statuses(base, 5, "/own401") == [401] * 4 + [429]


def test_the_limit_is_checked_without_holding_back_a_stream(serve: Serve):
    base = serve(build(in_memory("5/minute")))
    with httpx.stream("GET", f"{base}/stream") as answer:
        assert answer.headers["x-ratelimit-remaining"] == "4"
        assert next(answer.iter_raw()) == b"first"


def test_opening_a_websocket_counts_as_one_request(serve: Serve):
    url = f"{serve(build(in_memory('1/minute'))).replace('http', 'ws', 1)}/ws"
    with connect(url, proxy=None):
        pass
    with pytest.raises(InvalidStatus) as caught, connect(url, proxy=None):
        pass
    assert caught.value.response.status_code == 429
    assert int(caught.value.response.headers["Retry-After"]) >= 1


def test_fifty_clients_at_once_get_exactly_what_the_limit_allows(serve: Serve):
    base = serve(build(in_memory("30/minute")))

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=base) as client:
            answers = await asyncio.gather(*(client.get("/x") for _ in range(50)))
            return [answer.status_code for answer in answers]

    found = asyncio.run(ask())
    assert (found.count(200), found.count(429)) == (30, 20)


def test_a_lost_counter_that_fails_closed_is_a_503(serve: Serve, caplog: pytest.LogCaptureFixture):
    limits = RateLimits("1/minute", counter=Lost(), fails_open=False)
    base = serve(build(limits))
    answer = httpx.get(f"{base}/x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "gone" not in answer.text


def test_a_lost_counter_that_fails_closed_still_says_401(
    serve: Serve, caplog: pytest.LogCaptureFixture
):
    base = serve(build(RateLimits("1/minute", counter=Lost(), fails_open=False), keys=True))
    assert statuses(base, 2, X_Api_Key="guess") == [401, 401]


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_all_methods_are_counted(serve: Serve, method: str):
    base = serve(build(in_memory("1/minute")))
    answers = [httpx.request(method, f"{base}/x").status_code for _ in range(2)]
    assert answers == [200, 429]


@pytest.mark.parametrize(
    ("client", "key"),
    [
        (("192.0.2.7", 80), "address:192.0.2.7"),
        (("::ffff:192.0.2.7", 80), "address:192.0.2.7"),
        (("2001:db8:1:2:3::4", 80), "address:2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::", 80), "address:2001:db8:1:2::/64"),
        (("testclient", 80), "address:testclient"),
        (None, "address:none"),
    ],
)
def test_addresses_that_one_customer_has_are_counted_together(client: Any, key: str):
    assert address_key({"client": client}) == key
