"""Reads Markdown files as passages: what stands under one heading."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEEPEST_HEADING = 6
_UNSEARCHED = "<!-- not for search -->\n"


@dataclass(frozen=True)
class Passage:
    """What stands under one heading of one file.

    Attributes:
        source: The file, relative to the folder it was found in.
        heading: The headings that lead to it, from the outermost, joined with `` > ``.
        text: Markdown, without the heading.
    """

    source: str
    heading: str
    text: str


def read(folder: Path) -> list[Passage]:
    """Return the passages of ``README.md`` and of every Markdown file below ``docs``, in order.

    A file that begins with ``<!-- not for search -->`` is left out.
    """
    files = [folder / "README.md", *sorted((folder / "docs").rglob("*.md"))]
    return [
        passage
        for file in files
        if file.is_file()
        if not (text := file.read_text("utf-8")).startswith(_UNSEARCHED)
        for passage in split(text, file.relative_to(folder).as_posix())
    ]


def split(markdown: str, source: str) -> Iterator[Passage]:
    """Give the passages of one file; a heading with nothing under it gives none."""
    headings: list[str] = []
    lines: list[str] = []
    for line, level in _levels(markdown):
        if level:
            yield from _passage(source, headings, lines)
            headings = [*headings[: level - 1], line[level:].strip()]
            lines = []
        else:
            lines.append(line)
    yield from _passage(source, headings, lines)


def _levels(markdown: str) -> Iterator[tuple[str, int]]:
    """Give each line with its level as a heading, which is 0 for text and within code."""
    is_code = False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        marks = len(line) - len(line.lstrip("#"))
        is_heading = (
            not is_code and 0 < marks <= _DEEPEST_HEADING and line[marks : marks + 1] == " "
        )
        yield line, marks if is_heading else 0


def _passage(source: str, headings: list[str], lines: list[str]) -> Iterator[Passage]:
    if text := "\n".join(lines).strip():
        yield Passage(source, " > ".join(headings), text)
