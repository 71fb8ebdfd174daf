"""Which words of a text count when texts are compared: without inflection and filler words."""

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_FILLERS = """
a about all also am an and answer answers any are as at be been but by can could did do does doing
don't explain find for from get give go had has have he help her him his how i i'm if in into is
isn't it it's its just know let like make me more much my need no not of on one or our please
question questions say she should show so some tell than that that's the their them then there these
they this those to too up us use very want was we were what what's when where which who why will
with work works would you your
"""
_NO_TERM = frozenset(_FILLERS.split())
_SHORTEST_STEM = 3
_ENDINGS = ("ations", "ation", "ings", "ing", "ers", "er", "ed", "es", "s", "e")


def terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order and lower case."""
    return [_stem(word) for word in words(text)]


def words(text: str) -> list[str]:
    """Return the words that carry meaning as they are written, in lower case."""
    return [word for word in _WORD.findall(text.lower()) if word not in _NO_TERM]


@lru_cache(maxsize=4096)  # a text repeats its words, and clients send any
def _stem(word: str) -> str:
    """Cut one common ending off, so that ``streams``, ``streamed`` and ``streaming`` are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
