"""Imports the graphs of a project, and says in the user's terms why one cannot be imported."""

import traceback
from dataclasses import dataclass

from moorage import importing
from moorage.domain.graphs import GraphReference
from moorage.engine.graphs.factories import Factory
from moorage.engine.graphs.kinds import AnyGraph, as_graph, is_graph
from moorage.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class GraphSource:
    """A graph that was imported.

    Attributes:
        id: What clients call it.
        description: What it does, in the words of its author.
        target: The object that the project names, as it is.
        made: The graph, or what makes one for each use.
    """

    id: str
    description: str | None
    target: object
    made: AnyGraph | Factory


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A graph that could not be imported.

    Attributes:
        id: What clients would call it.
        reason: What is wrong, in one line.
        traceback: Where, in the user's files; empty where it is not an error of theirs.
    """

    id: str
    reason: str
    traceback: str = ""


def load(reference: GraphReference) -> GraphSource | LoadFailure:
    """Import a graph; the user's module runs in the calling thread."""
    try:
        target = importing.resolve(reference.target)
        return GraphSource(reference.id, reference.description, target, _made(target, reference.id))
    except (Misconfigured, _Unfit) as error:
        return LoadFailure(reference.id, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's module raises
        return LoadFailure(reference.id, _reason(error), importing.user_traceback(error))


class _Unfit(Exception):  # noqa: N818 - what it says is the whole message
    """What is named is there, and cannot be served."""


def _made(target: object, graph_id: str) -> AnyGraph | Factory:
    try:
        if is_graph(target):
            return as_graph(target, graph_id)
        if callable(target):
            return Factory.of(target)
        return as_graph(target, graph_id)
    except TypeError as error:
        raise _Unfit(str(error)) from error


def _reason(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()
