"""Watches the pages of a browser context for whatever must not happen there."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Route, WebError, WebSocketRoute

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_REPORT = """\
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI || "it"}`));
"""


class Watch:
    """Keeps requests on the loopback, and what was reported on the way."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of ``context``, those of later too."""
        context.route("**/*", self._request)
        context.route_web_socket("**/*", self._socket)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.add_init_script(_REPORT)

    def expect(self, pattern: str) -> None:
        """Let a problem pass that has ``pattern`` in it; a test of failures needs that."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """Return the problems that no expectation covers, and expectations without a problem."""
        problems = [
            problem
            for problem in self._problems
            if not any(pattern.search(problem) for pattern in self._expected)
        ]
        missed = [
            f"did not happen: {pattern.pattern}"
            for pattern in self._expected
            if not any(pattern.search(problem) for problem in self._problems)
        ]
        return problems + missed

    def _request(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname in _LOOPBACK:
            route.fallback()
        else:
            self._problems.append(f"outside request: {route.request.url}")
            route.abort()

    def _socket(self, route: WebSocketRoute) -> None:
        if urlsplit(route.url).hostname in _LOOPBACK:
            route.connect_to_server()
        else:
            self._problems.append(f"outside request: {route.url}")
            route.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._problems.append(f"console: {message.text} ({message.location['url']})")

    def _error(self, error: WebError) -> None:
        self._problems.append(f"page error: {error.error}")
