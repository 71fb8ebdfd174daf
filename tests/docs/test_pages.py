"""What the documentation shows can be done, and where it points there is something."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, pages, read
from tests.docs.reader import reading

RUN = {"sh", "python", "toml", "ini", "json"}
# Configurations of other programs, and what is no program.
SHOWN = {"nginx", "text", "yaml"}

NOT_RUN: set[tuple[str, str]] = {
    ("README.md", "it is what runs this page"),
    ("benchmarks/README.md", "takes minutes; tests/unit/test_benchmarks.py tries the parts"),
    ("benchmarks/README.md", "takes twenty minutes, and needs wrk"),
    (
        "docs/howto/client.md",
        "installing needs the network, and the tests have all of it installed",
    ),
    ("docs/quickstart.md", "installing needs the network, and the tests have all of it installed"),
    ("docs/reference/cli.md", "it serves until it is stopped"),
    ("docs/quickstart.md", "needs a provider's package and key"),
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", [page for page in pages() if blocks(page)])
def test_everything_on_the_page_can_be_done_in_its_order(page: str, tmp_path: Path):
    run = [block for block in blocks(page) if block.reason is None]

    with reading(tmp_path, run) as reader:
        for block in run:
            reader.follow(block)


def test_what_is_not_run_says_why():
    found = {(page, block.reason) for page in pages() for block in blocks(page) if block.reason}

    assert found == NOT_RUN


@pytest.mark.parametrize("page", pages())
def test_every_block_says_what_it_is(page: str):
    assert {block.language for block in blocks(page)} <= RUN | SHOWN


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str):
    folder = (ROOT / page).parent
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", prose)

    lost = [
        link
        for link in links
        if not link.startswith(("http", "mailto")) and _is_lost(link, folder, page)
    ]

    assert not lost


def _is_lost(link: str, folder: Path, page: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (folder / path).resolve() if path else ROOT / page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in _anchors(target.read_text("utf-8"))


def _anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_can_be_found_from_the_index():
    linked = set(re.findall(r"\]\(([^)#\s]+)", read("docs/index.md")))
    there = {page.removeprefix("docs/") for page in pages() if page.startswith("docs/")}

    assert there - {"index.md"} == linked & there
