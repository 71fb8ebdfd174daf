"""What a graph looks like from outside: its schemas, its drawing, its subgraphs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from langgraph.channels.base import BaseChannel
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel
from langgraph.pregel.protocol import PregelProtocol
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from moorage.engine.graphs.kinds import AnyGraph
from moorage.engine.graphs.typed_dicts import supported

_log = logging.getLogger(__name__)

JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Schemas:
    """JSON Schemas of a graph; None for what has none.

    Attributes:
        input_schema: What a run takes.
        output_schema: What it gives.
        state_schema: What a thread holds in between.
        config_schema: What ``configurable`` may hold; the same as the context's.
        context_schema: What ``context`` may hold.
    """

    input_schema: JsonSchema | None
    output_schema: JsonSchema | None
    state_schema: JsonSchema | None
    config_schema: JsonSchema | None
    context_schema: JsonSchema | None


def schemas(graph: PregelProtocol[Any, Any, Any, Any], name: str) -> Schemas:
    """Return the schemas of a graph. Takes a while, and does not fail: ``name`` is for the log."""
    context = None
    if isinstance(graph, Pregel):
        hint = graph.context_schema
        context = _softly(name, "context", lambda: _of(hint, graph.get_context_jsonschema))
    taken, given = _hint(graph, "input"), _hint(graph, "output")
    return Schemas(
        input_schema=_softly(name, "input", lambda: _of(taken, graph.get_input_jsonschema)),
        output_schema=_softly(name, "output", lambda: _of(given, graph.get_output_jsonschema)),
        state_schema=_softly(name, "state", lambda: _state(graph)),
        config_schema=context,
        context_schema=context,
    )


def drawing(graph: AnyGraph, *, xray: bool | int = False) -> dict[str, list[dict[str, Any]]]:
    """Return a graph's nodes and edges; those of its subgraphs too, down to a depth of ``xray``."""
    return graph.get_graph(xray=xray).to_json()


def subgraphs(
    graph: AnyGraph, *, namespace: str | None = None, recurse: bool = False
) -> dict[str, Schemas]:
    """Return the schemas of the subgraphs of a graph, under their names.

    Args:
        graph: The graph.
        namespace: Only the one of this name; ``parent|child`` for one further down.
        recurse: Also those of its subgraphs, as ``parent|child``.
    """
    deep = recurse or "|" in (namespace or "")
    found = graph.get_subgraphs(namespace=namespace, recurse=deep)
    return {name: schemas(subgraph, name) for name, subgraph in found}


def _softly(name: str, part: str, schema: Callable[[], JsonSchema | None]) -> JsonSchema | None:
    try:
        return schema()
    except Exception as error:  # noqa: BLE001 - the types are the user's, and any may have none
        _log.info("the %s of %s has no JSON Schema: %s", part, name, error)
        return None


def _hint(graph: PregelProtocol[Any, Any, Any, Any], side: Literal["input", "output"]) -> Any:
    """Return the type of what a graph takes or gives; None where it is not one type."""
    if isinstance(graph, CompiledStateGraph):
        return getattr(graph.builder, f"{side}_schema")
    if not isinstance(graph, Pregel):
        return None
    names = graph.input_channels if side == "input" else graph.output_channels
    return _type(graph, names) if isinstance(names, str) else None


def _of(hint: Any, schema: Callable[[], JsonSchema | None]) -> JsonSchema | None:
    """Return the schema of a type that pydantic does not accept as it is, or LangGraph's."""
    accepted = supported(hint)
    return schema() if accepted is hint else TypeAdapter(accepted).json_schema()


def _state(graph: PregelProtocol[Any, Any, Any, Any]) -> JsonSchema | None:
    if not isinstance(graph, Pregel):
        return None
    names = graph.stream_channels_asis
    if isinstance(names, str):
        return TypeAdapter(supported(_type(graph, names))).json_schema()
    types = {name: supported(_type(graph, name)) for name in names}
    # Not a model: a state may have names that are none of a field.
    return TypeAdapter(TypedDict(graph.get_name("State"), types, total=False)).json_schema()  # type: ignore[operator]


def _type(graph: AnyGraph, name: str) -> Any:
    channel = graph.channels[name]
    return channel.ValueType if isinstance(channel, BaseChannel) else Any
