"""Runs axe-core in a page, in a world of its own that the page's policy does not concern."""

import json
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from playwright.sync_api import CDPSession, Page

from tests.conftest import leg_missing

_AXE = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_PATIENCE = 5.0
"""Seconds in which a page must be drawn."""

_RUN = """\
axe.run(document, {resultTypes: ["violations"], preload: false}).then(({violations}) =>
  JSON.stringify(violations.map(({id, impact, help, nodes}) =>
    ({id, impact, help, nodes: nodes.map((node) => node.html + " " + node.failureSummary)}))))
"""


def findings(page: Page, scheme: Literal["light", "dark"]) -> list[dict[str, Any]]:
    """Return axe's serious and critical findings about a page in one of the themes."""
    if not _AXE.is_file():
        leg_missing("browser", "run npm ci in ui/ for axe-core")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=scheme)
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    _evaluate(session, world, _AXE.read_text("utf-8"))
    deadline = monotonic() + _PATIENCE
    # A theme's colours do not reach all of a page with one frame: what is wrong with it stays.
    while (found := _serious(page, session, world)) and monotonic() < deadline:
        pass
    session.detach()
    return found


def _serious(page: Page, session: CDPSession, world: int) -> list[dict[str, Any]]:
    page.evaluate(_DRAWN)
    found = json.loads(_evaluate(session, world, _RUN))
    return [finding for finding in found if finding["impact"] in {"serious", "critical"}]


def _evaluate(session: CDPSession, world: int, expression: str) -> Any:
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": expression,
            "contextId": world,
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
