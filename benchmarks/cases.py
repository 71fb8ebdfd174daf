"""What is measured: a request per case, the runnables behind it, and the answer it must have."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from benchmarks.runnables import DOCUMENTS, Nothing, adder, chain, library

Mounts = dict[str, Runnable[Any, Any]]
"""The runnables of an application by path, in the order of registration."""

MANY = 50
API_KEY = "benchmark-key-0123456789abcdef0123456789abcdef"
HEADERS = {"content-type": "application/json", "x-api-key": API_KEY}
"""Sent to every peer, so that all of them parse the same request."""

_UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUN = {"run_id": "UUID", "feedback_tokens": []}


@dataclass(frozen=True)
class Case:
    """One kind of request. The runnable that was registered last is the one that is called."""

    name: str
    title: str
    operation: Literal["invoke", "batch", "stream"]
    value: Any
    mounts: Callable[[], Mounts]

    @property
    def path(self) -> str:
        """The path of the endpoint, ``/<runnable>/<operation>``."""
        return f"{next(reversed(self.mounts()))}/{self.operation}"

    @property
    def body(self) -> bytes:
        """The body of the request."""
        return orjson.dumps({"inputs" if self.operation == "batch" else "input": self.value})

    def read(self, body: bytes) -> Any:
        """Parse an answer into what can be compared with another peer's: without run ids."""
        plain = _UUID.sub(b"UUID", body)
        return _frames(plain) if self.operation == "stream" else orjson.loads(plain)

    async def expected(self) -> Any:
        """What ``read`` gives for a correct answer, made from the bare runnable."""
        runnable = next(reversed(self.mounts().values()))
        if self.operation == "stream":
            chunks = [("data", _plain(chunk)) async for chunk in runnable.astream(self.value)]
            return [("metadata", {"run_id": "UUID"}), *chunks, ("end", None)]
        if self.operation == "batch":
            runs = [_RUN] * len(self.value)
            metadata = {"responses": runs, "run_ids": ["UUID"] * len(runs)}
            return {"output": _plain(await runnable.abatch(self.value)), "metadata": metadata}
        return {"output": _plain(await runnable.ainvoke(self.value)), "metadata": _RUN}


def _frames(body: bytes) -> list[tuple[str, Any]]:
    frames = []
    for frame in body.split(b"\r\n\r\n")[:-1]:
        lines = [line for line in frame.split(b"\r\n") if not line.startswith(b":")]
        fields = dict(line.split(b": ", 1) for line in lines)
        data = fields.get(b"data")
        frames.append((fields[b"event"].decode(), None if data is None else orjson.loads(data)))
    return frames


def _plain(value: Any) -> Any:
    return orjson.loads(_UUID.sub(b"UUID", orjson.dumps(value, default=BaseModel.model_dump)))


def one() -> Mounts:
    """An application with a single runnable."""
    return {"/add": adder()}


def many() -> Mounts:
    """An application with fifty runnables."""
    return {f"/add{number:02}": adder(f"add_{number:02}") for number in range(MANY)}


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case("lambda", "async int → int", "invoke", 1, one),
        Case(
            "chain",
            "prompt, fake chat model",
            "invoke",
            {"topic": "tides"},
            lambda: {"/chain": chain()},
        ),
        Case(
            "stream",
            "the same, 20 tokens streamed",
            "stream",
            {"topic": "tides"},
            lambda: {"/chain": chain()},
        ),
        Case("batch10", "int → int, ten inputs", "batch", list(range(10)), one),
        Case(
            "documents",
            "100 documents of 1 kB",
            "invoke",
            DOCUMENTS,
            lambda: {"/library": library()},
        ),
        Case("fifty", "int → int, the last of 50", "invoke", 1, many),
    )
}

HOST_ONLY: dict[str, Case] = {
    case.name: case
    for case in (
        Case("host", "a runnable that does nothing", "invoke", 1, lambda: {"/none": Nothing()}),
        Case("host-stream", "20 chunks of it", "stream", 1, lambda: {"/none": Nothing()}),
    )
}
"""For profiles: what the host costs, free of the runnable's own time."""
