"""Failures: what clients are told of them, by whom, and what they never are."""

import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi import HTTPException as FastAPIHTTPException
from fastapi.responses import JSONResponse
from langchain_core.runnables import RunnableConfig, RunnableLambda
from starlette.exceptions import HTTPException
from starlette.requests import Request

from moorage import Settings, add_routes, create_app
from moorage.errors import Conflict, Rejected
from tests.protocols.langserve.wire import client, events

pytestmark = pytest.mark.anyio

SECRET = "postgres://user:password@host"
CLOSED = {"detail": "Internal Server Error", "message": "Internal Server Error"}
PLAIN = ("invoke", "batch")
STREAMS = ("stream", "stream_log", "stream_events")


class SlowDownError(Exception):
    """What a provider raises."""


def failing(error: Exception) -> RunnableLambda[Any, Any]:
    def fail(x: int) -> int:
        raise error

    return RunnableLambda(fail)


def bare(error: Exception, **options: Any) -> FastAPI:
    app = FastAPI()
    add_routes(app, failing(error), path="/r", **options)
    return app


def service(error: Exception, **options: Any) -> FastAPI:
    app = create_app(Settings(environment="development"), **options)
    add_routes(app, failing(error), path="/r")
    return app


async def post(app: Any, operation: str) -> httpx.Response:
    async with client(app) as http:
        body = {"inputs": [1]} if operation == "batch" else {"input": 1}
        return await http.post(f"/r/{operation}", json=body)


@pytest.mark.requirement("langserve:errors:closed", "langserve:errors:json")
@pytest.mark.parametrize("make", [bare, service])
@pytest.mark.parametrize("operation", PLAIN)
async def test_an_unforeseen_failure_is_a_closed_500(make: Any, operation: str):
    response = await post(make(ValueError(SECRET)), operation)

    assert response.status_code == 500
    assert response.json() == CLOSED


@pytest.mark.requirement("langserve:errors:closed")
async def test_an_unforeseen_failure_is_logged_once_with_its_run_and_traceback(
    caplog: pytest.LogCaptureFixture,
):
    for operation in (*PLAIN, *STREAMS):
        caplog.clear()
        await post(bare(ValueError(SECRET)), operation)

        [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
        assert record.exc_info is not None
        assert SECRET in str(record.exc_info[1])
        assert record.__dict__["run_id"]


@pytest.mark.requirement("langserve:errors:closed")
@pytest.mark.parametrize("operation", PLAIN)
async def test_an_error_whose_detail_is_not_meant_for_clients_discloses_nothing(operation: str):
    class LeakyError(Exception):
        detail = SECRET
        status_code = 418

    response = await post(bare(LeakyError(SECRET)), operation)

    assert (response.status_code, response.json()) == (500, CLOSED)


@pytest.mark.requirement("langserve:invoke:http-exception")
@pytest.mark.parametrize("make", [bare, service])
@pytest.mark.parametrize("operation", PLAIN)
async def test_an_http_exception_keeps_status_detail_and_headers(make: Any, operation: str):
    error = HTTPException(429, "over quota", headers={"Retry-After": "7"})
    response = await post(make(error), operation)

    assert response.status_code == 429
    assert response.json()["detail"] == "over quota"
    assert response.headers["retry-after"] == "7"


def mapper(error: BaseException) -> Rejected | None:
    if isinstance(error, SlowDownError):
        return Rejected(429, "The model is busy.", headers={"Retry-After": "3"})
    return None


@pytest.mark.requirement("langserve:errors:mapper")
@pytest.mark.parametrize("operation", PLAIN)
async def test_an_error_mapper_gives_a_failure_status_message_and_headers(operation: str):
    for app in (
        bare(SlowDownError(SECRET), error_mapper=mapper),
        service(SlowDownError(SECRET), error_mapper=mapper),
    ):
        response = await post(app, operation)
        assert response.status_code == 429
        assert response.json() == {"detail": "The model is busy.", "message": "The model is busy."}
        assert response.headers["retry-after"] == "3"


@pytest.mark.requirement("langserve:errors:mapper", "langserve:stream:error-status")
@pytest.mark.parametrize("operation", STREAMS)
async def test_an_error_mapper_is_asked_for_streams_too(operation: str):
    for app in (
        bare(SlowDownError(SECRET), error_mapper=mapper),
        service(SlowDownError(SECRET), error_mapper=mapper),
    ):
        last = events((await post(app, operation)).content)[-1]
        assert last.name == "error"
        assert last.value == {"status_code": 429, "message": "The model is busy."}


@pytest.mark.requirement("langserve:errors:mapper")
async def test_an_error_mapper_that_leaves_a_failure_or_fails_itself_leaves_it_closed():
    def broken(error: BaseException) -> Rejected | None:
        raise RuntimeError(SECRET)

    for chosen in (mapper, broken):
        app = bare(ValueError(SECRET), error_mapper=chosen)
        response = await post(app, "invoke")
        last = events((await post(app, "stream")).content)[-1]
        assert (response.status_code, response.json()) == (500, CLOSED)
        assert last.value["message"] == "Internal Server Error"


@pytest.mark.requirement("langserve:errors:mapper")
async def test_errors_that_have_a_status_are_not_offered_to_the_mapper():
    def always(error: BaseException) -> Rejected | None:
        return Rejected(400, f"mapped {type(error).__name__}")

    response = await post(bare(HTTPException(418, "teapot"), error_mapper=always), "invoke")
    conflict = await post(bare(Conflict("It changed."), error_mapper=always), "invoke")

    assert response.status_code == 418
    assert (conflict.status_code, conflict.json()["detail"]) == (409, "It changed.")


@pytest.mark.requirement("langserve:errors:own-handlers")
@pytest.mark.parametrize("handled", [SlowDownError, Exception, 500])
@pytest.mark.filterwarnings("default")
async def test_exception_handlers_of_the_users_application_are_asked(handled: Any):
    app = bare(SlowDownError(SECRET))

    @app.exception_handler(handled)
    async def answer(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"mine": type(error).__name__}, 503)

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        response = await http.post("/r/invoke", json={"input": 1})

    assert (response.status_code, response.json()) == (503, {"mine": "SlowDownError"})


@pytest.mark.requirement("langserve:errors:own-handlers")
async def test_a_handler_for_http_exceptions_is_asked():
    app = bare(HTTPException(418, "teapot"))

    @app.exception_handler(HTTPException)
    async def answer(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"mine": error.detail}, 418)

    assert (await post(app, "invoke")).json() == {"mine": "teapot"}


@pytest.mark.requirement("langserve:errors:json")
@pytest.mark.parametrize("make", [bare, service])
async def test_every_refusal_has_a_detail_and_a_message(make: Any):
    app = make(ValueError(SECRET))
    async with client(app) as http:
        refusals = [
            await http.post("/r/invoke", content=b"{"),
            await http.post("/r/invoke", json={"input": "x"}),
            await http.post("/r/c/!/invoke", json={"input": 1}),
            await http.post("/r/batch", json={"inputs": [1], "config": [{}, {}]}),
            await http.post("/r/token_feedback", json={}),
        ]

    for response in refusals:
        assert 400 <= response.status_code < 500
        assert isinstance(response.json()["message"], str)
        assert "detail" in response.json()


@pytest.mark.requirement("langserve:callbacks:closed-errors")
async def test_callback_events_of_failed_items_say_that_they_failed_and_nothing_more():
    app = bare(ValueError(SECRET), include_callback_events=True)
    async with client(app) as http:
        body = {"inputs": [1], "return_exceptions": True}
        response = await http.post("/r/batch", json=body)

    [[start, error]] = response.json()["callback_events"]
    assert (start["type"], error["type"]) == ("on_chain_start", "on_chain_error")
    assert error["error"] == {
        "status_code": 500,
        "message": "Internal Server Error",
        "type": "server_error",
    }
    assert SECRET not in response.text


async def test_a_run_that_raises_what_python_uses_for_itself_is_a_closed_failure():
    for error in (StopAsyncIteration(SECRET), KeyError(SECRET), RecursionError(SECRET)):
        for operation in PLAIN:
            response = await post(bare(error), operation)
            assert (response.status_code, response.json()) == (500, CLOSED)


async def test_a_failure_of_one_request_leaves_the_next_alone():
    def half(x: int, config: RunnableConfig) -> float:
        return 1 / x

    app = FastAPI()
    add_routes(app, RunnableLambda(half), path="/r")
    async with client(app) as http:
        statuses = [
            (await http.post("/r/invoke", json={"input": value})).status_code
            for value in (1, 0, 2, 0, 4)
        ]

    assert statuses == [200, 500, 200, 500, 200]


@pytest.mark.requirement("langserve:errors:own-handlers")
@pytest.mark.parametrize(
    "of", [HTTPException, FastAPIHTTPException, 422], ids=["starlette", "fastapi", "status"]
)
async def test_an_application_that_renders_http_exceptions_renders_refusals_too(of: Any):
    app = bare(ValueError("never raised"))

    @app.exception_handler(of)
    async def render(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, FastAPIHTTPException)
        return JSONResponse({"problem": error.detail}, error.status_code)

    async with client(app) as http:
        response = await http.post("/r/invoke", content=b"{")

    assert response.status_code == 422
    assert response.json() == {"problem": ["Invalid JSON body"]}


@pytest.mark.requirement("langserve:errors:own-handlers")
async def test_a_handler_for_all_exceptions_is_not_asked_about_what_clients_do_wrong():
    app = bare(ValueError("never raised"))

    @app.exception_handler(Exception)
    async def apologize(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"sorry": True}, 500)

    async with client(app) as http:
        response = await http.post("/r/invoke", content=b"{")

    assert response.status_code == 422
    assert response.json()["detail"] == ["Invalid JSON body"]
