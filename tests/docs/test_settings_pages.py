"""The pages that are generated from the settings are what would be generated now."""

import subprocess
import sys
from pathlib import Path

import pytest

import moorage
from moorage.settings.problems import variable

ROOT = Path(__file__).parents[2]
MOORAGE = str(Path(sys.executable).parent / "moorage")


@pytest.mark.parametrize(
    ("page", "options"),
    [
        (".env.example", ["--example"]),
        ("docs/reference/settings.md", ["--settings", "moorage:Settings", "--reference"]),
    ],
)
def test_the_page_is_up_to_date(page: str, options: list[str]):
    generated = subprocess.run(
        [MOORAGE, "config", *options], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (ROOT / page).read_text() == generated.stdout, "run make docs-reference"


@pytest.mark.parametrize("name", moorage.Settings.model_fields)
def test_every_setting_is_described_and_has_an_example(name: str):
    field = moorage.Settings.model_fields[name]

    assert field.description is not None
    assert field.description.endswith((".", ".)"))
    assert field.examples


def test_the_examples_together_are_settings_that_work():
    fields = moorage.Settings.model_fields
    examples = {
        variable(moorage.Settings, name): str(field.examples[0])
        for name, field in fields.items()
        if field.examples and not name.endswith("_file") and name != "auth_handler"
    }

    settings = moorage.Settings.parse(examples)

    assert settings.environment == "production"
    assert settings.rate_limits == {"/agent": "10/minute;500/day", "/chain": "5/second"}


def test_every_setting_is_in_the_example_file():
    text = (ROOT / ".env.example").read_text()

    for name in moorage.Settings.model_fields:
        assert f"\n# {variable(moorage.Settings, name)}=" in text
