"""Finds the model that tells what texts mean, which a project names in ``store.index.embed``."""

from typing import Any

from langchain_core.embeddings import Embeddings
from langgraph.store.base import ensure_embeddings

from moorage import importing
from moorage.errors import Misconfigured
from moorage.importing import ObjectReference

_KEY = "store.index.embed"


def load_embeddings(embed: ObjectReference | str) -> Embeddings:
    """Return a model by its name, or a project's own function as one.

    Args:
        embed: ``provider:model``, for which LangChain and the provider's package must be there; or
            where a function is that turns a list of texts into a list of vectors, synchronously or
            not. It may be LangChain's ``Embeddings`` as well.

    Raises:
        Misconfigured: It cannot be had; the message says what is missing.
    """
    if isinstance(embed, str):
        return _named(embed)
    found = _imported(embed)
    if not (callable(found) or isinstance(found, Embeddings)):
        raise Misconfigured(
            f"{_KEY}: {embed.text} is of type {type(found).__name__}; make it a function that takes"
            " a list of texts and returns a list of vectors"
        )
    return ensure_embeddings(found)


def _named(name: str) -> Embeddings:
    try:
        from langchain.embeddings import init_embeddings  # noqa: PLC0415 - it need not be there
    except ImportError as error:
        raise Misconfigured(
            f"{_KEY}: {name} needs LangChain and the package of its provider:"
            " pip install langchain langchain-openai, for example"
        ) from error
    try:
        made: Embeddings = init_embeddings(name)
    except Exception as error:  # whatever providers raise: packages and keys that are not there
        raise Misconfigured(f"{_KEY}: {name} cannot be used: {error}") from error
    return made


def _imported(reference: ObjectReference) -> Any:
    try:
        return importing.resolve(reference)
    except Misconfigured as error:
        raise Misconfigured(f"{_KEY}: {error}") from error
    except (Exception, SystemExit) as error:
        raise Misconfigured(
            f"{_KEY}: {reference.text} cannot be imported\n{importing.user_traceback(error)}"
        ) from error
