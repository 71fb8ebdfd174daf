"""Renders ``docs/compatibility.md``: run ``python -m tests.protocols.compatibility``."""

import sys
from collections.abc import Iterator

from tests.protocols.agent_server.requirements import MANIFEST as AGENT_SERVER
from tests.protocols.langserve.requirements import MANIFEST as LANGSERVE
from tests.protocols.requirements import Manifest, Requirement, State

MANIFESTS = (LANGSERVE, AGENT_SERVER)
"""The manifests in the order of the page."""

_INTRODUCTION = """\
<!-- not for search -->
# Compatibility

What moorage does with the protocols that it speaks, fact by fact. A section number (§) is that of
the notes that the facts were taken from. Every line that is not under "Not there" is proved by a
test that names it.

This page is generated from `requirements.py` in the folders of `tests/protocols` by
`make docs-reference`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join((_INTRODUCTION, *(line for one in MANIFESTS for line in _part(one))))


def _part(manifest: Manifest) -> Iterator[str]:
    yield f"## {manifest.title}"
    yield ""
    yield manifest.introduction
    yield ""
    yield from _counts(manifest)
    for key in manifest.groups:
        yield from _group(manifest, key)


def _counts(manifest: Manifest) -> Iterator[str]:
    yield "| | |"
    yield "| --- | --- |"
    for state in State:
        yield f"| {state.value} | {sum(one.state is state for one in manifest.requirements)} |"
    yield ""


def _group(manifest: Manifest, key: str) -> Iterator[str]:
    yield f"### {manifest.groups[key]}"
    yield ""
    of_group = [one for one in manifest.requirements if one.group == key]
    for state in State:
        chosen = [one for one in of_group if one.state is state]
        if chosen and state is not State.COVERED:
            yield f"{state.value.capitalize()}:"
            yield ""
        yield from map(_line, chosen)
        if chosen:
            yield ""


def _line(one: Requirement) -> str:
    reason = f" *{one.reason}*" if one.reason else ""
    return f"- {one.behaviour}{reason} (§{one.section}, `{one.id}`)"


if __name__ == "__main__":
    sys.stdout.write(page())
