"""The limit: what a good engineer would write by hand, in an hour, for known runnables.

One Starlette route per endpoint, one call of the runnable, one orjson pass, and no validation.
"""

import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import orjson
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from benchmarks.cases import Mounts

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
logger = logging.getLogger(__name__)


def create(mounts: Mounts) -> Starlette:
    """Make an application with invoke, batch and stream for each runnable."""
    return Starlette(
        routes=[
            route
            for path, runnable in mounts.items()
            for route in _routes(path, Endpoints(path, runnable))
        ]
    )


class Endpoints:
    """The endpoints of one runnable."""

    def __init__(self, name: str, runnable: Runnable[Any, Any]) -> None:
        self.name = name
        self.runnable = runnable

    async def invoke(self, request: Request) -> Response:
        """Answer with the output for one input."""
        body = orjson.loads(await request.body())
        run_id = uuid4()
        output = await self.runnable.ainvoke(body["input"], self._config(request, run_id, "invoke"))
        return _respond({"output": output, "metadata": _metadata(run_id)})

    async def batch(self, request: Request) -> Response:
        """Answer with the outputs for several inputs."""
        inputs = orjson.loads(await request.body())["inputs"]
        run_ids = [uuid4() for _ in inputs]
        configs = [self._config(request, run_id, "batch") for run_id in run_ids]
        outputs = await self.runnable.abatch(inputs, configs)
        metadata = {"responses": [_metadata(run_id) for run_id in run_ids], "run_ids": run_ids}
        return _respond({"output": outputs, "metadata": metadata})

    async def stream(self, request: Request) -> Response:
        """Answer with the chunks of the output as server-sent events."""
        body = orjson.loads(await request.body())
        run_id = uuid4()
        frames = self._frames(body["input"], run_id, self._config(request, run_id, "stream"))
        return StreamingResponse(frames, media_type="text/event-stream", headers=STREAM_HEADERS)

    async def _frames(
        self, value: Any, run_id: UUID, config: RunnableConfig
    ) -> AsyncIterator[bytes]:
        try:
            yield b'event: metadata\r\ndata: {"run_id": "%s"}\r\n\r\n' % str(run_id).encode()
            async for chunk in self.runnable.astream(value, config):
                yield b"event: data\r\ndata: " + _dump(chunk) + b"\r\n\r\n"
            yield b"event: end\r\n\r\n"
        except Exception:
            logger.exception("%s failed", self.name)
            yield b'event: error\r\ndata: {"status_code": 500, "message": "Failed"}\r\n\r\n'

    def _config(self, request: Request, run_id: UUID, endpoint: str) -> RunnableConfig:
        agent = request.headers.get("user-agent")
        return {
            "run_id": run_id,
            "run_name": self.name,
            "metadata": {"__useragent": agent, "__langserve_endpoint": endpoint},
        }


def _routes(path: str, endpoints: Endpoints) -> list[Route]:
    return [
        Route(f"{path}/invoke", endpoints.invoke, methods=["POST"]),
        Route(f"{path}/batch", endpoints.batch, methods=["POST"]),
        Route(f"{path}/stream", endpoints.stream, methods=["POST"]),
    ]


def _metadata(run_id: UUID) -> dict[str, Any]:
    return {"run_id": run_id, "feedback_tokens": []}


def _respond(content: Any) -> Response:
    return Response(_dump(content), media_type="application/json")


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=BaseModel.model_dump)
