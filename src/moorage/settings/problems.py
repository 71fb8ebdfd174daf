"""What is wrong with settings, as one line each: the variable, the problem, the remedy.

No line repeats a value: it may be a secret, or a secret in the wrong variable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from moorage.settings.layers import PREFIX

CONTRADICTION = "contradiction"
"""The type of a validation error that carries a list of problems found by comparing fields."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend.

    Attributes:
        field: The field's name.
        says: What is wrong, without the value.
        remedy: What to do.
    """

    field: str
    says: str
    remedy: str


def contradiction(problems: list[Problem]) -> PydanticCustomError:
    """Return the error that a validator raises to report several problems at once."""
    fields = ", ".join(problem.field for problem in problems)
    return PydanticCustomError(
        CONTRADICTION, "{fields} cannot be so", {"fields": fields, "problems": problems}
    )


def variable(model: type[BaseModel], name: str) -> str:
    """Return the variable that sets a field: its alias, or its name with the prefix."""
    field = model.model_fields.get(name)
    if field is not None and isinstance(field.validation_alias, str):
        return field.validation_alias.upper()
    return f"{PREFIX}{name.upper()}"


def lines(error: ValidationError, model: type[BaseModel], origins: Mapping[str, str]) -> list[str]:
    """Describe every problem in ``error``, one line each, in the order of the fields."""
    found = [
        problem for detail in error.errors(include_url=False) for problem in _of(detail, model)
    ]
    return [_line(problem, model, origins) for problem in found]


def _line(problem: Problem, model: type[BaseModel], origins: Mapping[str, str]) -> str:
    name = variable(model, problem.field)
    origin = origins.get(name)
    place = f" (set in {origin})" if origin else ""
    return f"{name}{place}: {problem.says}; {problem.remedy}"


def _of(detail: ErrorDetails, model: type[BaseModel]) -> list[Problem]:
    if detail["type"] == CONTRADICTION:
        found: list[Problem] = detail["ctx"]["problems"]
        return found
    name = _field_name(model, detail["loc"])
    field = model.model_fields.get(name)
    if detail["type"] == "missing":
        return [Problem(name, "it must be set", _remedy(model, name, field))]
    if field is None:
        return [Problem(name, "there is no such setting", "remove it")]
    return [Problem(name, _sentence(detail, field), _remedy(model, name, field))]


def _field_name(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    first = str(loc[0]) if loc else ""
    aliases = {field.validation_alias: name for name, field in model.model_fields.items()}
    return first if first in model.model_fields else aliases.get(first, first)


def _sentence(detail: ErrorDetails, field: FieldInfo) -> str:
    if "Secret" in str(field.annotation) or not field.repr:
        return "its value is not accepted"
    if detail["type"] == "string_pattern_mismatch":
        return "it has another form"
    message = detail["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    place = "".join(f"entry {part + 1}: " for part in detail["loc"][1:] if isinstance(part, int))
    return place + message


def _remedy(model: type[BaseModel], name: str, field: FieldInfo | None) -> str:
    examples: list[Any] = (field and field.examples) or []
    if not examples:
        return "mend it"
    return f"write for example {variable(model, name)}={examples[0]}"
