import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from langchain_core.runnables import RunnableLambda
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from moorage import add_routes
from moorage.app import create_app
from moorage.auth.keys import digest
from moorage.engine.policy import POLICY_KEY, RunPolicy
from moorage.errors import Conflict
from moorage.settings import Settings
from tests.conftest import Serve


def settings(**values: Any) -> Settings:
    return Settings.parse({}, log_format="json", **values)


KEY = "moorage_test_key_of_ann_0123456789abcdef"
KEYS = f"ann:sha256:{digest(KEY)}"
ANN = {"X-Api-Key": KEY}

FIELDS = {"timestamp", "level", "event", "logger", "request_id", "method", "path", "status"}
FIELDS |= {"duration_ms", "bytes", "client", "caller"}

Lines = list[dict[str, Any]]
Written = Callable[[], Lines]


def demo(**values: Any) -> FastAPI:
    app = create_app(settings(**values))
    router = APIRouter()

    @app.get("/hello/{name}")
    async def hello(name: str) -> str:
        return name

    @router.get("/inner/{name}")
    async def inner(name: str) -> str:
        return name

    @app.get("/broken")
    async def broken() -> str:
        raise ValueError("the password is hunter2")

    @app.get("/conflict")
    async def conflict() -> str:
        raise Conflict("It changed.")

    @app.get("/stray")
    async def stray() -> str:
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        await cancelled
        return "never"

    @app.get("/policy")
    async def policy(request: Request) -> float | None:
        found: RunPolicy = request.scope[POLICY_KEY]
        return found.run_timeout

    @app.get("/stream")
    async def stream(fail: bool = False, kind: str = "text/event-stream") -> StreamingResponse:
        async def frames() -> AsyncIterator[bytes]:
            yield b"data: 1\r\n\r\n"
            if fail:
                raise ValueError("the password is hunter2")

        return StreamingResponse(frames(), media_type=kind)

    app.include_router(router, prefix="/outer")
    return app


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Callable[[], Lines]:
    """Return all lines up to that of a request, which is written after the response is sent."""

    def wait() -> Lines:
        found: Lines = []
        deadline = monotonic() + 30
        while not any(line["event"] == "request" for line in found):
            assert monotonic() < deadline, found
            threading.Event().wait(0.01)
            lines = map(json.loads, capsys.readouterr().out.splitlines())
            found += [line for line in lines if line["logger"] != "moorage.app"]
        return found

    return wait


def test_every_request_leaves_one_line_with_its_facts(serve: Serve, written: Written) -> None:
    answer = httpx.get(serve(demo()) + "/hello/ann?token=abcdefgh", headers={"X-Request-ID": "r-1"})
    (line,) = written()
    assert answer.headers["x-request-id"] == "r-1"
    assert set(line) == FIELDS
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("duration_ms") > 0
    assert line == {
        "level": "info",
        "event": "request",
        "logger": "moorage.requests",
        "request_id": "r-1",
        "method": "GET",
        "path": "/hello/{name}",
        "status": 200,
        "bytes": len(answer.content),
        "client": "127.0.0.1",
        "caller": "anonymous",
    }


def test_a_route_of_an_included_router_is_known_by_its_whole_template(
    serve: Serve, written: Written
) -> None:
    base = serve(demo())
    assert httpx.get(base + "/outer/inner/ann").json() == "ann"
    assert written()[0]["path"] == "/outer/inner/{name}"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/a/invoke", "/a/invoke"),
        ("/a/c/N4XyA/invoke", "/a/c/{config_hash}/invoke"),
        ("/tenants/7/b/invoke", "/tenants/{tenant}/b/invoke"),
        ("/models/7/invoke", "/models/{name}/invoke"),
    ],
)
def test_a_runnables_operation_is_known_by_its_template_and_its_run(
    serve: Serve, written: Written, path: str, template: str
) -> None:
    app, router = demo(), APIRouter()
    runnable = RunnableLambda(str)
    add_routes(app, runnable, path="/a")
    add_routes(app, runnable, path="/models/{name}")
    add_routes(router, runnable, path="/b")
    app.include_router(router, prefix="/tenants/{tenant}")
    answer = httpx.post(serve(app) + path, json={"input": "x"})
    assert answer.status_code == 200
    (line,) = written()
    assert line["path"] == template
    assert line["run_id"] == answer.json()["metadata"]["run_id"]


def test_a_run_that_fails_is_one_error_line_and_names_the_error(
    serve: Serve, written: Written
) -> None:
    app = demo()
    add_routes(app, RunnableLambda(int), path="/a")
    assert httpx.post(serve(app) + "/a/invoke", json={"input": "x"}).status_code == 500
    error, request = written()
    assert error["level"] == "error"
    assert request["run_error"] == "internal"


@pytest.mark.parametrize("sent", ["a b", "x" * 129, "é", ""])
def test_a_request_id_that_is_not_safe_is_replaced(serve: Serve, sent: str) -> None:
    answer = httpx.get(serve(demo()) + "/ok", headers={b"X-Request-ID": sent.encode()})
    assert len(answer.headers["x-request-id"]) == 32


def test_an_unhandled_error_is_one_line_with_traceback_and_a_closed_body(
    serve: Serve, written: Written
) -> None:
    answer = httpx.get(serve(demo()) + "/broken")
    assert answer.status_code == 500
    assert answer.json() == {
        "detail": "Internal Server Error",
        "message": "Internal Server Error",
    }
    found = written()
    (error,) = [line for line in found if line["level"] == "error"]
    assert error["event"] == "unhandled error"
    assert error["request_id"] == answer.headers["x-request-id"]
    assert "ValueError" in error["exception"]
    assert error["path"] == "/broken"
    assert len(found) == 2


def test_an_error_of_the_tree_is_answered_without_a_traceback(
    serve: Serve, written: Written
) -> None:
    answer = httpx.get(serve(demo()) + "/conflict")
    assert answer.status_code == 409
    assert [line["event"] for line in written()] == ["request"]


def test_an_endpoint_that_awaits_something_cancelled_has_failed(
    serve: Serve, written: Written
) -> None:
    assert httpx.get(serve(demo()) + "/stray").status_code == 500
    assert [line["level"] for line in written()] == ["error", "info"]


def test_a_stream_of_events_that_fails_ends_with_an_error_event(
    serve: Serve, written: Written
) -> None:
    answer = httpx.get(serve(demo()) + "/stream?fail=1")
    assert answer.text == (
        "data: 1\r\n\r\n"
        'event: error\r\ndata: {"status_code":500,"message":"Internal Server Error"}\r\n\r\n'
    )
    found = written()
    assert [line["level"] for line in found] == ["error", "info"]
    assert found[1]["bytes"] == len(answer.content)


def test_any_other_stream_that_fails_is_cut_so_that_the_client_notices(
    serve: Serve, written: Written
) -> None:
    base = serve(demo())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(base + "/stream?fail=1&kind=text/plain")
    found = written()
    assert [line["level"] for line in found] == ["error", "info"]
    assert found[1]["complete"] is False


def test_a_client_that_leaves_is_written_down_as_such(serve: Serve, written: Written) -> None:
    app = demo()

    @app.get("/wait")
    async def wait(request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    base = serve(app)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(base + "/wait", timeout=0.2)
    (line,) = written()
    assert (line["status"], line["complete"]) == (499, False)


def test_probes_leave_no_line_unless_asked_for(serve: Serve, written: Written) -> None:
    base = serve(demo())
    httpx.get(base + "/health")
    httpx.get(base + "/hello/ann")
    assert [line["path"] for line in written()] == ["/hello/{name}"]
    httpx.get(serve(demo(log_level="DEBUG")) + "/health")
    assert [line["level"] for line in written() if line["event"] == "request"] == ["debug"]


def test_every_request_carries_the_policy_for_runs(serve: Serve) -> None:
    assert httpx.get(serve(demo(run_timeout="7")) + "/policy").json() == 7.0
    assert httpx.get(serve(demo(run_timeout="0")) + "/policy").json() is None


def test_the_users_lifespan_runs_within_the_services(serve: Serve) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        seen.append("start")
        yield {"pool": "a pool"}
        seen.append("stop")

    app = create_app(settings(), lifespan=lifespan)

    @app.get("/state")
    async def state(request: Request) -> str:
        pool: str = request.state.pool
        return pool

    assert httpx.get(serve(app) + "/state").json() == "a pool"
    assert seen == ["start"]


def test_the_document_asks_for_credentials_on_all_but_public_operations() -> None:
    document = demo(auth_required=True, api_keys=KEYS).openapi()
    assert document["security"] == [{"Bearer": []}, {"ApiKey": []}]
    assert set(document["components"]["securitySchemes"]) == {"Bearer", "ApiKey"}
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "security" not in document["paths"]["/hello/{name}"]["get"]


def test_the_document_asks_for_nothing_where_nothing_is_asked_for() -> None:
    document = demo().openapi()
    assert "security" not in document
    assert "securitySchemes" not in document.get("components", {})


def test_the_documentation_is_not_served_in_production(serve: Serve) -> None:
    base = serve(demo(environment="production", api_keys=KEYS))
    assert httpx.get(base + "/docs", headers=ANN).status_code == 404
    assert httpx.get(base + "/openapi.json", headers=ANN).status_code == 404


def test_all_but_the_public_paths_need_a_credential(serve: Serve, written: Written) -> None:
    base = serve(demo(auth_required=True, api_keys=KEYS))
    for path in ("/health", "/ok", "/info", "/ready", "/docs", "/openapi.json", "/metrics"):
        assert httpx.get(base + path).status_code == 200, path
    refused = httpx.get(base + "/hello/ann")
    assert refused.status_code == 401
    assert refused.json()["detail"] == refused.json()["message"]
    assert refused.headers["x-request-id"]
    assert written()[-1]["caller"] is None
    assert httpx.get(base + "/hello/ann", headers=ANN).json() == "ann"
    assert [line["caller"] for line in written()] == ["ann"]


def test_metrics_need_a_credential_outside_development(serve: Serve) -> None:
    base = serve(demo(environment="staging", api_keys=KEYS))
    assert httpx.get(base + "/metrics").status_code == 401
    assert httpx.get(base + "/metrics", headers=ANN).status_code == 200
    base = serve(demo(environment="staging", api_keys=KEYS, metrics_public=True))
    assert httpx.get(base + "/metrics").status_code == 200


def test_a_users_own_authentication_decides(serve: Serve) -> None:
    async def authenticate(request: Request) -> str | None:
        return request.headers.get("x-user")

    app = create_app(settings(), authenticate=authenticate)

    @app.get("/me")
    async def me(request: Request) -> str:
        identity: str = request.user.identity
        return identity

    base = serve(app)
    assert httpx.get(base + "/me").status_code == 401
    assert httpx.get(base + "/me", headers={"X-User": "bob"}).json() == "bob"
    assert app.openapi()["security"]


def test_a_service_without_authentication_says_so_as_it_starts(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(demo())
    assert "authentication is off" in capsys.readouterr().out
    serve(demo(auth_required=True, api_keys=KEYS))
    assert "authentication is off" not in capsys.readouterr().out


def test_every_guard_is_in_its_place(serve: Serve, written: Written) -> None:
    base = serve(
        demo(
            rate_limit="3/minute",
            max_body_bytes=10,
            cors_origins="https://chat.example.com",
            trusted_proxies="127.0.0.1",
            max_concurrency=1,
        )
    )
    headers = {"Origin": "https://chat.example.com", "X-Forwarded-For": "203.0.113.9"}
    first = httpx.get(base + "/hello/ann", headers=headers)
    assert first.headers["access-control-allow-origin"] == "https://chat.example.com"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["x-ratelimit-remaining"] == "2"
    assert written()[0]["client"] == "203.0.113.9"
    assert httpx.post(base + "/hello/ann", content=b"x" * 11).status_code == 413
    statuses = [httpx.get(base + "/hello/ann", headers=headers).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert httpx.get(base + "/ready", headers=headers).status_code == 200


def test_a_hand_written_endpoint_can_have_a_limit_of_its_own(serve: Serve) -> None:
    app = demo()

    @app.get("/rare")
    @app.state.limiter.limit("1/minute")  # type: ignore[untyped-decorator]
    async def rare(request: Request) -> str:
        return "ok"

    base = serve(app)
    assert httpx.get(base + "/rare").status_code == 200
    refused = httpx.get(base + "/rare")
    assert refused.status_code == 429
    assert refused.json()["message"]


def test_configured_keys_are_asked_for_in_development_too(serve: Serve):
    base = serve(demo(api_keys=KEYS))
    assert httpx.get(f"{base}/nowhere").status_code == 401
    assert httpx.get(f"{base}/nowhere", headers=ANN).status_code == 404


def test_production_takes_authentication_that_is_code(serve: Serve):
    async def authenticate(_: Request) -> str:
        return "ann"

    production = settings(environment="production", auth_required=True)
    base = serve(create_app(production, authenticate=authenticate))
    assert httpx.get(f"{base}/nowhere").status_code == 404


def test_a_start_without_any_authentication_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str],
):
    with pytest.raises(SystemExit) as ending:
        create_app(settings(environment="production", auth_required=True))
    assert ending.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith("moorage: MOORAGE_AUTH_REQUIRED: ")
