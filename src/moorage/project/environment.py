"""The variables around a project: those it brings, and those that stand for parts of its file.

With the settings, this is the only place that reads the environment of the process.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from moorage.project.problems import Problem

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "AGENT_SERVER_CONFIG": (),
    "LANGSERVE_GRAPHS": ("graphs",),
    "LANGGRAPH_STORE": ("store",),
    "LANGGRAPH_CHECKPOINTER": ("checkpointer",),
    "LANGGRAPH_THREAD_TTL": ("checkpointer", "ttl"),
    "LANGGRAPH_HTTP": ("http",),
    "LANGGRAPH_AUTH": ("auth",),
    "LANGGRAPH_WEBHOOKS": ("webhooks",),
    "LANGGRAPH_UI": ("ui",),
    "LANGGRAPH_UI_CONFIG": ("ui_config",),
    "LANGGRAPH_ENCRYPTION": ("encryption",),
}
"""The variables that hold a part of a project file, as JSON, and which part each is."""


def process() -> Mapping[str, str]:
    """Return the variables of this process that are set to something."""
    return {name: value for name, value in os.environ.items() if value}


def apply(variables: Mapping[str, str], import_paths: Iterable[Path]) -> None:
    """Give this process variables that it lacks, and places to import from.

    A variable that is set to something stays as it is. The places come after those that are known,
    so that a project's file cannot stand in the way of an installed package.
    """
    for name, value in variables.items():
        if not os.environ.get(name):
            os.environ[name] = value
    for path in map(str, import_paths):
        if path not in sys.path:
            sys.path.append(path)


def read_file(path: Path, name: str) -> tuple[Mapping[str, str], list[Problem], list[str]]:
    """Return the variables of a file of ``NAME=value`` lines, what is wrong, and warnings.

    ``${OTHER}`` in a value stands for another variable, of the file or the process.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            faults = [one.original.line for one in parse_stream(stream) if one.error]
    except FileNotFoundError:
        return {}, [], [f"env: there is no file {name}; make it, or remove the key"]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return {}, [Problem(("env",), f"{name} cannot be read ({reason})", "mend it")], []
    problems = [
        Problem(("env",), f"line {line} of {name} is not of the form NAME=value", "mend it")
        for line in faults
    ]
    if problems:
        return {}, problems, []
    values = dotenv_values(path, encoding="utf-8")
    return {key: value for key, value in values.items() if value is not None}, [], []
