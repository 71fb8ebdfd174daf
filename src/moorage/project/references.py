"""Reads ``./file.py:name`` and ``package.module:name``, and checks that the file is there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from moorage.importing import ObjectReference
from moorage.project.problems import problem

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_JAVASCRIPT = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"})
_MEND = "write for example ./agent.py:graph"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the sections of a project are checked against.

    Attributes:
        folder: Where relative paths start. Files may lie below it,
        packages: and below these.
        variables: What the graphs will find in the environment.
    """

    folder: Path
    packages: tuple[Path, ...]
    variables: Mapping[str, str]

    def hold(self, path: Path) -> bool:
        """Tell whether a file lies in one of them."""
        return any(path.is_relative_to(place) for place in (self.folder, *self.packages))


def parse(value: Any, info: ValidationInfo) -> ObjectReference:
    """Read a reference; relative paths start at the folder of the surroundings."""
    if not isinstance(value, str):
        raise problem("it should be a reference to an object", _MEND)
    location, colon, attribute = value.rpartition(":")
    if not colon:
        _refuse_javascript(value)
        raise problem("it does not say which object of the file", _MEND)
    _refuse_javascript(location)
    if not attribute.isidentifier():
        raise problem("what follows the colon should be the name of a Python object", _MEND)
    if _is_path(location):
        return ObjectReference(_file(location, surroundings(info)), attribute, value)
    if not _MODULE.fullmatch(location):
        raise problem("what precedes the colon is neither a file nor a module", _MEND)
    return ObjectReference(location, attribute, value)


def parse_embeddings(value: Any, info: ValidationInfo) -> ObjectReference | str:
    """Read ``provider:model``, which stays as it is, or a reference to a file's function."""
    if not isinstance(value, str) or not value:
        raise problem(
            "it should be a model or a function", "write for example openai:text-embedding-3-small"
        )
    return parse(value, info) if _is_path(value.rpartition(":")[0]) else value


def locate(folder: Path, written: str) -> Path | None:
    """Return the path that is written, from a folder; None where there cannot be such a one."""
    try:
        path = (folder / written).resolve()
        path.stat()
    except FileNotFoundError:
        return path
    except (OSError, ValueError):
        return None
    return path


def _is_path(location: str) -> bool:
    return "/" in location or location.startswith(".") or location.endswith(".py")


def surroundings(info: ValidationInfo) -> Surroundings:
    """Return what a section is checked against."""
    around: Surroundings = info.context  # type: ignore[assignment] # the reader always gives it
    return around


def _refuse_javascript(location: str) -> None:
    if Path(location).suffix in _JAVASCRIPT:
        raise problem(
            f"{location} is JavaScript, and moorage serves Python",
            "remove it here and serve it with a JavaScript server",
        )


def _file(location: str, around: Surroundings) -> Path:
    path = locate(around.folder, location)
    if path is None:
        raise problem("it is no path that can be read", _MEND)
    if not around.hold(path):
        raise problem(
            f"{location} lies outside the project and its local dependencies",
            "add its folder to dependencies",
        )
    if path.is_dir():
        raise problem(f"{location} is a folder", f"name a file in it: {location}/agent.py:graph")
    if not path.is_file():
        raise problem(f"there is no file {location}", "mend the path")
    if path.suffix != ".py":
        raise problem(f"{location} is no Python file", _MEND)
    return path
