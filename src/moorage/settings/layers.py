"""The layers of configuration: which variables are set, to what, and by which file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dotenv.parser import parse_stream

from moorage.errors import Misconfigured

PREFIX = "MOORAGE_"
"""What the name of every variable of moorage begins with."""

ENVIRONMENT = f"{PREFIX}ENVIRONMENT"
"""The variable that chooses the stage files."""

PROCESS = "environment"
"""The origin of a variable that the process was started with."""


@dataclass(frozen=True)
class Variables:
    """Variables that are set, under upper-case names, and where each came from.

    A variable that is set to nothing counts as not set, so that ``X=${X:-}`` in a compose file does
    not override a stage file.
    """

    values: Mapping[str, str]
    origins: Mapping[str, str]

    @classmethod
    def of(cls, values: Mapping[str, str], origin: str = PROCESS) -> Self:
        """Wrap variables of one origin."""
        named = {name.upper(): value for name, value in values.items() if value}
        return cls(named, dict.fromkeys(named, origin))

    def under(self, upper: Self) -> Self:
        """Return both layers together; where both set a variable, ``upper`` wins."""
        return type(self)({**self.values, **upper.values}, {**self.origins, **upper.origins})


def process_environment() -> Variables:
    """Return the variables that this process was started with."""
    return Variables.of(os.environ)


def gather(
    process: Variables, *, root: Path, stage_dir: Path, environment: str | None = None
) -> Variables:
    """Lay the stage file, ``.env`` and ``.env.<environment>`` under the process's variables.

    Args:
        process: What the process was started with; wins over every file.
        root: The folder of the ``.env`` files and of a relative ``stage_dir``.
        stage_dir: The folder of the stage files ``<environment>.env``.
        environment: The stage; by default what ``MOORAGE_ENVIRONMENT`` says in the process or in
            ``.env``, else development.

    Raises:
        Misconfigured: A file is there and cannot be read. Files that are absent are no error.
    """
    local = read_file(root / ".env", ".env")
    stage = environment or local.under(process).values.get(ENVIRONMENT, "development")
    stage_file = stage_dir / f"{stage}.env"
    lowest = read_file(root / stage_file, str(stage_file))
    nearest = read_file(root / f".env.{stage}", f".env.{stage}")
    return lowest.under(local).under(nearest).under(process)


def read_file(path: Path, origin: str) -> Variables:
    """Return the variables of a file of ``NAME=value`` lines; none when there is no such file.

    Values are taken literally: ``${OTHER}`` is not replaced.

    Raises:
        Misconfigured: The file cannot be read, or a line is no assignment. The message gives the
            line's number and not the line, which may hold a secret.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return Variables({}, {})
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Misconfigured(f"{origin}: cannot be read ({problem}); mend or remove it") from error
    for binding in bindings:
        if binding.error:
            raise Misconfigured(
                f"{origin}: line {binding.original.line} is not of the form NAME=value; mend it"
            )
    return Variables.of({b.key: b.value for b in bindings if b.key and b.value}, origin)
