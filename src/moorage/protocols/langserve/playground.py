"""The plain playground: one page, its script and its style, each by its path.

Protocol facts: section 10 of the protocol notes. The page is ours; only where it is found, and
that its files lie below ``playground/assets/``, is LangServe's.
"""

import hashlib
import html
from functools import cache
from importlib.resources import files
from string import Template

import orjson
from starlette.requests import Request
from starlette.responses import Response

from moorage.errors import NotFound
from moorage.protocols.langserve.config import Config
from moorage.protocols.langserve.options import RouteOptions
from moorage.protocols.langserve.schemas import Schemas

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_ASSETS = {
    "assets/playground.js": ("playground.js", "text/javascript; charset=utf-8"),
    "assets/playground.css": ("playground.css", "text/css; charset=utf-8"),
}


class Playground:
    """The page of one runnable."""

    def __init__(self, schemas: Schemas, options: RouteOptions) -> None:
        self._schemas = schemas
        self._options = options

    def file(self, path: str, request: Request, base: str, config: Config) -> Response:
        """Return the page, or one of its files.

        Args:
            path: Path below ``playground/``; empty for the page.
            request: Tells whether the browser has the file already.
            base: Path of the runnable as the browser sees it.
            config: The configuration whose schemas the page shows.

        Raises:
            NotFound: There is no such file.
        """
        if path in {"", "index.html"}:
            return self._page(base, config)
        if path not in _ASSETS:
            raise NotFound("Not Found")
        name, media_type = _ASSETS[path]
        content, tag = _asset(name)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    def _page(self, base: str, config: Config) -> Response:
        settings = {
            "input_schema": orjson.Fragment(self._schemas.input(config)),
            "output_schema": orjson.Fragment(self._schemas.output(config)),
            "config_schema": orjson.Fragment(self._schemas.config(config)),
            "feedback_enabled": self._options.enables_feedback,
            "public_trace_link_enabled": self._options.enable_public_trace_link_endpoint,
            "playground_type": self._options.playground_type,
        }
        page = Template(_asset("index.html")[0].decode()).substitute(
            title=html.escape(f"{base or '/'} playground"),
            base=html.escape(f"{base}/playground"),
            settings=html.escape(orjson.dumps(settings).decode()),
        )
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return Response(page, headers=headers, media_type="text/html")


@cache
def _asset(name: str) -> tuple[bytes, str]:
    content = files("moorage.protocols.langserve").joinpath("page", name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'
