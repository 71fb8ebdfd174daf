"""What may stand where a graph stands, and how each becomes a graph."""

import logging
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.func import entrypoint
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

_KINDS = "a compiled graph, a StateGraph, a function with @entrypoint or another runnable"

AnyGraph = Pregel[Any, Any, Any, Any]
"""A graph that can run, whatever its state, context, input and output are."""

_log = logging.getLogger(__name__)


def is_graph(found: object) -> bool:
    """Tell whether an object can be served without being called first."""
    return isinstance(found, Pregel | StateGraph | Runnable)


def as_graph(found: object, graph_id: str) -> AnyGraph:
    """Make a graph of what a project names, or of what its factory returned.

    Raises:
        TypeError: It is nothing that can be served.
        ValueError: It is a StateGraph that cannot be compiled.
    """
    if isinstance(found, Pregel):
        return found
    if isinstance(found, StateGraph):
        return found.compile()
    if isinstance(found, Runnable):
        return _one_node(found, graph_id)
    raise TypeError(f"this is {_named(type(found))}, and should be {_KINDS}")


def _named(kind: type) -> str:
    return f"{'an' if kind.__name__[0].lower() in 'aeiou' else 'a'} {kind.__name__}"


def _one_node(runnable: Runnable[Any, Any], name: str) -> AnyGraph:
    """Return a graph whose only node calls a runnable, and whose schemas are the runnable's.

    Its last output is its state. What the runnable lets the caller configure is its context.
    """

    async def node(value: Any, config: RunnableConfig) -> Any:
        return entrypoint.final(value=await runnable.ainvoke(value, config), save=None)

    node.__name__ = name
    node.__annotations__ = {
        "value": _schema(runnable, "input"),
        "config": RunnableConfig,
        "return": _schema(runnable, "output"),
    }
    graph: AnyGraph = entrypoint(context_schema=_configurable(runnable))(node)
    return graph


def _schema(runnable: Runnable[Any, Any], end: str) -> Any:
    try:
        return runnable.get_input_schema() if end == "input" else runnable.get_output_schema()
    except Exception:  # noqa: BLE001 - the schemas are the user's code, and it runs without them
        _log.info("%s has no %s schema", runnable.get_name(), end, exc_info=True)
        return Any


def _configurable(runnable: Runnable[Any, Any]) -> Any:
    try:
        return runnable.config_schema().model_fields["configurable"].annotation
    except KeyError:
        return None
    except Exception:  # noqa: BLE001 - as above
        _log.info("%s has no schema of its configuration", runnable.get_name(), exc_info=True)
        return None
