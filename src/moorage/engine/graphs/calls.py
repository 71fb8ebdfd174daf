"""Graphs as runnables that are called: no thread, nothing kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, ensure_config

from moorage.engine.graphs.kinds import AnyGraph

Build = Callable[[RunnableConfig], AbstractAsyncContextManager[AnyGraph]]


class MadeForEachCall(Runnable[Any, Any]):
    """A graph that a factory makes for each call, with the call's config.

    Its schemas say nothing, as no graph is there before the call.

    Args:
        name: What it is called.
        build: Gives the graph for the time of a call.
    """

    def __init__(self, name: str, build: Build) -> None:
        self.name = name
        self._build = build

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's
        """Call the graph, outside of any event loop."""
        return asyncio.run(self.ainvoke(input, config, **kwargs))

    async def ainvoke(
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call the graph."""
        async with self._build(ensure_config(config)) as graph:
            return await graph.ainvoke(input, config, **kwargs)

    async def astream(
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Call the graph, and yield what it streams."""
        async with self._build(ensure_config(config)) as graph:
            async for chunk in graph.astream(input, config, **kwargs):
                yield chunk
