"""What people see who have yet to sign in: the pages, whose HTML and files are nobody's data."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from moorage.ui.files import ASSETS
from moorage.ui.pages import CONSOLE, Place, WebPages

_FOLDERS = ("/playground/", CONSOLE)
_PLAYGROUND = re.compile(
    r"(?P<runnable>.*?)(?:/c/(?P<config_hash>[^/]+))?/playground/(?:index\.html)?", re.DOTALL
)


class OpenPages:
    """The pages as ``edge.middleware.authentication`` shows them.

    A page is there for any path that could be a runnable's, so that it does not tell which exist.

    Args:
        pages: The pages of the service.
        has_console: Whether the console is one of them.
    """

    def __init__(self, pages: WebPages, *, has_console: bool) -> None:
        self._pages = pages
        self._has_console = has_console

    def file(self, scope: Scope) -> Response | None:
        """Return the answer to a request for a file of a page, whose name has a hash."""
        before, assets, name = _path(scope).rpartition(f"/{ASSETS}")
        if not assets or not f"{before}/".endswith(_FOLDERS):
            return None
        return self._pages.file(f"{ASSETS}{name}", Request(scope))

    def page(self, scope: Scope) -> Response | None:
        """Return the page that a request asks for; None where it asks for something else."""
        path = _path(scope)
        if found := _PLAYGROUND.fullmatch(path):
            place = Place(f"{found['runnable']}/playground/", found["config_hash"] or "")
            return self._pages.page("playground", Request(scope), place)
        if self._has_console and is_console_page(path):
            return self._pages.page("console", Request(scope), Place(CONSOLE))
        if path.endswith("/playground") or (self._has_console and f"{path}/" == CONSOLE):
            return RedirectResponse(f"{path.rpartition('/')[2]}/")
        return None


def is_console_page(path: str) -> bool:
    """Whether the console's page shows something at ``path``: at all but its files and data."""
    rest = path.removeprefix(CONSOLE)
    return path.startswith(CONSOLE) and not rest.startswith(ASSETS) and not rest.endswith(".json")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
