"""What a graph streams with its messages as content blocks: LangGraph's newest stream.

LangGraph turns what models say into ``message-start``, ``content-block-*`` and ``message-finish``,
tells when subgraphs begin and end, and applies the transformers that a graph was compiled with,
such as those that keep personal data out of its stream.
"""

import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.stream import AsyncGraphRunStream, ProtocolEvent, StreamChannel, StreamTransformer
from langgraph.types import Interrupt

from moorage.engine.graphs.kinds import AnyGraph
from moorage.engine.run_events import CUSTOM, LIFECYCLE, MESSAGES, TASKS, VALUES

Item = tuple[tuple[str, ...], str, Any]
"""A namespace, a mode, and what is streamed."""

_NAMED = "custom:"
_OWN = "moorage_tasks"
_TOLD = ("run_id", "langgraph_node", "langgraph_step", "ls_provider", "ls_model_name")
"""What is kept of a model's metadata. They come with every word, and nobody reads the rest."""


async def block_items(
    graph: AnyGraph, source: Any, config: RunnableConfig, **options: Any
) -> AsyncIterator[Item]:
    """Yield all that a graph streams, that of its subgraphs included.

    A mode is LangGraph's, or ``lifecycle``. Messages come as pairs of an event, or a message that
    did not stream, and what is known of its model.

    Args:
        graph: The graph.
        source: What it begins with.
        config: How it is called.
        **options: Further arguments of ``astream``, but for the modes.
    """
    async with await _begun(graph, source, config, options) as events:
        async for event in events:
            yield _item(event)


class _Everything(StreamTransformer):
    """Asks for every mode, and shows the tasks, which LangGraph would keep for itself."""

    required_stream_modes = (
        "values",
        "updates",
        "messages",
        "custom",
        "tasks",
        "checkpoints",
        "tools",
    )
    before_builtins = True

    def __init__(self, scope: tuple[str, ...] = ()) -> None:
        super().__init__(scope)
        self._tasks: StreamChannel[Item] = StreamChannel(_OWN)

    def init(self) -> dict[str, Any]:
        """Return what is shown besides."""
        return {_OWN: self._tasks}

    def process(self, event: ProtocolEvent) -> bool:
        """Show a task; keep everything."""
        if event["method"] == TASKS:
            params = event["params"]
            self._tasks.push((tuple(params["namespace"]), TASKS, params["data"]))
        return True


async def _begun(
    graph: AnyGraph, source: Any, config: RunnableConfig, options: Mapping[str, Any]
) -> AsyncGraphRunStream:
    with warnings.catch_warnings():
        # LangGraph says, once, that this may change. Nothing else runs before it has.
        warnings.filterwarnings("ignore", "The v3 streaming protocol")
        return await graph.astream_events(
            source, config, version="v3", transformers=[_Everything], **options
        )


def _item(event: ProtocolEvent) -> Item:
    method, params = event["method"], event["params"]
    namespace, data = tuple(params["namespace"]), params["data"]
    if method == _NAMED + _OWN:
        item: Item = data
        return item
    if method == LIFECYCLE:
        return tuple(data["namespace"]), method, data
    if method == MESSAGES:
        said, metadata = data
        return namespace, method, (said, {key: metadata[key] for key in _TOLD if key in metadata})
    if method == VALUES:
        return namespace, method, _with_questions(data, params.get("interrupts", ()))
    if method.startswith(_NAMED):
        return namespace, CUSTOM, {"name": method.removeprefix(_NAMED), "payload": data}
    return namespace, method, data


def _with_questions(values: Any, interrupts: Sequence[Interrupt]) -> Any:
    """Return values as ``astream`` has them: with what the graph asks."""
    if interrupts and isinstance(values, Mapping):
        return {**values, "__interrupt__": interrupts}
    return values
