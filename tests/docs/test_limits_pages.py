"""What the pages on limits and proxies show does what they say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from moorage.app import create_app
from moorage.settings import Settings
from tests.docs.pages import code

Serve = Callable[..., str]


def settings(page: str) -> dict[str, str]:
    """Return the variables that a page sets."""
    lines = "\n".join(code(page, "ini")).splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: value.strip('"') for name, _, value in pairs}


def test_the_limits_of_the_page_are_the_ones_that_hold(serve: Serve):
    shown = settings("docs/howto/rate-limits.md")
    del shown["MOORAGE_REDIS_URL"]
    base = serve(create_app(Settings.parse(shown)))

    def limit(path: str) -> str:
        return httpx.get(base + path).headers["x-ratelimit-limit"]

    assert [limit(path) for path in ("/agent/invoke", "/agent/batch", "/agents", "/x")] == [
        "10",
        "2",
        "60",
        "60",
    ]
    assert "x-ratelimit-limit" not in httpx.get(f"{base}/health").headers
    for _ in range(2):
        refused = httpx.get(f"{base}/agent/batch")
    assert refused.status_code == 429
    assert refused.json()["detail"] == "Rate limit exceeded: 2 per 1 minute."


def test_the_endpoint_of_the_page_is_limited(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)  # no .env of whoever runs this
    namespace: dict[str, Any] = {"__name__": "shown"}
    (shown,) = code("docs/howto/rate-limits.md", "python")
    exec(shown, namespace)  # noqa: S102 - the page's own code
    base = serve(namespace["app"])
    assert [httpx.get(f"{base}/report").status_code for _ in range(6)] == [200] * 5 + [429]


def test_the_proxies_of_the_page_can_be_set():
    assert len(Settings.parse(settings("docs/howto/proxies.md")).trusted_proxies) == 2
    for name in ("unix", "*"):
        assert Settings.parse({"MOORAGE_TRUSTED_PROXIES": name}).trusted_proxies == (name,)
