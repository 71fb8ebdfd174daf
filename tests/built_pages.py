"""A small build of the pages, for tests of what serves them."""

from pathlib import Path
from typing import Any

from moorage.ui.files import BuiltPages
from moorage.ui.pages import PAGES_KEY, WebPages

SCRIPT = "assets/playground-4f3c2b1a.js"
PICTURE = "assets/logo-9e8d7c6b.png"
CONTENT = b"console.log('a page');\n" * 100
HTML = """\
<!doctype html>
<html lang="en"><head><!--moorage:base--><!--moorage:nonce--><title>{name}</title>
<script type="module" src="./assets/playground-4f3c2b1a.js"></script></head><body></body></html>
"""


def write_pages(folder: Path) -> Path:
    """Write what a build leaves, and return the folder."""
    (folder / "assets").mkdir(parents=True)
    for name in ("playground", "console"):
        (folder / f"{name}.html").write_text(HTML.format(name=name))
    (folder / SCRIPT).write_bytes(CONTENT)
    (folder / PICTURE).write_bytes(b"\x89PNG")
    (folder / "BUILD.json").write_text("{}")
    (folder / "THIRD-PARTY-NOTICES.txt").write_text("MIT\n")
    return folder


class WithPages:
    """An application whose pages are those of a folder."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._app = app
        self._pages = WebPages(BuiltPages(folder))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, PAGES_KEY: self._pages}, receive, send)
