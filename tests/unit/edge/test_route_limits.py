import threading
import uuid
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.middleware import Middleware

from moorage.auth.api_key import ApiKeys
from moorage.auth.keys import digest
from moorage.edge import errors
from moorage.edge.identification import Identification
from moorage.edge.middleware.authentication import Authentication
from moorage.edge.route_limits import RouteLimiter, install_limiter

Serve = Callable[..., str]

KEYS = {name: f"{name}-secret-0123456789" for name in ("alice", "bob")}


def build(storage: str = "") -> FastAPI:
    authenticator = ApiKeys([f"{name}:sha256:{digest(key)}" for name, key in KEYS.items()])
    app = FastAPI(
        middleware=[Middleware(Authentication, identification=Identification(authenticator))]
    )
    errors.install(app)
    limiter = RouteLimiter(storage)
    install_limiter(app, limiter)
    path = uuid.uuid4().hex  # counts in Redis outlive the test

    @app.get(f"/{path}/async")
    @limiter.limit("2/minute")
    async def asynchronous(request: Request) -> str:
        return threading.current_thread().name

    @app.get(f"/{path}/sync")
    @limiter.limit("2/minute")
    def synchronous(request: Request) -> str:
        return "sync"

    @app.get(f"/{path}/one")
    @limiter.shared_limit("2/minute", scope=path)
    async def one(request: Request) -> str:
        return "one"

    @app.get(f"/{path}/other")
    @limiter.shared_limit("2/minute", scope=path)
    async def other(request: Request) -> str:
        return "other"

    app.state.path = path
    return app


def ask(base: str, path: str, name: str = "alice") -> httpx.Response:
    return httpx.get(f"{base}/{path}", headers={"X-Api-Key": KEYS[name]})


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("redis_url")) if request.param == "redis" else ""


def test_decorated_routes_are_limited_by_caller_and_answer_in_our_shape(serve: Serve, storage: str):
    app = build(storage)
    base = serve(app)
    for kind in ("async", "sync"):
        path = f"{app.state.path}/{kind}"
        answers = [ask(base, path) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert answers[2].json() == {
            "detail": "Rate limit exceeded: 2 per 1 minute.",
            "message": "Rate limit exceeded: 2 per 1 minute.",
        }
        assert ask(base, path, "bob").status_code == 200
    shared = [ask(base, f"{app.state.path}/{name}").status_code for name in ("one", "other", "one")]
    assert shared == [200, 200, 429]


def test_the_environment_does_not_change_the_limiter(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RATELIMIT_ENABLED", "false")
    monkeypatch.setenv("RATELIMIT_DEFAULT", "1/minute")
    limiter = RouteLimiter()
    assert limiter.enabled is True
    assert limiter._default_limits == []


def test_a_lost_redis_leaves_decorated_routes_limited_in_this_process(serve: Serve):
    app = build("redis://127.0.0.1:9/0")
    base = serve(app)
    statuses = [ask(base, f"{app.state.path}/async").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_the_same_storages_are_known_as_for_the_service():
    for url in ("async+redis://127.0.0.1:9/0", "rediss://127.0.0.1:9/0", "unix:///no/such.sock"):
        assert RouteLimiter(url).enabled
