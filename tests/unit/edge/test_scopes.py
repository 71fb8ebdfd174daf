import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI
from langchain_core.runnables import RunnableLambda

from moorage import Settings, add_routes, create_app, requires

Serve = Callable[..., str]

SECRET = "{}-secret-0123456789"
SCOPES = {"all": "", "runner": ":run", "reader": ":read", "both": ":read,run"}


@pytest.fixture
def base(serve: Serve, tmp_path: Path) -> str:
    keys = tmp_path / "keys"
    keys.write_text(
        "".join(f"{name}:plain:{SECRET.format(name)}{end}\n" for name, end in SCOPES.items())
    )
    app = create_app(Settings(api_keys_file=keys))
    for path, scopes in {"/run": ["run"], "/two": ["read", "run"]}.items():
        wanted = [Depends(requires(*scopes))]
        add_routes(app, RunnableLambda(str), path=path, dependencies=wanted)
    return serve(app)


def invoke(base: str, path: str, name: str) -> httpx.Response:
    headers = {"X-Api-Key": SECRET.format(name)}
    return httpx.post(f"{base}{path}/invoke", json={"input": 1}, headers=headers)


@pytest.mark.parametrize(
    ("path", "allowed"), [("/run", {"all", "runner", "both"}), ("/two", {"all", "both"})]
)
def test_a_route_lets_in_who_has_all_scopes(base: str, path: str, allowed: set[str]):
    answers = {name: invoke(base, path, name).status_code for name in SCOPES}

    assert answers == {name: 200 if name in allowed else 403 for name in SCOPES}


def test_the_refusal_names_the_scope(base: str):
    reply = invoke(base, "/two", "reader")

    assert reply.status_code == 403
    assert "'run'" in reply.json()["detail"]


def test_a_service_that_asks_for_no_credential_lets_everybody_in(serve: Serve):
    app = create_app(Settings())
    add_routes(app, RunnableLambda(str), path="/run", dependencies=[Depends(requires("run"))])

    assert httpx.post(f"{serve(app)}/run/invoke", json={"input": 1}).status_code == 200


def test_an_application_without_callers_is_told_so():
    app = FastAPI()
    add_routes(app, RunnableLambda(str), path="/run", dependencies=[Depends(requires("run"))])
    transport = httpx.ASGITransport(app)

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            await client.post("/run/invoke", json={"input": 1})

    with pytest.raises(TypeError, match="create_app"):
        asyncio.run(ask())


def test_no_scope_is_a_mistake():
    with pytest.raises(ValueError, match="name of a scope"):
        requires()
