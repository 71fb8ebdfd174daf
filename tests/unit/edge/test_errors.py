import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from moorage import errors
from moorage.edge.errors import STATUSES, install, respond
from tests.conftest import Serve


def every_class(root: type[errors.MoorageError]) -> list[type[errors.MoorageError]]:
    return [root, *(found for child in root.__subclasses__() for found in every_class(child))]


def test_every_error_meant_for_a_client_has_a_status_of_its_own() -> None:
    closed = {errors.MoorageError, errors.Misconfigured, errors.Rejected}
    for kind in every_class(errors.MoorageError):
        assert kind in closed or any(parent in STATUSES for parent in kind.__mro__), kind


def test_an_error_of_the_tree_is_told_in_detail_and_message() -> None:
    status, headers, body = respond(errors.NotFound("No such run."))
    assert status == 404
    assert dict(headers)[b"content-type"] == b"application/json"
    assert dict(headers)[b"content-length"] == str(len(body)).encode()
    assert json.loads(body) == {"detail": "No such run.", "message": "No such run."}


def test_a_subclass_has_the_status_of_its_parent() -> None:
    assert respond(errors.AlreadyExists("There is one.")).status == 409


def test_a_list_of_errors_keeps_its_place_and_gains_a_sentence() -> None:
    answer = respond(errors.Invalid([{"loc": ["body", "input"], "msg": "Field required"}]))
    assert answer.status == 422
    assert json.loads(answer.body) == {
        "detail": [{"loc": ["body", "input"], "msg": "Field required"}],
        "message": "body.input: Field required",
    }


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (errors.TooMany("10 a minute.", retry_after=7), b"retry-after", b"7"),
        (errors.Unavailable("Busy.", retry_after=3), b"retry-after", b"3"),
        (errors.Unauthenticated("Send a key."), b"www-authenticate", b"Bearer"),
        (errors.Rejected(429, "Later.", headers={"Retry-After": "9"}), b"retry-after", b"9"),
        (HTTPException(405, headers={"Allow": "GET"}), b"allow", b"GET"),
    ],
)
def test_an_error_brings_the_headers_that_its_class_calls_for(
    error: Exception, name: bytes, value: bytes
) -> None:
    assert dict(respond(error).headers)[name] == value


class LeakyError(Exception):
    detail = "postgres://user:password@host"


@pytest.mark.parametrize(
    "error", [LeakyError("secret"), errors.Misconfigured("MOORAGE_X is wrong")]
)
def test_an_error_that_nobody_meant_for_the_client_is_closed(error: Exception) -> None:
    answer = respond(error)
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "detail": "Internal Server Error",
        "message": "Internal Server Error",
    }


class Body(BaseModel):
    number: int


def demo() -> FastAPI:
    app = FastAPI()
    install(app)

    @app.post("/own")
    async def own() -> None:
        raise errors.Conflict("It changed.")

    @app.post("/http")
    async def http() -> None:
        raise HTTPException(418, "short and stout")

    @app.post("/custom")
    async def custom() -> None:
        raise HTTPException(499, {"why": "gone"})

    @app.post("/body")
    async def body(body: Body) -> Body:
        return body

    return app


@pytest.mark.parametrize(
    ("path", "status", "detail", "message"),
    [
        ("/own", 409, "It changed.", "It changed."),
        ("/http", 418, "short and stout", "short and stout"),
        ("/custom", 499, {"why": "gone"}, "Error"),
        ("/nowhere", 404, "Not Found", "Not Found"),
    ],
)
def test_an_installed_app_answers_every_error_in_one_shape(
    serve: Serve, path: str, status: int, detail: Any, message: str
) -> None:
    answer = httpx.post(serve(demo()) + path)
    assert answer.status_code == status
    assert answer.json() == {"detail": detail, "message": message}


def test_a_body_that_does_not_fit_is_fastapis_list_and_a_sentence(serve: Serve) -> None:
    answer = httpx.post(serve(demo()) + "/body", json={"number": "x"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "number"]
    assert answer.json()["message"].startswith("body.number: Input should be a valid integer")


PAGE = Path(__file__).parents[3] / "docs/reference/errors.md"


@pytest.mark.parametrize("kind", every_class(errors.MoorageError), ids=lambda kind: kind.__name__)
def test_the_page_on_errors_names_every_class_with_status_and_code(
    kind: type[errors.MoorageError],
) -> None:
    status = next((str(STATUSES[parent]) for parent in kind.__mro__ if parent in STATUSES), None)
    if kind is errors.Rejected:
        status = "its own"
    row = f"| `{kind.__name__}` | {status} | `{kind.code}` |"
    assert (row in PAGE.read_text()) is (status is not None)
