"""What the build left: how much of it a browser loads, where from, and under which licences."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KIB = 1024
ROUTE = 400 * KIB
ENTRIES = {"playground.html": 150 * KIB, "console.html": 230 * KIB}

Manifest = dict[str, dict[str, Any]]


@pytest.fixture
def manifest(built_pages: Path) -> Manifest:
    return dict(json.loads((built_pages / "manifest.json").read_text("utf-8")))


def at_once(manifest: Manifest, key: str) -> set[str]:
    """Return the files that are loaded with a chunk: itself, its imports, and their styles."""
    keys, left = set(), [key]
    while left:
        keys.add(now := left.pop())
        left += [name for name in manifest[now].get("imports", []) if name not in keys]
    return {
        file for name in keys for file in (manifest[name]["file"], *manifest[name].get("css", []))
    }


def later(manifest: Manifest, key: str) -> set[str]:
    """Return the chunks that may be loaded while a page is used."""
    found: set[str] = set()
    left = [key]
    while left:
        chunk = manifest[left.pop()]
        found |= set(chunk.get("dynamicImports", []))
        left += [*chunk.get("imports", []), *(set(chunk.get("dynamicImports", [])) - found)]
    return found


def weight(folder: Path, files: set[str]) -> int:
    return sum(len(gzip.compress((folder / file).read_bytes(), 9)) for file in files)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_is_light(built_pages: Path, manifest: Manifest, entry: str):
    assert weight(built_pages, at_once(manifest, entry)) <= ENTRIES[entry]


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_part_that_a_page_loads_later_makes_it_heavy(
    built_pages: Path, manifest: Manifest, entry: str
):
    page = at_once(manifest, entry)
    weights = {
        part: weight(built_pages, page | at_once(manifest, part)) for part in later(manifest, entry)
    }

    assert {part: size for part, size in weights.items() if size > ROUTE} == {}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_has_its_markers_and_loads_files_of_its_own_folder_only(
    built_pages: Path, entry: str
):
    html = (built_pages / entry).read_text("utf-8")

    assert html.count("<!--moorage:base-->") == html.count("<!--moorage:nonce-->") == 1
    assert "<!--moorage:theme-->" not in html
    loaded = re.findall(r'\b(?:src|href)="([^"]*)"', html)
    assert [address for address in loaded if not address.startswith("./assets/")] == []
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r'<style|\bstyle="|\bon\w+="', html) == []


def test_no_style_loads_anything_from_elsewhere(built_pages: Path):
    styles = [path.read_text("utf-8") for path in built_pages.rglob("*.css")]

    assert styles
    assert [
        text for text in styles if re.search(r"@import|url\(\s*['\"]?(?:https?:|//)", text)
    ] == []


def test_every_package_that_is_shipped_is_named_with_its_licence(built_pages: Path):
    lock = json.loads((ROOT / "ui/package-lock.json").read_text("utf-8"))["packages"]
    shipped = {
        f"{place.rpartition('node_modules/')[2]} {package['version']}: {package['license']}"
        for place, package in lock.items()
        if place and not package.get("dev")
    }
    notices = (built_pages / "THIRD-PARTY-NOTICES.txt").read_text("utf-8")

    assert len(shipped) > 100
    assert shipped == set(re.findall(r"^={78}\n(.+)\n={78}$", notices, re.MULTILINE))


def test_the_lockfile_says_what_and_not_where_from():
    lock = json.loads((ROOT / "ui/package-lock.json").read_text("utf-8"))["packages"]
    packages = {place: package for place, package in lock.items() if place}
    names = {place.rpartition("node_modules/")[2] for place in packages}

    assert [place for place, package in packages.items() if "resolved" in package] == []
    assert [place for place, package in packages.items() if "version" not in package] == []
    # npm ci refuses a lockfile that lacks the packages of other platforms.
    optional = {name for p in packages.values() for name in p.get("optionalDependencies", {})}
    assert optional - names == set()


@pytest.mark.usefixtures("npm")
def test_the_same_sources_in_another_folder_make_the_same_bytes(built_pages: Path, tmp_path: Path):
    sources, other = ROOT / "ui", tmp_path / "ui"
    if not (sources / "node_modules").is_dir():
        pytest.skip("the pages were built elsewhere")
    shutil.copytree(sources, other, ignore=shutil.ignore_patterns("node_modules"))
    (other / "node_modules").symlink_to(sources / "node_modules")

    subprocess.run(["npm", "run", "build"], cwd=other, check=True, capture_output=True)

    assert contents(tmp_path / "src/moorage/_pages") == contents(built_pages)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "BUILD.json"
    }
