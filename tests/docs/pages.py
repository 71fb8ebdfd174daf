"""The documentation as a list of pages and their blocks; nothing here runs anything.

What a page may say about a block:

- A first line ``# name.py`` (or ``# .env`` …) makes it a file; ``# name.py, continued`` adds to it.
- A paragraph that begins with *prints* or *answers* makes the next ``json`` or ``text`` block the
  output of the block before. ``…`` in it stands for anything.
- ``<!-- not run: reason -->`` before it keeps it from being run; ``test_pages.py`` lists these.
- ``<!-- run: command -->`` is a command that the reader has run already, or can do without.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]

_PARTS = re.compile(
    r"^<!-- (?P<kind>not run|run): (?P<remark>.+?) -->$|^```(?P<language>\S*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SHOWS = re.compile(r"(?:prints|answers)\b[^\n]*:?")
_FILE = re.compile(r"# (?P<name>[\w./-]*\.\w+)(?P<more>, continued)?\n")


@dataclass(frozen=True)
class Block:
    """One fenced block, or one command of a remark.

    Attributes:
        where: Page and line, for people.
        language: The word after the fence.
        code: What stands in it.
        output: What the page shows as its output; None where it shows none.
        reason: Why it is not run; None where it is.
    """

    where: str
    language: str
    code: str
    output: str | None = None
    reason: str | None = None

    @property
    def file(self) -> str | None:
        """The name of the file that the block is."""
        found = _FILE.match(self.code)
        return found and found["name"]

    @property
    def is_continued(self) -> bool:
        """Whether it adds to its file."""
        found = _FILE.match(self.code)
        return bool(found and found["more"])


def pages() -> list[str]:
    """Return every page of the documentation, relative to the repository."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("serverless/**/*.md")]
    found += ROOT.glob("benchmarks/*.md")
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def read(page: str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, language: str | None = None) -> list[Block]:
    """Return a page's blocks in order, or those in one language."""
    text = read(page)
    found: list[Block] = []
    reason, end = None, 0
    for part in _PARTS.finditer(text):
        where = f"{page}:{text.count(chr(10), 0, part.start()) + 1}"
        between = text[end : part.start()].strip()
        end = part.end()
        if part["kind"] == "not run":
            reason = part["remark"]
        elif part["kind"] == "run":
            found.append(Block(where, "sh", part["remark"] + "\n"))
        elif found and part["language"] in {"json", "text"} and _SHOWS.fullmatch(between):
            found[-1] = replace(found[-1], output=part["code"])
        else:
            found.append(Block(where, part["language"], part["code"], reason=reason))
            reason = None
    return [block for block in found if language in {None, block.language}]


def code(page: str, language: str) -> list[str]:
    """Return the contents of a page's blocks in one language."""
    return [block.code for block in blocks(page, language)]
