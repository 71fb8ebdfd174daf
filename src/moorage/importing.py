"""Finds what a deployment names in its configuration."""

from importlib import import_module
from typing import Any

from moorage.errors import Misconfigured


def load(reference: str) -> Any:
    """Return what ``module:name`` names.

    Raises:
        Misconfigured: There is no such module, or it has no such name. An error inside the module
            passes through.
    """
    path, _, name = reference.partition(":")
    try:
        return getattr(import_module(path), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise
        raise Misconfigured(f"{reference}: there is no module {error.name}") from error
    except AttributeError as error:
        if error.name != name:
            raise
        raise Misconfigured(f"{reference}: {path} has no {name}") from error
