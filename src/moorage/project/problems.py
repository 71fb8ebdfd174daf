"""What is wrong with a project file, as one line each: the file, the key, the problem, the remedy.

No line repeats a value, except the path of a file: it may be a secret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

Place = tuple[int | str, ...]

_PROBLEM = "problem"
_OF_KEY = "[key]"  # pydantic's mark where the name of an entry is wrong


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend.

    Attributes:
        place: The keys that lead to it.
        says: What is wrong.
        remedy: What to do.
    """

    place: Place
    says: str
    remedy: str

    def line(self, source: str) -> str:
        """Return the problem as a line about ``source``, the file or variable that has it."""
        return ": ".join(filter(None, (source, dotted(self.place), f"{self.says}; {self.remedy}")))


def dotted(place: Place) -> str:
    """Write the way to a key: ``http.cors.allow_origins[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def problem(says: str, remedy: str) -> PydanticCustomError:
    """Return the error that a validator raises when it knows the remedy."""
    return PydanticCustomError(_PROBLEM, "{says}", {"says": says, "remedy": remedy})


def listed(error: ValidationError, example: Callable[[Place], Any]) -> list[Problem]:
    """Return every problem in ``error``, with what ``example`` gives for each place as remedy."""
    return [_of(detail, example) for detail in error.errors(include_url=False)]


def _of(detail: ErrorDetails, example: Callable[[Place], Any]) -> Problem:
    place = tuple(part for part in detail["loc"] if part != _OF_KEY)
    if detail["type"] == _PROBLEM:
        return Problem(place, detail["ctx"]["says"], detail["ctx"]["remedy"])
    if detail["type"] == "missing":
        says = "it must be set"
    elif detail["type"] in {"dataclass_type", "dict_type"}:
        says = "it should be a table"
    else:
        says = detail["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    shown = example(place)
    return Problem(place, says, f"write for example {shown}" if shown is not None else "mend it")
