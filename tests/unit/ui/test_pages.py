"""Pages: told where they are, with the headers that keep them harmless."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from moorage.ui.files import BuiltPages
from moorage.ui.pages import Place, WebPages
from tests.built_pages import write_pages


def request(root_path: str = "", method: str = "GET") -> Request:
    return Request(
        {"type": "http", "method": method, "path": "/", "headers": [], "root_path": root_path}
    )


@pytest.fixture
def built(tmp_path: Path) -> BuiltPages:
    return BuiltPages(write_pages(tmp_path / "_pages"))


def answered(built: BuiltPages, place: Place, root_path: str = "", **options: Any) -> Response:
    return WebPages(built, **options).page("playground", request(root_path), place)


def text(response: Response) -> str:
    return bytes(response.body).decode()


@pytest.mark.parametrize(
    ("root_path", "folder", "base"),
    [
        ("", "/r/playground/", "/r/playground/"),
        ("/api/", "/r/playground/", "/api/r/playground/"),
        ("", "/playground/", "/playground/"),
        ("", "//evil.example/playground/", "/evil.example/playground/"),
        ("//evil.example", "/playground/", "/evil.example/playground/"),
        ("", "/a b?c#d%/playground/", "/a%20b%3Fc%23d%25/playground/"),
        ("", '/"><script>/playground/', "/%22%3E%3Cscript%3E/playground/"),
        ("", "/é&'/playground/", "/%C3%A9&amp;&#x27;/playground/"),
        ("", "/\\evil.example/playground/", "/%5Cevil.example/playground/"),
    ],
)
def test_the_base_is_the_folder_as_the_browser_sees_it(
    built: BuiltPages, root_path: str, folder: str, base: str
):
    page = text(answered(built, Place(folder), root_path))

    assert f'<base href="{base}">' in page
    assert page.count("<base") == 1
    assert page.count("<script") == 1


def test_the_page_is_told_where_to_sign_in_and_how_it_is_configured(built: BuiltPages):
    there = text(answered(built, Place("/r/playground/", 'a"<b'), "/api", signs_in=True))
    nowhere = text(answered(built, Place("/r/playground/")))

    assert '<meta name="moorage-sign-in" content="/api/session">' in there
    assert '<meta name="moorage-config" content="a&quot;&lt;b">' in there
    assert '<meta name="moorage-sign-in" content="">' in nowhere
    assert '<meta name="moorage-config" content="">' in nowhere


def test_every_response_has_a_nonce_of_its_own(built: BuiltPages):
    nonces = set()
    for _ in range(3):
        response = answered(built, Place("/playground/"))
        [told] = re.findall(r'<meta property="csp-nonce" nonce="([^"]+)">', text(response))
        assert f"style-src 'self' 'nonce-{told}';" in response.headers["content-security-policy"]
        nonces.add(told)

    assert len(nonces) == 3
    assert all(len(nonce) >= 24 for nonce in nonces)


def test_the_policy_lets_in_nothing_but_the_services_own(built: BuiltPages):
    headers = answered(built, Place("/playground/")).headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )

    assert "unsafe" not in headers["content-security-policy"]
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["base-uri"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"
    assert "etag" not in headers


def test_other_origins_may_frame_the_pages_when_they_are_listed(built: BuiltPages):
    listed = answered(built, Place("/playground/"), framed_by=["'self'", "https://a.example"])

    policy = listed.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://a.example;" in policy


def test_head_has_the_headers_and_no_page(built: BuiltPages):
    head = WebPages(built).page("console", request(method="HEAD"), Place("/console/"))

    assert head.body == b""
    assert int(head.headers["content-length"]) > 100


def test_without_a_build_a_plain_page_says_what_to_do(tmp_path: Path):
    response = answered(BuiltPages(tmp_path / "nothing"), Place("/playground/"))

    assert response.status_code == 200
    assert "MOORAGE_UI=skip" in text(response)
    assert "<script" not in text(response)
