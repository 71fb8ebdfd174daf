"""The reference page about project files, made from the keys; run as a module, it prints it."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from moorage.project import environment
from moorage.project.problems import dotted
from moorage.project.sections import Key, Sections, keys

_HEAD = """\
<!-- Generated from the keys: make docs-reference -->
# langgraph.json

A project file says which graphs are served, and how; `moorage dev` and `moorage serve` do it. See
[agents](../howto/agents.md). It is JSON, and may have comments (`//`,
`/* */`) and commas after the last entry. Relative paths start at its folder. Files must lie in that
folder or in a local folder of `dependencies`; both are places that modules are imported from, after
those that Python knows already.

A wrong value stops the start with one line per problem, which names the file, the key, the problem
and the remedy. A key that does not exist, or is not supported yet, is warned about once and
ignored. Where a key is `null`, it counts as not written, but for those where `null` is a value.

An object of the project is named `./file.py:name`, or `package.module:name` where the module can be
imported. A graph may be a compiled graph, a `StateGraph` that is not compiled, a function with
`@entrypoint`, any other runnable, or a function that makes one of these: with `async` or without, a
context manager or none, with up to two parameters that take the run's `config` and the server's
`runtime`.
"""

_TAIL = """
## Variables

A variable that is set takes the place of a part of the file, as JSON; where it names the graphs,
there need not be a file.

| variable | part |
|---|---|
"""


def reference() -> str:
    """Return the page."""
    return (
        _HEAD
        + "".join(_section(Sections, "", "Those of the file itself."))
        + _TAIL
        + "".join(_variables())
    )


def _section(section: Any, place: str, about: str) -> Iterator[str]:
    found = list(keys(section))
    yield f"\n## {f'`{place}`' if place else 'Keys'}\n\n{about}\n\n"
    yield "| key | meaning | state | for example |\n|---|---|---|---|\n"
    yield from map(_row, found)
    for key in found:
        inner = f"{place}.{key.name}".removeprefix(".")
        if key.section and key.repeats:
            yield from _section(key.section, f"{inner}.<id>", "Each entry, written as a table.")
        elif key.section:
            yield from _section(key.section, inner, key.about.description)


def _row(key: Key) -> str:
    name = f"`{key.name}`" + (f" or `{key.also}`" if key.also else "")
    meaning = key.about.description + (" **Required.**" if key.about.is_required() else "")
    example = key.about.json_schema_extra["example"]
    shown = "see below" if example is None else f"`{json.dumps(example)}`"
    return f"| {name} | {meaning} | {key.state} | {shown} |\n"


def _variables() -> Iterator[str]:
    for variable, place in environment.SECTIONS.items():
        yield f"| `{variable}` | {f'`{dotted(place)}`' if place else 'any'} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
