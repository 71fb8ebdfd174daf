"""Reads a project file into one frozen `Project`."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from moorage.domain.graphs import GraphReference
from moorage.errors import Misconfigured
from moorage.project import dependencies, environment, jsonc
from moorage.project.problems import Place, Problem, dotted, listed
from moorage.project.references import Surroundings, locate
from moorage.project.sections import (
    Auth,
    Checkpointer,
    Http,
    Key,
    Sections,
    Store,
    Webhooks,
    as_text,
    keys,
)

FILE = "langgraph.json"
"""The usual name of a project file."""

_PASSED_OVER = ("$", "_INTERNAL")


@dataclass(frozen=True, slots=True)
class Project:
    """What is served, and how: a project file and the variables that stand for parts of it.

    Attributes:
        folder: Where relative paths start.
        file: The file; None where everything comes from variables.
        graphs: What is served.
        import_paths: Where the project's modules are looked for, beside the known places.
        environment: Variables for the graphs.
        store: The long-term memory.
        checkpointer: How the state of threads is kept.
        http: What is published, and how.
        auth: The project's own authentication and authorisation.
        webhooks: Calls to others when a run is over.
        webhook_headers: Their headers, with the variables put in.
        warnings: What is ignored or missing, one sentence each.
    """

    folder: Path
    file: Path | None
    graphs: tuple[GraphReference, ...]
    import_paths: tuple[Path, ...]
    environment: Mapping[str, str] = field(repr=False)
    store: Store
    checkpointer: Checkpointer
    http: Http
    auth: Auth | None
    webhooks: Webhooks = field(repr=False)
    webhook_headers: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def apply(self) -> None:
        """Prepare this process for importing the graphs: its variables and where it imports from.

        Variables that are set to something already stay as they are.
        """
        environment.apply(self.environment, self.import_paths)


def read(path: Path = Path(FILE), variables: Mapping[str, str] | None = None) -> Project:
    """Read a project.

    Args:
        path: The file, or the folder that holds a ``langgraph.json``. It may be absent where
            ``variables`` name the graphs.
        variables: What the process was started with. Those of ``environment.SECTIONS`` take the
            place of a part of the file. By default those of this process.

    Raises:
        Misconfigured: Something is wrong; one line per problem.
    """
    given = environment.process() if variables is None else variables
    file = path / FILE if path.is_dir() else path
    text = _text(file, "LANGSERVE_GRAPHS" in given or "AGENT_SERVER_CONFIG" in given)
    raw, origins = _gather(file.name, text, given)
    reader = _Reader(file.parent.resolve(), file.name, origins, given)
    project = reader.project(raw, file.resolve() if text is not None else None)
    if project is None or reader.problems:
        raise Misconfigured("\n".join(reader.line(problem) for problem in reader.problems))
    return project


def _text(file: Path, may_be_absent: bool) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        if may_be_absent:
            return None
        raise Misconfigured(f"{file}: there is no such file; make it or name another") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Misconfigured(f"{file}: cannot be read ({reason}); mend it") from error


def _gather(
    name: str, text: str | None, variables: Mapping[str, str]
) -> tuple[dict[str, Any], dict[Place, str]]:
    """Lay the variables' parts over the file; tell which variable each part comes from."""
    raw = {} if text is None else _table(name, text)
    origins: dict[Place, str] = {}
    for variable, place in environment.SECTIONS.items():
        if not (value := variables.get(variable)):
            continue
        if place:
            _put(raw, place, _parsed(variable, value))
            origins[place] = variable
        else:
            for key, part in _table(variable, value).items():
                raw[key] = part
                origins[(key,)] = variable
    return raw, origins


def _table(source: str, text: str) -> dict[str, Any]:
    found = _parsed(source, text)
    if not isinstance(found, dict):
        raise Misconfigured(f"{source}: it should be a table; write for example " + "{…}")
    return found


def _parsed(source: str, text: str) -> Any:
    try:
        return jsonc.parse(text)
    except ValueError as error:
        raise Misconfigured(f"{source}: it is not JSON ({error}); mend it") from None


def _put(raw: dict[str, Any], place: Place, value: Any) -> None:
    *outer, last = map(str, place)
    for key in outer:
        inner = raw.get(key)
        raw[key] = dict(inner) if isinstance(inner, dict) else {}
        raw = raw[key]
    raw[last] = value


class _Reader:
    """Reads one project, and gathers what is wrong with it."""

    def __init__(
        self, folder: Path, source: str, origins: Mapping[Place, str], given: Mapping[str, str]
    ) -> None:
        self._folder = folder
        self._source = source
        self._origins = origins
        self._given = given
        self.problems: list[Problem] = []
        self._warnings: list[str] = []

    def line(self, problem: Problem) -> str:
        """Return a problem as a line that begins with the file or the variable that has it."""
        return problem.line(self._source_of(problem.place))

    def project(self, raw: Mapping[str, Any], file: Path | None) -> Project | None:
        """Return the project, or None where it cannot be told because of problems."""
        needed = self._dependencies(raw)
        variables = self._environment(raw.get("env"))
        around = Surroundings(self._folder, needed.packages, {**variables, **self._given})
        sections = self._sections(self._known(raw, Sections, ()), around)
        if sections is None:
            return None
        return Project(
            folder=self._folder,
            file=file,
            graphs=tuple(
                GraphReference(name, entry.path, entry.description)
                for name, entry in sections.graphs.items()
            ),
            import_paths=tuple(dict.fromkeys((self._folder, *needed.import_paths))),
            environment=variables if isinstance(sections.env, str) else sections.env,
            store=sections.store,
            checkpointer=sections.checkpointer,
            http=sections.http,
            auth=sections.auth,
            webhooks=sections.webhooks,
            webhook_headers=sections.webhooks.headers_with(around.variables),
            warnings=tuple(self._warnings),
        )

    def _source_of(self, place: Place) -> str:
        ends = (place[:length] for length in range(len(place), 0, -1))
        return next((self._origins[end] for end in ends if end in self._origins), self._source)

    def _warn(self, place: Place, says: str) -> None:
        self._warnings.append(f"{self._source_of(place)}: {dotted(place)}: {says}")

    def _dependencies(self, raw: Mapping[str, Any]) -> dependencies.Dependencies:
        entries = raw.get("dependencies")
        # Anything else is a problem that the sections' own check finds.
        texts = (
            [one for one in entries if isinstance(one, str)] if isinstance(entries, list) else []
        )
        needed = dependencies.resolve(texts, self._folder)
        self.problems += needed.problems
        self._warnings += [
            f"{self._source}: dependencies: {warning}" for warning in needed.warnings
        ]
        return needed

    def _known(self, raw: Any, section: Any, place: Place) -> Any:
        """Return a section's known keys, without those that are null and may be left out."""
        if not isinstance(raw, Mapping):
            return raw
        known = {spelling: key for key in keys(section) for spelling in _spellings(key)}
        found: dict[str, Any] = {}
        for name, value in raw.items():
            key = known.get(name)
            if key is None:
                self._warn_of_unknown((*place, name), known)
                continue
            if key.state == "not yet" and value is not None:
                self._warn((*place, name), "this is not supported yet, and ignored")
            if value is not None or _may_be_null(key):
                found[name] = self._inner(value, key, (*place, name))
        return found

    def _inner(self, value: Any, key: Key, place: Place) -> Any:
        if key.section is None:
            return value
        if key.repeats and isinstance(value, Mapping):
            return {
                name: self._known(one, key.section, (*place, name)) for name, one in value.items()
            }
        return value if key.repeats else self._known(value, key.section, place)

    def _warn_of_unknown(self, place: Place, known: Mapping[str, Key]) -> None:
        name = str(place[-1])
        if name.startswith(_PASSED_OVER):
            return
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        self._warn(place, f"there is no such key, and it is ignored{hint}")

    def _sections(self, raw: Mapping[str, Any], around: Surroundings) -> Sections | None:
        try:
            return TypeAdapter(Sections).validate_json(json.dumps(raw), strict=True, context=around)
        except ValidationError as error:
            short = raw.get("graphs")
            self.problems += [_at_text(one, short) for one in listed(error, _example)]
            return None

    def _environment(self, env: Any) -> Mapping[str, str]:
        """Return the variables of the file that ``env`` names, or those that stand in it."""
        if isinstance(env, Mapping):
            return {
                name: as_text(one)
                for name, one in env.items()
                if isinstance(one, str | int | float)
            }
        if not isinstance(env, str):
            return {}
        path = locate(self._folder, env)
        if path is None:
            self.problems.append(
                Problem(("env",), "it is no path that can be read", "write for example .env")
            )
            return {}
        values, problems, warnings = environment.read_file(path, env)
        self.problems += problems
        self._warnings += [f"{self._source}: {warning}" for warning in warnings]
        return values


def _at_text(problem: Problem, graphs: Any) -> Problem:
    """Leave out ``path`` where a graph is written without it."""
    match problem.place:
        case ("graphs", name, "path") if isinstance(graphs.get(name), str):
            return replace(problem, place=("graphs", name))
        case _:
            return problem


def _spellings(key: Key) -> tuple[str, ...]:
    return (key.name, key.also) if key.also else (key.name,)


def _may_be_null(key: Key) -> bool:
    return type(None) in get_args(key.about.annotation)


def _example(place: Place) -> str | None:
    """Return the example of the key at a place, as it is written; None where there is none."""
    section: Any = Sections
    key: Key | None = None
    under_name = False
    for part in place:
        if section is not None and not under_name:
            known = {spelling: one for one in keys(section) for spelling in _spellings(one)}
            key = known.get(str(part))
            section = key.section if key else None
        under_name = bool(key and key.repeats and not under_name)
    example = key.about.json_schema_extra["example"] if key else None
    return None if example is None else json.dumps(example)
