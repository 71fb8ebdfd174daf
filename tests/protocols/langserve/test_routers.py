"""Where runnables may live: applications, routers, prefixes, mounts, beside the user's routes."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from moorage import add_routes
from tests.protocols.langserve.wire import client, hosting

pytestmark = pytest.mark.anyio

POSTS = ("invoke", "batch", "stream", "stream_log", "stream_events")
GETS = ("input_schema", "output_schema", "config_schema", "playground/")


def same(x: int) -> int:
    return x


def named(name: str) -> RunnableLambda[Any, Any]:
    return RunnableLambda(lambda _: name)


async def answer(app: Any, path: str, **options: Any) -> Any:
    async with client(app, **options) as http:
        response = await http.post(f"{path}/invoke", json={"input": 1})
    return response.json()["output"] if response.status_code == 200 else response.status_code


@pytest.mark.requirement("langserve:routes:any-application")
async def test_runnables_answer_on_routers_however_they_are_included():
    app = FastAPI()
    inner, outer, late = APIRouter(prefix="/inner"), APIRouter(prefix="/outer"), APIRouter()
    add_routes(app, named("app"), path="/a")
    add_routes(inner, named("inner"), path="/a")
    add_routes(outer, named("outer"), path="/a")
    add_routes(late, named("late"), path="/a")
    outer.include_router(inner)
    app.include_router(outer)
    app.include_router(inner)
    app.include_router(late, prefix="/one")
    app.include_router(late, prefix="/two")
    add_routes(late, named("later"), path="/b")

    assert await answer(app, "/a") == "app"
    assert await answer(app, "/outer/a") == "outer"
    assert await answer(app, "/outer/inner/a") == await answer(app, "/inner/a") == "inner"
    assert await answer(app, "/one/a") == await answer(app, "/two/a") == "late"
    assert await answer(app, "/one/b") == "later"
    assert await answer(app, "/three/a") == 404


@pytest.mark.requirement("langserve:routes:any-application")
async def test_runnables_answer_in_mounted_applications():
    inner, outer = FastAPI(), FastAPI()
    add_routes(inner, named("inner"), path="/a")
    add_routes(outer, named("outer"), path="/a")
    outer.mount("/sub", inner)
    starlette = Starlette(routes=[Mount("/s", app=outer)])

    assert await answer(outer, "/a") == "outer"
    assert await answer(outer, "/sub/a") == "inner"
    assert await answer(starlette, "/s/a") == "outer"
    assert await answer(starlette, "/s/sub/a") == "inner"


@pytest.mark.requirement("langserve:routes:any-application")
@pytest.mark.parametrize("path", ["/a", "/api/a"])
async def test_runnables_answer_behind_a_root_path_stripped_or_not(path: str):
    app = FastAPI()
    add_routes(app, named("app"), path="/a")

    assert await answer(app, path, root_path="/api") == "app"


@pytest.mark.requirement("langserve:routes:any-application", "langserve:surface:late-prefix")
async def test_a_path_that_begins_like_the_root_path_is_not_confused_with_it():
    app, router = FastAPI(), APIRouter()
    add_routes(app, named("other"), path="/apiary")
    add_routes(router, named("inner"), path="/apiary")
    app.include_router(router, prefix="/p")

    assert await answer(app, "/apiary", root_path="/api") == "other"
    assert await answer(app, "/api/apiary", root_path="/api") == "other"
    assert await answer(app, "/api/p/apiary", root_path="/api") == "inner"


@pytest.mark.requirement("langserve:surface:duplicate-path")
@pytest.mark.parametrize("second", ["/a", "/a/"])
@pytest.mark.parametrize("kind", [FastAPI, APIRouter])
def test_a_second_runnable_at_a_path_is_refused(kind: Any, second: str):
    app = kind()
    add_routes(app, named("first"), path="/a")
    with pytest.raises(ValueError, match="/a"):
        add_routes(app, named("second"), path=second)


@pytest.mark.requirement("langserve:surface:duplicate-path")
def test_something_that_is_no_application_is_refused():
    with pytest.raises(TypeError, match="FastAPI"):
        add_routes(Starlette(), named("x"), path="/a")  # type: ignore[arg-type]


@pytest.mark.requirement("langserve:surface:trailing-slash")
async def test_a_trailing_slash_of_the_path_is_dropped():
    app = FastAPI()
    add_routes(app, named("x"), path="/a/")

    assert await answer(app, "/a") == "x"


@pytest.mark.requirement("langserve:routes:empty-path")
async def test_a_runnable_at_the_empty_path_lives_beside_others_and_own_routes():
    app = FastAPI()

    @app.post("/before/invoke")
    def before() -> dict[str, str]:
        return {"output": "mine"}

    add_routes(app, named("empty"))
    add_routes(app, named("other"), path="/a")

    @app.post("/after/invoke")
    def after() -> dict[str, str]:
        return {"output": "mine too"}

    assert await answer(app, "") == "empty"
    assert await answer(app, "/a") == "other"
    assert await answer(app, "/before") == "mine"
    assert await answer(app, "/after") == "mine too"
    assert await answer(app, "/nowhere") == 404


@pytest.mark.requirement("langserve:routes:empty-path")
async def test_a_route_of_the_users_that_was_there_before_keeps_its_path():
    app = FastAPI()

    @app.post("/a/invoke")
    def mine() -> dict[str, str]:
        return {"output": "mine"}

    add_routes(app, named("runnable"), path="/a")

    assert await answer(app, "/a") == "mine"
    async with client(app) as http:
        batch = await http.post("/a/batch", json={"inputs": [1]})
    assert batch.json()["output"] == ["runnable"]


@pytest.mark.requirement("langserve:routes:method")
async def test_a_wrong_method_is_405_with_the_ones_that_are_right():
    async with hosting(RunnableLambda(same)) as http:
        for path in POSTS:
            response = await http.get(f"/r/{path}")
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
        for path in GETS:
            response = await http.post(f"/r/{path}", json={})
            allowed = "GET, HEAD" if path == "playground/" else "GET"
            assert (response.status_code, response.headers["allow"]) == (405, allowed)
            head = await http.head(f"/r/{path}")
            assert head.status_code == (200 if path == "playground/" else 405)


@pytest.mark.requirement("langserve:routes:unknown")
@pytest.mark.parametrize(
    "path", ["/", "/r", "/r/x", "/r/invoke/x", "/r/astream_events", "/r/c/invoke", "/r/c//invoke"]
)
async def test_an_unknown_path_is_404(path: str):
    async with hosting(RunnableLambda(same)) as http:
        response = await http.post(path, json={"input": 1})

    assert response.status_code == 404
    assert response.json() == {"detail": "Not Found"}


@pytest.mark.requirement("langserve:routes:slash")
async def test_a_trailing_slash_is_redirected():
    async with hosting(RunnableLambda(same)) as http:
        response = await http.post("/r/invoke/", json={"input": 1})
        followed = await http.post("/r/invoke/", json={"input": 1}, follow_redirects=True)

    assert response.status_code == 307
    assert response.headers["location"] == "http://test/r/invoke"
    assert followed.json()["output"] == 1


def knock(x_key: Annotated[str, Header()]) -> None:
    """A dependency that wants a header."""


async def statuses(app: Any, path: str, headers: dict[str, str]) -> list[int]:
    async with client(app, headers=headers) as http:
        found = []
        for prefix in (path, f"{path}/c/N4XyA", f"{path}/c/!"):
            for name in POSTS:
                body = {"inputs": [1]} if name == "batch" else {"input": 1}
                found.append((await http.post(f"{prefix}/{name}", json=body)).status_code)
            found += [(await http.get(f"{prefix}/{name}")).status_code for name in GETS]
        return found


def guarded_by_option() -> FastAPI:
    app = FastAPI()
    add_routes(app, RunnableLambda(same), path="/p/r", dependencies=[Depends(knock)])
    return app


def guarded_by_application() -> FastAPI:
    app = FastAPI(dependencies=[Depends(knock)])
    add_routes(app, RunnableLambda(same), path="/p/r")
    return app


def guarded_by_router() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/p", dependencies=[Depends(knock)])
    add_routes(router, RunnableLambda(same), path="/r")
    app.include_router(router)
    return app


def guarded_by_inclusion() -> FastAPI:
    app, router = FastAPI(), APIRouter()
    add_routes(router, RunnableLambda(same), path="/r")
    app.include_router(router, prefix="/p", dependencies=[Depends(knock)])
    return app


def guarded_by_outer_router() -> FastAPI:
    app, outer, inner = FastAPI(), APIRouter(dependencies=[Depends(knock)]), APIRouter()
    add_routes(inner, RunnableLambda(same), path="/r")
    outer.include_router(inner, prefix="/p")
    app.include_router(outer)
    return app


@pytest.mark.requirement("langserve:surface:dependencies")
@pytest.mark.parametrize(
    "make",
    [
        guarded_by_option,
        guarded_by_application,
        guarded_by_router,
        guarded_by_inclusion,
        guarded_by_outer_router,
    ],
)
async def test_dependencies_from_everywhere_guard_everything(make: Any):
    app = make()

    refused = await statuses(app, "/p/r", {})
    assert set(refused) == {422}
    allowed = await statuses(app, "/p/r", {"x-key": "k"})
    assert allowed == [200] * 18 + [400] * 9


@pytest.mark.requirement("langserve:surface:dependencies")
async def test_one_router_included_with_and_without_dependencies_is_guarded_only_there():
    app, router = FastAPI(), APIRouter()
    add_routes(router, named("x"), path="/r")
    app.include_router(router, prefix="/guarded", dependencies=[Depends(knock)])
    app.include_router(router, prefix="/open")

    assert await answer(app, "/open/r") == "x"
    assert await answer(app, "/guarded/r") == 422
    assert await answer(app, "/guarded/r", headers={"x-key": "k"}) == "x"


@pytest.mark.requirement("langserve:surface:dependencies")
async def test_runnables_of_one_application_have_dependencies_of_their_own():
    app = FastAPI()
    add_routes(app, named("open"), path="/open")
    add_routes(app, named("guarded"), path="/guarded", dependencies=[Depends(knock)])

    assert await answer(app, "/open") == "open"
    assert await answer(app, "/guarded") == 422


@pytest.mark.requirement("langserve:surface:dependencies")
async def test_a_dependency_may_yield_and_is_closed_after_the_answer():
    steps: list[str] = []

    async def around() -> Any:
        steps.append("open")
        yield
        steps.append("close")

    app = FastAPI()
    runnable: Runnable[Any, Any] = RunnableLambda(lambda _: steps.append("run"))
    add_routes(app, runnable, path="/r", dependencies=[Depends(around)])
    async with client(app) as http:
        await http.post("/r/stream", json={"input": 1})

    assert steps == ["open", "run", "close"]


@pytest.mark.requirement("langserve:routes:any-application", "langserve:config:modifier")
async def test_parameters_of_the_path_reach_the_modifier():
    def modifier(config: dict[str, Any], request: Request) -> dict[str, Any]:
        config["configurable"]["tenant"] = request.path_params["tenant"]
        return config

    def tenant(_: Any, config: RunnableConfig) -> str:
        return str(config["configurable"]["tenant"])

    app = FastAPI()
    runnable = RunnableLambda(tenant)
    add_routes(app, runnable, path="/tenants/{tenant}/r", per_req_config_modifier=modifier)
    add_routes(app, named("plain"), path="/plain")

    assert await answer(app, "/tenants/acme/r") == "acme"
    assert await answer(app, "/tenants/acme/r/c/N4XyA") == "acme"
    assert await answer(app, "/plain") == "plain"


async def test_a_hundred_runnables_answer_at_their_own_paths():
    app = FastAPI()
    for number in range(100):
        add_routes(app, named(f"n{number}"), path=f"/r{number}")

    assert [await answer(app, f"/r{number}") for number in (0, 50, 99)] == ["n0", "n50", "n99"]
