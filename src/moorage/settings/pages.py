"""Pages about settings, made from the fields: a table of values, an example file, the reference."""

import re
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import HttpUrl, SecretStr
from pydantic.fields import FieldInfo

from moorage.settings import text
from moorage.settings.catalogue import Settings
from moorage.settings.layers import Variables
from moorage.settings.problems import variable

STARS = "**********"

_EXAMPLE_HEAD = """\
# Every setting, with its default or an example. Copy this file to .env and uncomment what you
# change. Generated from the settings (make docs-reference); the rules are in
# docs/reference/settings.md.
"""

_REFERENCE_HEAD = """\
<!-- Generated from the settings: make docs-reference -->
# Settings

Each setting is a variable. It is read, in rising order of precedence, from

1. its default,
2. `config/<environment>.env`, for the stage that `MOORAGE_ENVIRONMENT` names (in the process or in
   `.env`),
3. `.env`,
4. `.env.<environment>`,
5. the environment of the process,

all relative to the working directory. A variable that is set to nothing counts as not set. Values
in files are taken literally; `${OTHER}` is not replaced.

A bad value ends the program with status 2 and one line per problem, which names the variable, the
problem and the remedy. A `MOORAGE_…` variable that is no setting is warned about, with the nearest
name (`MOORAGE_TEST_…` and `MOORAGE_UI` are left alone). `moorage config` shows the values in effect
and where each is set; secrets are shown as stars, there and everywhere.

- A *duration* is seconds (`30`), has units (`250ms`, `30s`, `5m`, `1h30m`, `2d`) or is ISO 8601
  (`PT30S`).
- A *list* is separated by commas or spaces, or is a JSON array.
- *yes or no* is `true` or `false`.

A program of your own adds settings in a subclass; `config/settings.py` is one.
"""

_KINDS: tuple[tuple[Any, str], ...] = (
    (SecretStr, "secret"),
    (bool, "yes or no"),
    (timedelta, "duration"),
    (int, "whole number"),
    (float, "number"),
    (dict, "table"),
    (tuple, "list"),
    (list, "list"),
    (Path, "path"),
    (HttpUrl, "URL"),
)


def values(settings: Settings, variables: Variables) -> str:
    """List every variable with the value in effect and where it is set; secrets are stars."""
    model = type(settings)
    rows = []
    for name, field in model.model_fields.items():
        named = variable(model, name)
        rows.append(
            (named, _shown(field, getattr(settings, name)), variables.origins.get(named, "default"))
        )
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}\n" for row in rows)


def example(model: type[Settings]) -> str:
    """Write the model's ``.env.example``: every variable, commented out."""
    return _EXAMPLE_HEAD + "".join(
        f"\n{_comment(field)}# {variable(model, name)}={_suggestion(field)}\n"
        for name, field in model.model_fields.items()
    )


def reference(model: type[Settings]) -> str:
    """Write the model's page of the reference, in Markdown."""
    entries = (
        f"\n## {variable(model, name)}\n\n{field.description or ''}\n\n{_facts(field)}\n"
        for name, field in model.model_fields.items()
    )
    return _REFERENCE_HEAD + "".join(entries)


def _shown(field: FieldInfo, value: Any) -> str:
    written = text.write(value)
    # repr=False marks what may contain a secret without being one.
    if written and not field.repr:
        return STARS
    return re.sub(r"://[^/@\s]*@", f"://{STARS}@", written)


def _comment(field: FieldInfo) -> str:
    sentence = (field.description or "").replace("`", "")
    return "".join(f"# {line}\n" for line in textwrap.wrap(sentence, 97))


def _suggestion(field: FieldInfo) -> str:
    return _default(field) or _first_example(field)


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    # A path made of where the code lies is nobody else's default.
    if field.is_required() or (isinstance(default, Path) and default.is_absolute()):
        return ""
    return text.write(default)


def _first_example(field: FieldInfo) -> str:
    return str(field.examples[0]) if field.examples else ""


def _facts(field: FieldInfo) -> str:
    default = _default(field)
    facts = [_kind(field.annotation), f"default `{default}`" if default else "unset by default"]
    suggestion = _first_example(field)
    if suggestion and suggestion != default:
        facts.append(f"for example `{suggestion}`")
    return f"*{facts[0]}* · {' · '.join(facts[1:])}"


def _kind(annotation: Any) -> str:
    parts = {annotation, *get_args(annotation)}
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(map(str, get_args(annotation)))
    for part in parts:
        for kind, word in _KINDS:
            if part is kind or get_origin(part) is kind:
                return word
    return "text"
