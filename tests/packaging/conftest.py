"""A small project that is packaged as moorage is, with web pages that are built at once."""

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import { copyFileSync, mkdirSync } from "node:fs";
const pages = "../src/moorage/_pages";
mkdirSync(`${pages}/assets`, { recursive: true });
copyFileSync("page.html", `${pages}/console.html`);
"""


@dataclass(frozen=True)
class Project:
    root: Path

    @property
    def page(self) -> Path:
        """The source of the page."""
        return self.root / "ui/page.html"

    @property
    def built(self) -> Path:
        """The page as the build left it."""
        return self.root / "src/moorage/_pages/console.html"

    def requirements(self) -> list[str]:
        """Return what the build asks the installer for."""
        return list(WheelBuilder(str(self.root)).config.dependencies)

    def wheel(self, version: str = "standard") -> set[str]:
        """Build a wheel, and return the names of the files of its package."""
        builder = WheelBuilder(str(self.root))
        [path] = builder.build(directory=str(self.root / "out"), versions=[version])
        with zipfile.ZipFile(path) as archive:
            return {name for name in archive.namelist() if name.startswith("moorage/")}

    def sdist(self) -> Path:
        """Build a source distribution."""
        [path] = SdistBuilder(str(self.root)).build(directory=str(self.root / "out"))
        return Path(path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("MOORAGE_UI", raising=False)
    made = Project(tmp_path / "project")
    package = made.root / "src/moorage"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, made.root)
    made.page.parent.mkdir()
    made.page.write_text("first")
    (made.root / "ui/build.mjs").write_text(SCRIPT)
    manifest = {"name": "pages", "version": "1.0.0", "scripts": {"build": "node build.mjs"}}
    (made.root / "ui/package.json").write_text(json.dumps(manifest))
    lock = {"name": "pages", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {}}}
    (made.root / "ui/package-lock.json").write_text(json.dumps(lock))
    return made
