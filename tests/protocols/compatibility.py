"""Renders ``docs/compatibility.md``: run ``python -m tests.protocols.compatibility``."""

import sys
from collections.abc import Iterator

from tests.protocols.requirements import GROUPS, REQUIREMENTS, Requirement, State

_INTRODUCTION = """\
<!-- not for search -->
# Compatibility with LangServe

What moorage does with LangServe's protocol, fact by fact. The reference is LangServe 0.3.3; a
section number (§) is that of the notes that the facts were taken from. Every line that is not
marked as deferred is proved by a test that names it.

This page is generated from `tests/protocols/requirements.py` by `make docs-reference`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join((_INTRODUCTION, *_counts(), *(line for key in GROUPS for line in _group(key))))


def _counts() -> Iterator[str]:
    yield "| | |"
    yield "| --- | --- |"
    for state in State:
        yield f"| {state.value} | {sum(one.state is state for one in REQUIREMENTS)} |"
    yield ""


def _group(key: str) -> Iterator[str]:
    yield f"## {GROUPS[key]}"
    yield ""
    of_group = [one for one in REQUIREMENTS if one.group == key]
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
