"""Answers as bytes: the output is rendered once, into a frame that is already JSON."""

from typing import Any

import orjson
from starlette.responses import Response

from moorage.serialization import Serializer

_JSON = (b"content-type", b"application/json")


class JsonResponse(Response):
    """A body that is JSON already, with no more headers than it needs."""

    def __init__(self, body: bytes, status_code: int = 200) -> None:
        self.status_code = status_code
        self.background = None
        self.body = body
        self.raw_headers = [_JSON, (b"content-length", b"%d" % len(body))]


def answer(
    serializer: Serializer,
    output: Any,
    metadata: bytes,
    events: list[Any] | None,
) -> JsonResponse:
    """Return the answer of invoke and batch (langserve-protocol, sections 4.1 and 4.2)."""
    parts = [b'{"output":', serializer.dumps(output), b',"metadata":', metadata]
    if events is not None:
        parts += [b',"callback_events":', serializer.dumps(events)]
    return JsonResponse(b"".join((*parts, b"}")))


def run_metadata(run_id: str, tokens: list[Any]) -> bytes:
    """Return what the answer says of one run."""
    given = orjson.dumps(tokens) if tokens else b"[]"
    return b'{"run_id":"%b","feedback_tokens":%b}' % (run_id.encode(), given)
