from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from moorage.edge.middleware.cors import CrossOrigin
from moorage.edge.middleware.security_headers import SecurityHeaders

Serve = Callable[..., str]

ORIGIN = "https://app.example.com"


def data(request: Request) -> Response:
    return JSONResponse({"method": request.method})


def page(request: Request) -> Response:
    return HTMLResponse("<p>")


def own(request: Request) -> Response:
    headers = {"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "x"}
    return HTMLResponse("<p>", status_code=404, headers=headers)


def missing(request: Request) -> Response:
    raise HTTPException(404)


ROUTES = [Route("/", data, methods=["GET", "POST"]), Route("/page", page), Route("/own", own)]


@pytest.fixture
def base(serve: Serve) -> str:
    return serve(Starlette(routes=ROUTES, middleware=[Middleware(SecurityHeaders)]))


def test_no_response_may_be_sniffed_or_leak_its_address(base: str):
    headers = httpx.get(base).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "x-frame-options" not in headers
    assert "cache-control" not in headers


def test_pages_may_be_framed_by_their_own_origin_only(base: str):
    headers = httpx.get(f"{base}/page").headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"


def test_errors_are_not_cached(base: str):
    assert httpx.get(f"{base}/nowhere").headers["cache-control"] == "no-store"


def test_what_a_route_sets_itself_is_left_alone(base: str):
    headers = httpx.get(f"{base}/own").headers
    assert headers.get_list("x-frame-options") == ["DENY"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers.get_list("cache-control") == ["x"]


def cross_origin(serve: Serve, *origins: str, credentials: bool = False) -> str:
    guard = Middleware(CrossOrigin, origins=origins, credentials=credentials)
    return serve(Starlette(routes=ROUTES, middleware=[guard]))


def preflight(base: str, origin: str = ORIGIN) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-anything",
    }
    return httpx.options(base, headers=headers)


def test_a_listed_origin_may_call_with_any_header(serve: Serve):
    answer = preflight(cross_origin(serve, ORIGIN))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-anything" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example"])
def test_another_origin_may_not(serve: Serve, origin: str):
    base = cross_origin(serve, ORIGIN)
    assert preflight(base, origin).status_code == 400
    answer = httpx.get(base, headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_may_read_the_headers_that_tell_it_when_to_come_back(serve: Serve):
    answer = httpx.get(cross_origin(serve, ORIGIN), headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Retry-After", "X-RateLimit-Remaining", "X-Request-ID"} <= set(exposed.split(", "))
    assert "Origin" in answer.headers["vary"]


def test_caches_keep_answers_for_pages_and_for_others_apart(serve: Serve):
    base = cross_origin(serve, ORIGIN)
    assert "Origin" in httpx.get(base).headers["vary"]
    assert "Origin" in httpx.get(base, headers={"Origin": "https://evil.example"}).headers["vary"]


def test_any_origin_may_call_where_all_are_listed(serve: Serve):
    answer = httpx.get(cross_origin(serve, "*"), headers={"Origin": "https://any.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_credentials_are_let_through_where_the_operator_says_so(serve: Serve):
    answer = preflight(cross_origin(serve, ORIGIN, credentials=True))
    assert answer.headers["access-control-allow-credentials"] == "true"
