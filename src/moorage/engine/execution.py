"""One claimed run, from its input to what it leaves on its thread."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any, NamedTuple, cast

from langchain_core.runnables import RunnableConfig
from langgraph.channels import UntrackedValue
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.store.base import BaseStore
from langgraph.types import Command, Interrupt, Send, StateSnapshot

from moorage.clock import SystemClock
from moorage.domain.runs import CancelAction, Claim, Fenced, Outcome, RunStatus
from moorage.engine import outcomes
from moorage.engine.content_blocks import Item, block_items
from moorage.engine.graphs import Graphs
from moorage.engine.graphs.contexts import declared
from moorage.engine.graphs.kinds import AnyGraph
from moorage.engine.run_config import PLACES, as_called
from moorage.engine.run_events import CHECKPOINTS, EVENTS, VALUES, EventWriter, RunEvent
from moorage.engine.watching import UNWATCHED, Watch

Publish = Callable[[Sequence[RunEvent]], object]

_AT_ONCE = ("interrupt_before", "interrupt_after", "durability")


class Means(NamedTuple):
    """What runs are executed with.

    Attributes:
        graphs: The graphs that may be run.
        store: The long-term memory that nodes find; None where there is none.
        dump: Renders what is streamed.
        timeout: How long a run may take; None is without limit.
        watch: Is told when runs begin and end.
        steps: How many steps a run may take, where neither its client nor its graph says.
    """

    graphs: Graphs
    store: BaseStore | None
    dump: Callable[[Any], bytes]
    timeout: timedelta | None = None
    watch: Watch = UNWATCHED
    steps: int = 25


class Execution:
    """Executes one claim, in the task that calls ``run``.

    ``cancel`` and ``drain`` may be called meanwhile, from the same event loop.

    Args:
        claim: The run. Its ``kwargs`` are what ``engine.runs`` put there.
        means: What it is executed with.
        saver: Keeps its checkpoints.
        publish: Makes its events known.
        written: Returns when all checkpoints are kept, where that takes longer than putting them.
    """

    def __init__(
        self,
        claim: Claim,
        means: Means,
        saver: BaseCheckpointSaver[Any],
        publish: Publish,
        written: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._claim = claim
        self._means = means
        self._saver = saver
        self._publish = publish
        self._written = written
        self._asked: Mapping[str, Any] = claim.run.kwargs
        self._writer = EventWriter(self._asked.get("stream_mode") or [VALUES], means.dump)
        self._control = RunControl()
        self._output: Any = None
        self._checkpoint: Mapping[str, Any] | None = None
        self._action: CancelAction | None = None
        self._task: asyncio.Task[Any] | None = None

    async def run(self) -> Outcome | None:
        """Execute the run.

        Returns:
            How it has ended; None if another worker goes on with it: it was drained and has stopped
            at a step's end, or it was lost.
        """
        watch, run = self._means.watch, self._claim.run
        if run.attempt == 1:
            watch.run_began((SystemClock().now() - run.created_at).total_seconds())
        began = perf_counter()
        outcome = await self._run()
        if outcome is not None:
            watch.run_ended(outcome, perf_counter() - began)
        return outcome

    async def _run(self) -> Outcome | None:
        config = cast(RunnableConfig, as_called(self._asked["config"], self._claim.attempt))
        self._publish([self._writer.metadata(self._claim.run_id, self._claim.attempt)])
        try:
            async with self._means.graphs.build(
                config["configurable"]["graph_id"],
                config,
                checkpointer=self._saver,
                store=self._means.store,
                context=self._asked.get("context"),
            ) as graph:
                return await self._execute(graph, config)
        except Exception as error:  # noqa: BLE001 - a graph that cannot be built fails its run
            return self._fail(error, outcomes.NOTHING, RunStatus.ERROR)

    def cancel(self, action: CancelAction) -> None:
        """Stop the run at once; what it leaves is as ``action`` says."""
        if self._action is None:
            self._action = action
            if self._task is not None:
                self._task.cancel()

    def drain(self) -> None:
        """Stop the run at the end of the step that it is in."""
        self._control.request_drain()

    async def _execute(self, graph: AnyGraph, config: RunnableConfig) -> Outcome | None:
        working = self._task = asyncio.create_task(self._work(graph, config))
        if self._action is not None:
            working.cancel()
        try:
            async with asyncio.timeout(_seconds(self._means.timeout)):
                await working
        except TimeoutError as error:
            # The graph's own, or ours: ours has cancelled the task.
            status = RunStatus.TIMEOUT if working.cancelled() else RunStatus.ERROR
            return self._fail(error, await self._left(graph), status)
        except asyncio.CancelledError:
            if self._action is None:
                raise  # not the run is to end, but its worker
            return await self._cancelled(graph, self._action)
        except (GraphDrained, Fenced):
            return None
        except Exception as error:  # noqa: BLE001 - whatever a node raises ends its run
            return self._fail(error, await self._left(graph), RunStatus.ERROR)
        left = await self._ended(graph)
        output = _with_questions(self._output, left.interrupts)
        return replace(outcomes.succeeded(left), output=output)

    async def _work(self, graph: AnyGraph, config: RunnableConfig) -> None:
        if await self._was_begun():
            source, config = None, _at_the_end(config)
        else:
            source = await self._source(graph, config)
        try:
            async for namespace, mode, payload in self._items(graph, source, config):
                if not namespace:
                    self._notice(mode, payload)
                if mode in self._writer.graph_modes:
                    self._publish(list(self._writer.write(namespace, mode, payload)))
        finally:
            if self._written:
                await self._written()

    def _notice(self, mode: str, payload: Any) -> None:
        if mode == VALUES:
            self._output = payload
        elif mode == CHECKPOINTS:
            self._checkpoint = payload

    async def _was_begun(self) -> bool:
        """Whether an earlier attempt has left a checkpoint to go on from."""
        if not self._claim.is_recovered:
            return False
        latest = await self._saver.aget_tuple(self._place)
        return latest is not None and latest.metadata.get("run_id") == self._claim.run_id

    async def _source(self, graph: AnyGraph, config: RunnableConfig) -> Any:
        """Return what the graph begins with; None goes on from the checkpoint."""
        command: Mapping[str, Any] | None = self._asked.get("command")
        if command is None:
            return self._asked.get("input")
        if "resume" in command and command["resume"] is None:
            pending = (await graph.aget_state(config)).interrupts
            command = {**command, "resume": _null_for(pending)}
        return command_of(command)

    async def _items(
        self, graph: AnyGraph, source: Any, config: RunnableConfig
    ) -> AsyncIterator[Item]:
        with_subgraphs = bool(self._asked.get("subgraphs"))
        config = {**_limited(graph, self._means.steps), **config}
        options: dict[str, Any] = {
            **{name: self._asked[name] for name in _AT_ONCE if self._asked.get(name)},
            "context": declared(graph.context_schema, self._asked.get("context") or {}) or None,
            "control": self._control,
        }
        if self._asked.get("content_blocks"):
            async for item in block_items(graph, source, config, **options):
                yield item
            return
        options["stream_mode"] = sorted(self._modes())
        options["subgraphs"] = with_subgraphs
        if EVENTS in self._writer.modes:
            async for event in graph.astream_events(source, config, version="v2", **options):
                self._publish([self._writer.raw(event)])
                for item in self._items_in(event, with_subgraphs=with_subgraphs):
                    yield item
        else:
            async for item in graph.astream(source, config, **options):
                yield _item(item, with_subgraphs=with_subgraphs)

    def _modes(self) -> set[str]:
        """Return what the graph streams: what was asked for, and what says how it has ended.

        Who asked for all events sees those of the stream among them, so there nothing is added.
        """
        own = {VALUES} if EVENTS in self._writer.modes else {VALUES, CHECKPOINTS}
        return own | set(self._writer.graph_modes)

    def _items_in(self, event: Mapping[str, Any], *, with_subgraphs: bool) -> Iterator[Item]:
        """Yield what the graph itself streamed, of all that happened inside."""
        if event["event"] == "on_chain_stream" and not event["parent_ids"]:
            yield _item(event["data"]["chunk"], with_subgraphs=with_subgraphs)

    async def _cancelled(self, graph: AnyGraph, action: CancelAction) -> Outcome:
        if action is CancelAction.INTERRUPT:
            return outcomes.cancelled(action, await self._left(graph))
        before = await self._before()
        snapshot = outcomes.NOTHING if before is None else await graph.aget_state(before)
        return outcomes.cancelled(action, snapshot)

    async def _before(self) -> RunnableConfig | None:
        """Return the config of the latest checkpoint that is not this run's; None without one."""
        async for checkpoint in self._saver.alist(self._place):
            if checkpoint.metadata.get("run_id") != self._claim.run_id:
                return checkpoint.config
        return None

    async def _ended(self, graph: AnyGraph) -> StateSnapshot:
        """Return the state of a graph that has ended, or waits; read it only if it must be."""
        last = self._checkpoint
        if last is None or last["next"] or _has_untracked(graph):
            return await self._left(graph)
        return outcomes.NOTHING._replace(values=last["values"])

    async def _left(self, graph: AnyGraph) -> StateSnapshot:
        return await graph.aget_state(self._place)

    def _fail(self, error: Exception, snapshot: StateSnapshot, status: RunStatus) -> Outcome:
        told = outcomes.described(error)
        self._publish([self._writer.error(told)])
        return outcomes.failed(told, snapshot, status)

    @property
    def _place(self) -> RunnableConfig:
        return {"configurable": {"thread_id": self._claim.run.thread_id, "checkpoint_ns": ""}}


def command_of(asked: Mapping[str, Any]) -> "Command[Any] | None":
    """Return the command that a client wrote as JSON (protocol, section 6.4), None if it is empty.

    ``goto`` is a node's name, ``{"node", "input"}``, or a list of these; ``update`` an object or a
    list of pairs.
    """
    goto = asked.get("goto") or ()
    update = asked.get("update")
    resume = asked.get("resume")
    if resume is None and not goto and not update:
        return None
    return Command(
        resume=resume,
        update=[tuple(pair) for pair in update] if isinstance(update, list) else update,
        goto=[_target(one) for one in (goto if isinstance(goto, list) else [goto])] if goto else (),
    )


def _null_for(pending: Sequence[Interrupt]) -> Mapping[str, None] | None:
    """Return null as the answer to the one pending question, as LangGraph takes it: by its id."""
    if len(pending) > 1:
        raise RuntimeError(
            "Several interrupts are pending: you must specify the interrupt id of the one that "
            "null answers."
        )
    return {one.id: None for one in pending} or None


def _limited(graph: AnyGraph, steps: int) -> RunnableConfig:
    """Return how many steps the graph may take: what it was compiled with, or ``steps``."""
    return {"recursion_limit": (graph.config or {}).get("recursion_limit", steps)}


def _at_the_end(config: RunnableConfig) -> RunnableConfig:
    """Return a config without the checkpoint from which the run was first begun."""
    configurable = config["configurable"]
    others = {name: configurable[name] for name in configurable if name not in PLACES}
    return {**config, "configurable": others}


def _with_questions(output: Any, pending: Sequence[Interrupt]) -> Any:
    """Add what a run asks for to its output; of several questions LangGraph gives one by one."""
    return (
        {**output, "__interrupt__": pending} if pending and isinstance(output, Mapping) else output
    )


def _target(target: Any) -> str | Send:
    if isinstance(target, Mapping):
        return Send(target["node"], target.get("input"))
    return str(target)


def _item(item: Any, *, with_subgraphs: bool) -> Item:
    if with_subgraphs:
        namespace, mode, payload = item
        return namespace, mode, payload
    mode, payload = item
    return (), mode, payload


def _has_untracked(graph: AnyGraph) -> bool:
    """Say whether a part of the state is streamed that no checkpoint holds."""
    return any(isinstance(channel, UntrackedValue) for channel in graph.channels.values())


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length else None
