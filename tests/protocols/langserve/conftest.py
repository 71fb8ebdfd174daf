"""What the tests of LangServe's operations share."""

from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tests.protocols.langserve.langsmith_server import LangSmith, forget_environment


@pytest.fixture
def langsmith(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[LangSmith]:
    """A LangSmith that traces are sent to."""
    service = LangSmith()
    service.go_on.set()
    route = Route("/{path:path}", service.answer, methods=["GET", "POST", "PUT"])
    service.url = serve(Starlette(routes=[route]))
    monkeypatch.setenv("LANGSMITH_ENDPOINT", service.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", "key-1")
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_PROJECT", "harbour")
    forget_environment()
    yield service
    service.go_on.set()
    monkeypatch.undo()
    forget_environment()
