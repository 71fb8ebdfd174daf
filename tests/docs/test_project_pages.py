"""The page about project files is what would be generated now, and its examples work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moorage.project import pages, read
from moorage.project.sections import Key, Sections, keys
from tests.docs.pages import read as text_of


def every_key(section: Any = Sections, place: str = "") -> Iterator[tuple[str, Key]]:
    for key in keys(section):
        yield f"{place}{key.name}", key
        if key.section:
            yield from every_key(key.section, f"{place}{key.name}.")


EVERY = dict(every_key())


def test_the_page_is_up_to_date():
    assert text_of("docs/reference/langgraph-json.md") == pages.reference(), (
        "run make docs-reference"
    )


@pytest.mark.parametrize("place", EVERY)
def test_every_key_is_described_and_has_an_example(place: str):
    key = EVERY[place]

    assert key.about.description.endswith(".")
    assert key.section or key.about.json_schema_extra["example"] is not None


def test_the_examples_together_are_a_project(tmp_path: Path):
    for name in ("agent", "checkpointer", "web", "security"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "langgraph.json").write_text(json.dumps(example(Sections)))

    found = read(tmp_path, {"LG_WEBHOOK_TOKEN": "x"})

    assert found.http.mount_prefix == "/api"
    unsupported = [place for place, key in EVERY.items() if key.state == "not yet"]
    assert len([line for line in found.warnings if "not supported yet" in line]) == len(unsupported)
    assert not any("no such key" in line for line in found.warnings)


def example(section: Any) -> dict[str, Any]:
    shown = {}
    for key in keys(section):
        if key.section is None:
            shown[key.name] = key.about.json_schema_extra["example"]
        elif key.repeats:
            shown[key.name] = {"agent": example(key.section)}
        else:
            shown[key.name] = example(key.section)
    return shown
