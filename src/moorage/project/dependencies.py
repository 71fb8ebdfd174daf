"""What a project depends on: folders to import from, and distributions that should be installed.

Nothing is installed here. What is missing is told, with the command that installs it.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from moorage.project.problems import Problem
from moorage.project.references import locate

_KEY = "dependencies"
_OPTION = re.compile(r"\s--?[a-z]")
_COMMENT = re.compile(r"(^|\s)#.*")
_WHOLE = (".", "./", "..")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What ``dependencies`` comes to.

    Attributes:
        packages: The local folders.
        import_paths: What they add to where modules are looked for.
        problems: What must be mended.
        warnings: What is missing or cannot be read, one sentence each.
    """

    packages: tuple[Path, ...]
    import_paths: tuple[Path, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def resolve(entries: Sequence[str], folder: Path) -> Dependencies:
    """Find the local folders among ``entries``, and look at what each asks for."""
    packages: list[Path] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    for number, entry in enumerate(entries):
        path = locate(folder, entry)
        if not _is_local(entry):
            warnings += _of_package(entry, path)
        elif path is None:
            problems.append(
                Problem((_KEY, number), "it is no path that can be read", "mend or remove it")
            )
        elif path.is_file() and path.suffix == ".txt":
            warnings += _missing(_listed(path), entry, f"pip install -r {shlex.quote(entry)}")
        elif path.is_dir():
            packages.append(path)
            warnings += _asked_for(path, entry)
        else:
            problems.append(
                Problem((_KEY, number), f"there is no folder {entry}", "mend or remove it")
            )
    paths = dict.fromkeys(path for package in packages for path in _import_paths(package))
    return Dependencies(tuple(packages), tuple(paths), tuple(problems), tuple(warnings))


def _is_local(entry: str) -> bool:
    return entry.startswith((".", "/"))


def _of_package(entry: str, path: Path | None) -> Iterator[str]:
    if path is not None and path.is_dir():
        yield f"{entry}: this is a package's name; for the folder of that name, write ./{entry}"
    else:
        yield from _missing([entry], entry, f"pip install {shlex.quote(entry)}")


def _import_paths(package: Path) -> Iterator[Path]:
    if (package / "__init__.py").is_file():
        yield package.parent
    yield package
    if (package / "src").is_dir() and not (package / "src/__init__.py").is_file():
        yield package / "src"


def _asked_for(package: Path, entry: str) -> Iterator[str]:
    listed = package / "requirements.txt"
    name = "requirements.txt" if entry in _WHOLE[:2] else f"{entry.rstrip('/')}/requirements.txt"
    if listed.is_file():
        yield from _missing(_listed(listed), name, f"pip install -r {shlex.quote(name)}")
    manifest = package / "pyproject.toml"
    if not manifest.is_file():
        return
    name = "pyproject.toml" if entry in _WHOLE[:2] else f"{entry.rstrip('/')}/pyproject.toml"
    try:
        content = tomllib.loads(manifest.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield f"{name}: cannot be read ({error}); what it asks for is not checked"
        return
    yield from _missing(_declared(content), name, f"pip install {shlex.quote(entry)}")


def _declared(manifest: dict[str, Any]) -> list[str]:
    project = manifest.get("project", {})
    poetry = manifest.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return [*project.get("dependencies", []), *(name for name in poetry if name != "python")]


def _listed(path: Path, within: tuple[Path, ...] = ()) -> Iterator[str]:
    """Yield the requirements of a file and of those that it includes."""
    text = path.read_text("utf-8", errors="replace").replace("\\\n", " ")
    for line in text.splitlines():
        entry = _COMMENT.sub("", line).strip()
        option, _, rest = entry.partition(" ")
        if option in {"-r", "--requirement"}:
            included = (path.parent / rest.strip()).resolve()
            if included.is_file() and included not in {*within, path}:
                yield from _listed(included, (*within, path))
        elif entry and not entry.startswith(("-", ".", "/")):
            yield _OPTION.split(entry)[0]


def _missing(requirements: Iterator[str] | list[str], source: str, remedy: str) -> Iterator[str]:
    found = [fault for text in requirements if (fault := _fault(text))]
    if found:
        yield f"{source}: {', '.join(dict.fromkeys(found))}; run {remedy}"


def _fault(text: str) -> str | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        # An address of a repository or an archive, whose name is known once it is installed.
        return None
    if requirement.marker and not requirement.marker.evaluate():
        return None
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(installed, prereleases=True):
        return None
    return f"{requirement.name}{requirement.specifier} is asked for and {installed} is installed"
