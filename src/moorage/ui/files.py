"""The built pages as files in memory: each by its name, ready to be sent."""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parents[1] / "_pages"
"""Where the build puts the pages; absent in an installation without them."""

ASSETS = "assets/"
"""Begins the name of a file whose name changes with its content."""

_UNSERVED = frozenset({"BUILD.json", "manifest.json"})
_FOR_EVER = "public, max-age=31536000, immutable"
_BINARY = {
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_TEXT = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_UNKNOWN = "application/octet-stream"


@dataclass(frozen=True)
class BuiltFile:
    """One file of the pages.

    Attributes:
        name: Its path below the folder of the pages, with ``/``.
        content: Its bytes.
    """

    name: str
    content: bytes

    def response(self, request: Request) -> Response:
        """Answer a GET or HEAD: the file, compressed where the browser can; 304 if it has it."""
        packed = self._packed if _accepts_gzip(request) else None
        tag = f'"{self._digest}{"-gzip" if packed else ""}"'
        headers = {
            "ETag": tag,
            "Cache-Control": _FOR_EVER if self.name.startswith(ASSETS) else "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if self._packed:
            headers["Vary"] = "Accept-Encoding"
        if _has(request, tag):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        return whole(request, packed or self.content, headers, self._media_type)

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:24]

    @property
    def _media_type(self) -> str:
        suffix = Path(self.name).suffix
        return _TEXT.get(suffix) or _BINARY.get(suffix, _UNKNOWN)

    @cached_property
    def _packed(self) -> bytes | None:
        if Path(self.name).suffix not in _TEXT:
            return None
        packed = gzip.compress(self.content, 9, mtime=0)
        return packed if len(packed) < len(self.content) else None


class BuiltPages:
    """What the build left: pages by their names, and the files that they load.

    The folder is read once, so a request can only choose among names that were there; it is never
    made part of a path.

    Args:
        folder: Where the build put them; the package's own by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = FOLDER if folder is None else folder
        found = {file.name: file for file in _read(folder)}
        self._pages = {
            name.removesuffix(".html"): file.content.decode()
            for name, file in found.items()
            if name.endswith(".html")
        }
        self._files: Mapping[str, BuiltFile] = {
            name: file for name, file in found.items() if not name.endswith(".html")
        }

    def page(self, name: str) -> str | None:
        """Return the HTML of a page with its marks; None where it was not built."""
        return self._pages.get(name)

    def file(self, name: str) -> BuiltFile | None:
        """Return the file of this name; None where there is none."""
        return self._files.get(name)


def whole(
    request: Request, content: bytes, headers: Mapping[str, str], media_type: str
) -> Response:
    """Answer 200 with ``content``; to a HEAD with its length only."""
    sent = b"" if request.method == "HEAD" else content
    length = {"Content-Length": str(len(content))}
    return Response(sent, headers={**headers, **length}, media_type=media_type)


def _read(folder: Path) -> Iterator[BuiltFile]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in _UNSERVED:
            yield BuiltFile(name, path.read_bytes())


def _accepts_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in {"gzip", "*"}:
            return weight.rstrip("0.") != "" if weight else True
    return False


def _has(request: Request, tag: str) -> bool:
    sent = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in {tag, "*"} for one in sent.split(","))
