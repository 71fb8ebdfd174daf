"""The index of routes: it finds what trying them one after the other would."""

from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.testclient import TestClient

from moorage.protocols.agent_server import publish
from moorage.protocols.agent_server.index import Index


def published(**options: object) -> FastAPI:
    app = FastAPI(**options)  # type: ignore[arg-type]
    publish(app)
    return app


def asked(method: str, path: str) -> dict[str, object]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def routes_of(app: FastAPI) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def test_every_path_leads_where_it_would_without_the_index():
    app = published()
    [index] = [route for route in app.routes if isinstance(route, Index)]
    plain = routes_of(app)
    for route in plain:
        path = route.path_format.format(**{name: uuid4() for name in route.param_convertors})
        for method in route.methods or ():
            scope = asked(method, path)
            first = next(one for one in plain if one.matches(dict(scope))[0] is Match.FULL)
            match, child = index.matches(dict(scope))
            assert match is Match.NONE or child["route"] is first, (method, path)


@pytest.mark.parametrize("path", ["/threads/search", f"/threads/{uuid4()}/runs/wait"])
def test_a_method_that_a_path_does_not_have_is_left_to_the_routes(path: str):
    assert TestClient(published()).put(path).status_code == 405


def test_the_document_lists_the_routes():
    paths = published().openapi()["paths"]

    assert {"/runs/wait", "/threads/{thread_id}/runs/wait"} <= set(paths)


def test_what_the_application_asks_of_every_request_is_asked_here_too():
    def refuse() -> None:
        raise ValueError("asked")

    client = TestClient(published(dependencies=[Depends(refuse)]))

    with pytest.raises(ValueError, match="asked"):
        client.post("/runs/wait", json={})
