"""Composes answers without a language model: quotes what a search found, sums up by extract."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from app.tools.knowledge import Found
from app.tools.terms import terms

GREETING = (
    "Hello! I answer questions about moorage from its documentation. Ask me, for example,"
    ' "How do I stream an answer?"'
)
NOTHING_FOUND = (
    "I found nothing about that in the documentation, and I know nothing else: I am a small program"
    " that searches and quotes. With a language model in MOORAGE_MODEL I can do more."
)
# A passage that is no closer to the question than this is about something else.
_LEAST_CLOSENESS = 1 / 3
_LONGEST_QUOTATION = 800
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def quote(question: str, passages: Sequence[Found]) -> str:
    """Answer with the parts of up to two passages that say most about the question."""
    asked = set(terms(question))
    closest = sorted(passages, key=lambda p: -_closeness(asked, p))[:2]
    if not closest or (best := _closeness(asked, closest[0])) < _LEAST_CLOSENESS:
        return NOTHING_FOUND
    fitting = [p for p in closest if _closeness(asked, p) > best / 2]
    quotations = [f"{_quotation(asked, p)}\n\n({p['source']}, “{p['heading']}”)" for p in fitting]
    return "The documentation says:\n\n" + "\n\n".join(quotations)


def summarise(text: str, sentences: int = 2) -> str:
    """Return the sentences whose words come back most in the text, in their order."""
    every = _SENTENCE_END.split(text.strip())
    weight = Counter(terms(text))
    best = sorted(every, key=lambda sentence: -_weight(sentence, weight))[:sentences]
    return " ".join(sentence for sentence in every if sentence in best)


def _weight(sentence: str, weight: Counter[str]) -> float:
    found = set(terms(sentence))
    return sum(weight[term] for term in found) / math.sqrt(1 + len(found))


def _closeness(asked: set[str], passage: Found) -> float:
    """Return which share of the question's words the text has, plus which share the heading has."""
    places = (passage["text"], passage["heading"])
    return sum(len(asked & set(terms(place))) for place in places) / max(1, len(asked))


def _quotation(asked: set[str], passage: Found) -> str:
    blocks = _blocks(passage["text"])
    best = max(range(len(blocks)), key=lambda place: len(asked & set(terms(blocks[place]))))
    # A paragraph and the example after it belong together.
    first = best - 1 if best and _is_code(blocks[best]) else best
    last = first + 1 if _is_code("".join(blocks[first + 1 : first + 2])) else first
    chosen = "\n\n".join(blocks[first : last + 1])
    if len(chosen) > _LONGEST_QUOTATION:
        chosen = _shortened(asked, blocks[best])
    return "\n".join(f"> {line}".rstrip() for line in chosen.splitlines())


def _blocks(markdown: str) -> list[str]:
    """Cut at blank lines, but never within code."""
    blocks: list[str] = []
    for part in markdown.split("\n\n"):
        if blocks and blocks[-1].count("```") % 2:
            blocks[-1] += f"\n\n{part}"
        elif part.strip():
            blocks.append(part.strip("\n"))
    return blocks


def _is_code(block: str) -> bool:
    return block.startswith("```")


def _shortened(asked: set[str], block: str) -> str:
    """Keep the line that says most about the question, and what follows as far as there is room."""
    lines = block.splitlines()
    best = max(range(len(lines)), key=lambda place: len(asked & set(terms(lines[place]))))
    kept = "\n".join(lines[best:])
    if len(kept) <= _LONGEST_QUOTATION:
        return kept
    return kept[:_LONGEST_QUOTATION].rsplit(maxsplit=1)[0] + " …"
