"""How these tests speak the protocol: an application in process, and streams frame by frame."""

import json
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
from fastapi import FastAPI
from langchain_core.runnables import Runnable

from moorage import add_routes

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(\+00:00)?")


class Event(NamedTuple):
    """One server-sent event; ``data`` is None where the event has no data line."""

    name: str
    data: str | None

    @property
    def value(self) -> Any:
        assert self.data is not None
        return json.loads(self.data)


def client(app: Any, *, root_path: str = "", **options: Any) -> httpx.AsyncClient:
    """A client of an application in this process."""
    transport = httpx.ASGITransport(app, root_path=root_path)
    return httpx.AsyncClient(transport=transport, base_url="http://test", **options)


def hosting(runnable: Runnable[Any, Any], **options: Any) -> httpx.AsyncClient:
    """A client of a bare FastAPI application that publishes ``runnable`` at ``/r``."""
    app = FastAPI()
    add_routes(app, runnable, path="/r", **options)
    return client(app)


def events(body: bytes) -> list[Event]:
    """Take a stream apart, strictly: CRLF, an event line, at most one data line, no remainder."""
    *blocks, rest = body.decode().split("\r\n\r\n")
    assert rest == "", f"the stream ends in the middle of an event: {rest!r}"
    return [_event(block) for block in blocks if not block.startswith(":")]


def _event(block: str) -> Event:
    lines = block.split("\r\n")
    assert "\n" not in block.replace("\r\n", "")
    assert "\r" not in block.replace("\r\n", "")
    assert lines[0].startswith("event: "), block
    if len(lines) == 1:
        return Event(lines[0].removeprefix("event: "), None)
    [data] = lines[1:]
    assert data.startswith("data: ")
    return Event(lines[0].removeprefix("event: "), data.removeprefix("data: "))


def chunks(body: bytes) -> list[Any]:
    """The values of the data events of a stream that ended well."""
    told = events(body)
    assert told[-1] == Event("end", None)
    return [event.value for event in told if event.name == "data"]


def hashed(config: Any) -> str:
    """The hash of a share link for ``config``, made by LangServe's own code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langserve.lzstring import LZString  # noqa: PLC0415 - it warns while it is imported

    text = config if isinstance(config, str) else json.dumps(config)
    compress: Callable[[str], str] = LZString.compressToEncodedURIComponent
    return compress(text)


def normalised(text: str) -> str:
    """Number UUIDs by their first occurrence and blank times, which differ from run to run."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found.group(), f"<id {len(numbers)}>")

    return _TIME.sub("<time>", _UUID.sub(number, text))
