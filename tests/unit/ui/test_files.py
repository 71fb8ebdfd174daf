"""The files of the pages: what is sent, and what a browser may keep."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from moorage.ui.files import BuiltFile, BuiltPages
from tests.built_pages import CONTENT, PICTURE, SCRIPT, write_pages


def request(method: str = "GET", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


@pytest.fixture
def built(tmp_path: Path) -> BuiltPages:
    return BuiltPages(write_pages(tmp_path / "_pages"))


def script(built: BuiltPages) -> BuiltFile:
    found = built.file(SCRIPT)
    assert found
    return found


def test_names_are_those_of_the_build_and_nothing_else(built: BuiltPages):
    assert built.page("playground")
    assert built.page("console")
    assert built.file("THIRD-PARTY-NOTICES.txt")
    for name in (
        *("BUILD.json", "playground.html", "assets", "assets/", "", ".", "..", "/etc/passwd"),
        *("assets/../BUILD.json", f"/{SCRIPT}", SCRIPT.upper(), f"{SCRIPT}/", f"./{SCRIPT}"),
    ):
        assert built.file(name) is None, name
    assert built.page("../playground") is None


def test_without_a_build_there_is_nothing(tmp_path: Path):
    built = BuiltPages(tmp_path / "nothing")

    assert built.page("playground") is None
    assert built.file(SCRIPT) is None


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(built: BuiltPages):
    response = script(built).response(request())
    notices: Any = built.file("THIRD-PARTY-NOTICES.txt")

    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.body == CONTENT
    assert notices.response(request()).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*", "gzip; q=1.0"])
def test_text_is_compressed_for_who_can_read_it(built: BuiltPages, accepted: str):
    response = script(built).response(request(accept_encoding=accepted))

    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept-Encoding"
    assert int(response.headers["content-length"]) == len(response.body) < len(CONTENT)
    assert gzip.decompress(response.body) == CONTENT


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000", "identity"])
def test_it_is_not_compressed_for_others(built: BuiltPages, accepted: str):
    response = script(built).response(request(accept_encoding=accepted))

    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.body == CONTENT


def test_a_picture_is_sent_as_it_is(built: BuiltPages):
    picture: Any = built.file(PICTURE)
    response = picture.response(request(accept_encoding="gzip"))

    assert response.headers["content-type"] == "image/png"
    assert {"content-encoding", "vary"}.isdisjoint(response.headers)


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_a_file_that_the_browser_has_is_not_sent_again(built: BuiltPages, accepted: str):
    first = script(built).response(request(accept_encoding=accepted))
    tag = first.headers["etag"]
    known = [tag, f'"other", W/{tag}', "*"]
    again = [
        script(built).response(request(accept_encoding=accepted, if_none_match=one))
        for one in known
    ]
    changed = script(built).response(request(accept_encoding=accepted, if_none_match='"other"'))

    assert [(one.status_code, one.body) for one in again] == [(304, b"")] * 3
    assert {one.headers["etag"] for one in again} == {tag}
    assert changed.status_code == 200


def test_each_encoding_has_a_tag_of_its_own(built: BuiltPages):
    tags = {
        script(built).response(request(accept_encoding=one)).headers["etag"]
        for one in ("gzip", "identity")
    }

    assert len(tags) == 2


def test_head_tells_the_length_and_sends_nothing(built: BuiltPages):
    for accepted in ("gzip", "identity"):
        whole = script(built).response(request(accept_encoding=accepted))
        head = script(built).response(request("HEAD", accept_encoding=accepted))

        assert head.body == b""
        assert head.headers == whole.headers
