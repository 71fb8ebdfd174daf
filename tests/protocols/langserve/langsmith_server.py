"""A server that speaks as much of LangSmith's API as feedback and trace links need."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

from langsmith import utils
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PROJECT = uuid4()
TOKEN = uuid4()


@dataclass
class LangSmith:
    """What the server was asked, and how it is to answer."""

    url: str = ""
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    misses: int = 0
    failing: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    answers: dict[tuple[str, str], Any] = field(
        default_factory=lambda: {
            ("GET", "/info"): {"version": "0.16.1"},
            ("GET", "/sessions"): [
                {"id": str(PROJECT), "tenant_id": str(uuid4()), "reference_dataset_id": None}
            ],
            ("POST", "/feedback"): {},
            ("POST", "/feedback/tokens"): {
                "id": str(TOKEN),
                "url": f"http://langsmith/feedback/tokens/{TOKEN}",
                "expires_at": "2026-11-02T03:04:05+00:00",
            },
            ("POST", f"/feedback/tokens/{TOKEN}"): {},
            ("POST", "/api/v2/runs/share"): {"share_token": "public-1"},
        }
    )

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        path = "/" + request.path_params["path"]
        if path.startswith("/runs"):
            return JSONResponse({})  # traces, which are not of interest here
        self.requests.append((request.method, path, json.loads(body) if body else None))
        self.asked.set()
        assert request.headers["x-api-key"] == "key-1"
        assert await run_in_threadpool(self.go_on.wait, 20)
        if self.failing or (self.misses and path == "/feedback"):
            self.misses -= 1
            return JSONResponse({"detail": "secret"}, self.failing or 404)
        known = path.replace(f"/{path.split('/')[4]}", "") if path.startswith("/api/v2") else path
        return JSONResponse(self.answers[request.method, known])

    def bodies(self, path: str) -> list[Any]:
        return [body for _, asked, body in self.requests if asked == path]


def forget_environment() -> None:
    """Make langsmith read the environment again."""
    for cached in (utils.get_env_var, utils.get_tracer_project):
        cast(Any, cached).cache_clear()
