"""When the web pages are built with the package, with which Node.js, and what if they are not."""

import sys
import tarfile
from pathlib import Path

import pytest

from hatch_build import NODE, PagesNotBuiltError, is_new_enough
from tests.packaging.conftest import Project

PAGE = "moorage/_pages/console.html"


@pytest.fixture
def path_without_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on the path, empty at first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.usefixtures("npm")
def test_a_wheel_has_the_pages_of_the_sources_as_they_are(project: Project):
    assert PAGE in project.wheel()
    assert project.built.read_text() == "first"

    project.page.write_text("second")
    project.wheel()

    assert project.built.read_text() == "second"


@pytest.mark.usefixtures("npm")
def test_an_editable_install_builds_them_too(project: Project):
    project.wheel("editable")

    assert project.built.read_text() == "first"


@pytest.mark.usefixtures("npm")
def test_pages_that_are_current_are_not_built_again(project: Project):
    project.wheel()
    project.built.write_text("as it was")

    names = project.wheel()

    assert project.built.read_text() == "as it was"
    assert PAGE in names


@pytest.mark.usefixtures("npm")
@pytest.mark.parametrize("change", ["package-lock.json", "a new file.ts"])
def test_everything_in_the_folder_of_the_sources_counts(project: Project, change: str):
    project.wheel()
    project.built.write_text("as it was")
    with (project.root / "ui" / change).open("a") as file:
        file.write("\n")

    project.wheel()

    assert project.built.read_text() == "first"


@pytest.mark.usefixtures("npm")
def test_pages_are_left_out_on_demand_even_where_they_are_built(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    project.wheel()
    monkeypatch.setenv("MOORAGE_UI", "skip")

    assert project.wheel() == {"moorage/__init__.py"}
    assert project.requirements() == []


@pytest.mark.usefixtures("npm")
def test_a_build_that_fails_is_told_in_one_line_and_leaves_a_package_that_works(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    (project.root / "ui/build.mjs").write_text("throw new Error('no such thing');")

    assert project.wheel() == {"moorage/__init__.py"}

    told = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(told) == 1
    assert "The web pages are left out: npm run build failed: " in told[0]
    assert "no such thing" in told[0]


@pytest.mark.usefixtures("npm")
def test_a_build_that_fails_ends_all_where_pages_are_required(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    (project.root / "ui/build.mjs").write_text("throw new Error('no such thing');")
    monkeypatch.setenv("MOORAGE_UI", "require")

    with pytest.raises(Exception, match="no such thing") as raised:
        project.wheel()

    # hatchling loads the hook by itself, so its class is another one than ours.
    assert type(raised.value).__name__ == PagesNotBuiltError.__name__


@pytest.mark.usefixtures("path_without_node")
def test_a_machine_without_node_gets_one_from_the_package_index(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    assert project.requirements() == [NODE]
    assert project.wheel() == {"moorage/__init__.py"}
    assert "there is no Node.js" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="the old Node.js of the test is a shell script")
def test_a_node_that_is_too_old_counts_as_none(project: Project, path_without_node: Path):
    for name in ("node", "npm"):
        (path_without_node / name).write_text("#!/bin/sh\necho v20.18.1\n")
        (path_without_node / name).chmod(0o755)

    assert project.requirements() == [NODE]


@pytest.mark.usefixtures("npm")
def test_nothing_is_asked_for_where_node_is_there_or_the_pages_are(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert project.requirements() == []

    project.wheel()
    monkeypatch.setenv("PATH", str(tmp_path))

    assert project.requirements() == []
    assert PAGE in project.wheel()


@pytest.mark.parametrize(
    ("major", "minor", "enough"),
    [
        (18, 20, False),
        (20, 18, False),
        (20, 19, True),
        (21, 9, False),
        (22, 11, False),
        (22, 12, True),
        (24, 0, True),
    ],
)
def test_which_releases_of_node_build_the_pages(major: int, minor: int, enough: bool):
    assert is_new_enough(major, minor) is enough


@pytest.mark.usefixtures("path_without_node")
def test_another_value_of_the_variable_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOORAGE_UI", "no")

    with pytest.raises(ValueError, match="MOORAGE_UI is 'no'; it can be skip or require"):
        project.wheel()


@pytest.mark.usefixtures("npm")
def test_a_source_distribution_has_the_sources_and_not_what_was_made_of_them(project: Project):
    project.wheel()

    with tarfile.open(project.sdist()) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"hatch_build.py", "ui/page.html", "ui/package-lock.json"} <= names
    assert not [name for name in names if "_pages" in name or "node_modules" in name]
