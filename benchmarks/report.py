"""Medians, ratios and tables of what was measured."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

LIMIT = "handwritten"
RIVAL = "langserve"


@dataclass
class Series:
    """The measurements of one case: for each peer one number a round, in the order of rounds."""

    name: str
    title: str
    unit: str
    is_rate: bool = False
    rounds: dict[str, list[float]] = field(default_factory=dict)
    beside: tuple[str, ...] = (LIMIT, RIVAL)

    def add(self, peer: str, number: float) -> None:
        """Keep one round's number."""
        self.rounds.setdefault(peer, []).append(number)

    def ratio(self, peer: str, other: str) -> str:
        """The ratio of the medians, then the lowest and highest of any one round's ratio.

        Empty when the other was not measured, or came to nothing.
        """
        numbers, others = self.rounds[peer], self.rounds.get(other, [])
        if not others or not all(others):
            return ""
        of_rounds = [number / beside for number, beside in zip(numbers, others, strict=True)]
        middle = median(numbers) / median(others)
        return f"{_ratio(middle)} ({_ratio(min(of_rounds))}-{_ratio(max(of_rounds))})"

    def table(self) -> str:
        """A Markdown table with a row for each peer."""
        header = [self.name, f"{self.unit}, median", "lowest-highest"]
        header += [f"÷ {other}" for other in self.beside]
        return f"{self.title}\n\n" + markdown([header, *(self._row(peer) for peer in self.rounds)])

    def _row(self, peer: str) -> list[str]:
        numbers = self.rounds[peer]
        span = f"{short(min(numbers))}-{short(max(numbers))}"
        ratios = [self.ratio(peer, other) for other in self.beside]
        return [peer, short(median(numbers)), span, *ratios]


def summary(series: Iterable[Series], unit: str, other: str) -> str:
    """A Markdown table with a row for each rate in that unit: the peers as shares of another.

    Empty when there is no such case, or nobody to compare with.
    """
    rates = [one for one in series if one.is_rate and one.unit == unit and other in one.rounds]
    peers = list(dict.fromkeys(peer for one in rates for peer in one.rounds if peer != other))
    if not peers:
        return ""
    rows = [
        [one.name, *(one.ratio(peer, other) if peer in one.rounds else "" for peer in peers)]
        for one in rates
    ]
    return markdown([[f"{unit} ÷ {other}", *peers], *rows])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up as plain text; the first row is the header."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def short(number: float) -> str:
    """Three significant digits or the whole part, whichever is longer."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _ratio(number: float) -> str:
    return f"{number:.2f}" if number >= 0.1 else f"{number:.2g}"


def save(folder: Path, series: Iterable[Series], facts: dict[str, Any]) -> Path:
    """Write every round's number as JSON into a new file and give its path."""
    folder.mkdir(exist_ok=True)
    path = folder / time.strftime("%Y%m%d-%H%M%S.json")
    content = {**facts, "cases": [asdict(one) for one in series]}
    path.write_text(json.dumps(content, indent=2))
    return path
