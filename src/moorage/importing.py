"""Finds what a deployment names in its configuration."""

import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module, invalidate_caches
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import moorage
from moorage.errors import Misconfigured

_FOREIGN = tuple(
    str(Path(folder).resolve())
    for folder in (
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *moorage.__path__,
    )
)


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object of a deployment, by where it is defined and what it is called there.

    Attributes:
        location: A Python file, as an absolute path, or a module's dotted name.
        attribute: The object's name in it.
        text: The reference as it was written, for messages.
    """

    location: Path | str
    attribute: str
    text: str


def load(reference: str) -> Any:
    """Return what ``module:name`` names.

    Raises:
        Misconfigured: There is no such module, or it has no such name. An error inside the module
            passes through.
    """
    path, _, name = reference.partition(":")
    return resolve(ObjectReference(path, name, reference))


def resolve(reference: ObjectReference) -> Any:
    """Return what a reference names.

    A file is imported under the name that other modules import it by, if there is one, so that it
    is not run twice and may use relative imports; otherwise under a name of its own.

    Raises:
        Misconfigured: There is no such module or file, or it has no such name. An error inside the
            module passes through.
    """
    location, name = reference.location, reference.attribute
    module = _module(location, reference) if isinstance(location, str) else _file(location)
    try:
        return getattr(module, name)
    except AttributeError as error:
        if error.name != name:
            raise
        raise Misconfigured(f"{reference.text}: {_shown(location)} has no {name}") from error


def _shown(location: Path | str) -> str:
    return location if isinstance(location, str) else location.name


def _module(path: str, reference: ObjectReference) -> ModuleType:
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise
        raise Misconfigured(f"{reference.text}: there is no module {error.name}") from error


def _file(path: Path) -> ModuleType:
    invalidate_caches()
    names = (name for root in _roots(path) if (name := _name_below(root, path)))
    if name := next(names, None):
        return import_module(name)
    return _import_alone(path)


def _roots(path: Path) -> Iterator[Path]:
    """Yield the places of the import path that hold a file, the nearest first.

    A folder that is a package itself comes last: the package's name should be part of the module's.
    """
    roots = {root for entry in sys.path if (root := Path(entry).resolve()) in path.parents}
    yield from sorted(
        roots, key=lambda root: ((root / "__init__.py").is_file(), -len(root.parts), str(root))
    )


def _name_below(root: Path, path: Path) -> str | None:
    """Return the name that imports ``path``, where it is one and imports no other file."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    # The first part is looked at alone: looking for the others imports what precedes them.
    if not parts or not all(map(str.isidentifier, parts)) or not _is_at(parts[0], root / parts[0]):
        return None
    name = ".".join(parts)
    return name if _origin(name) == path else None


def _is_at(name: str, place: Path) -> bool:
    origin = _origin(name)
    if origin is not None:
        return origin in {place.with_suffix(".py"), place / "__init__.py"}
    spec = find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
    folders = (spec and spec.submodule_search_locations) or ()
    return any(Path(folder).resolve() == place for folder in folders)


def _origin(name: str) -> Path | None:
    known = sys.modules.get(name)
    spec = known.__spec__ if known else find_spec(name)
    return Path(spec.origin).resolve() if spec and spec.has_location and spec.origin else None


def _import_alone(path: Path) -> ModuleType:
    # The same in every process, as checkpoints name the modules of what they hold.
    name = f"{path.stem}_{blake2b(str(path).encode(), digest_size=6).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Misconfigured(f"{path}: this is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def user_traceback(error: BaseException) -> str:
    """Return an error's traceback as text, with the lines of the user's files only.

    Where no line is in one, all are kept but those of the import system and of moorage.
    """
    trace = traceback.TracebackException.from_exception(error)
    _keep(trace, _is_users)
    if not trace.stack:
        trace = traceback.TracebackException.from_exception(error)
        _keep(trace, _is_told)
    return "".join(trace.format())


def _keep(trace: traceback.TracebackException, wanted: Callable[[str], bool]) -> None:
    trace.stack = traceback.StackSummary.from_list(
        [frame for frame in trace.stack if wanted(frame.filename)]
    )
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _keep(other, wanted)


def _is_users(filename: str) -> bool:
    return not filename.startswith(("<frozen", *_FOREIGN))


def _is_told(filename: str) -> bool:
    return not filename.startswith(("<frozen", *map(str, moorage.__path__)))
