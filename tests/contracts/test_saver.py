"""The promise of the saver: LangGraph's own, for one worker at a time."""

import asyncio
import operator
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, empty_checkpoint
from langgraph.checkpoint.base import id as checkpoint_ids
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Durability, StateSnapshot, interrupt

from moorage.domain.runs import Claim, Fenced, Outcome, RunRequest, RunStatus
from moorage.domain.threads import ThreadState, ThreadStatus
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

Saver = BaseCheckpointSaver[str]
Graph = CompiledStateGraph[Any, Any, Any, Any]
LEASE = timedelta(seconds=31)
ROLLED_BACK = Outcome(RunStatus.INTERRUPTED, ThreadState(ThreadStatus.IDLE), is_rolled_back=True)
DONE = Outcome(RunStatus.SUCCESS, ThreadState(ThreadStatus.IDLE))


class Question(TypedDict):
    answer: str


class State(Question):
    log: Annotated[list[str], operator.add]


def says(word: str) -> Any:
    return lambda state: {"log": [word]}


def asks(state: Question) -> dict[str, Any]:
    return {"answer": interrupt("may I?")}


def repeats(state: State) -> dict[str, Any]:
    return {"log": [state["answer"]]}


def line(*words: str) -> Any:
    """A graph whose nodes say their names one after the other."""
    graph = StateGraph(State)
    for before, word in zip((START, *words), words, strict=False):
        graph.add_node(word, says(word))
        graph.add_edge(before, word)
    graph.add_edge(words[-1], END)
    return graph


def asking(saver: Saver | None) -> Graph:
    """A graph that says first, asks within a subgraph, and says the answer."""
    inner = StateGraph(Question).add_node("ask", asks)
    inner.add_edge(START, "ask").add_edge("ask", END)
    outer = StateGraph(State).add_node("first", says("first")).add_node("last", repeats)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "first").add_edge("first", "inner").add_edge("inner", "last")
    return outer.compile(checkpointer=saver)


def on(thread_id: str, **metadata: Any) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}, "metadata": metadata}


async def history(graph: Graph, thread_id: str) -> list[Any]:
    return [snapshot async for snapshot in graph.aget_state_history(on(thread_id))]


async def assert_one_line(graph: Graph, thread_id: str) -> None:
    """Every checkpoint follows the one made before it."""
    snapshots = await history(graph, thread_id)
    ids = [one.config["configurable"]["checkpoint_id"] for one in snapshots]
    parents = [
        one.parent_config["configurable"]["checkpoint_id"] if one.parent_config else None
        for one in snapshots
    ]
    assert parents == [*ids[1:], None]


async def started(storage: Storage, thread_id: str) -> Claim:
    request = RunRequest(str(uuid4()), thread_id, str(uuid4()), creates_thread=True)
    accepted = await storage.queue.accept(request, owner="worker")
    assert accepted.claim is not None
    return accepted.claim


async def put(saver: Saver, thread_id: str) -> RunnableConfig:
    config: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    return await saver.aput(config, empty_checkpoint(), {}, {})


@pytest.fixture
def thread_id() -> str:
    return str(uuid4())


@pytest.mark.parametrize("kind", ["file", "memory"])
async def test_it_conforms(kind: str, tmp_path: Path):
    async def saver() -> AsyncIterator[Saver]:
        path = tmp_path / f"{uuid4()}.db"
        url = f"sqlite:///{path}" if kind == "file" else "memory:"
        async with open_storage(url, terms=Terms()) as storage:
            yield storage.saver()

    report = await validate(checkpointer_test(name=f"moorage, {kind}")(saver))
    results = report.results
    assert {name: result.failures for name, result in results.items() if result.failures} == {}
    assert [name for name, result in results.items() if not result.passed] == []
    assert len(results) == 8


class TestGraphs:
    """Graphs do with it what they do with LangGraph's saver in memory."""

    async def story(self, saver: Saver, durability: Durability) -> list[Any]:
        """What one sees of a thread in the course of its life."""
        graph, config = asking(saver), on("one")
        told: list[Any] = []

        async def look() -> None:
            state = await graph.aget_state(config, subgraphs=True)
            told.append(self.seen(state))
            told.append([self.seen(one) for one in await history(graph, "one")])

        async def run(asked: Any, config: RunnableConfig) -> None:
            result = await graph.ainvoke(asked, config, durability=durability)
            told.append({name: result[name] for name in result if name != "__interrupt__"})
            await look()

        await run({"log": []}, config)
        await run(Command(resume="yes"), config)
        await graph.aupdate_state(config, {"log": ["edited"]}, as_node="first")
        await look()
        snapshots = await history(graph, "one")
        replayed = next(one for one in snapshots if one.next == ("first",))
        await run(None, replayed.config)
        return told

    def seen(self, state: Any) -> Any:
        return (
            state.values,
            state.next,
            {name: (state.metadata or {}).get(name) for name in ("source", "step")},
            [one.value for one in state.interrupts],
            [
                (
                    task.name,
                    self.seen(task.state) if isinstance(task.state, StateSnapshot) else None,
                )
                for task in state.tasks
            ],
        )

    @pytest.mark.parametrize("durability", ["sync", "async"])
    async def test_a_long_story(self, storage: Storage, durability: Durability):
        told = await self.story(storage.saver(), durability)
        assert told == await self.story(InMemorySaver(), durability)
        assert {"log": ["first", "yes"], "answer": "yes"} in told

    @pytest.mark.parametrize("durability", ["sync", "async", "exit"])
    async def test_what_stays_is_the_same_however_durable(
        self, storage: Storage, thread_id: str, durability: Durability
    ):
        graph = asking(storage.saver())
        await graph.ainvoke({"log": ["in"]}, on(thread_id), durability=durability)
        state = await graph.aget_state(on(thread_id))
        assert (state.next, [one.value for one in state.interrupts]) == (("inner",), ["may I?"])
        await graph.ainvoke(Command(resume="yes"), on(thread_id), durability=durability)
        state = await graph.aget_state(on(thread_id))
        assert (state.values["log"], state.next) == (["in", "first", "yes"], ())
        await assert_one_line(graph, thread_id)

    async def test_a_node_may_call_a_graph_synchronously(self, storage: Storage, thread_id: str):
        inner = line("inner").compile(checkpointer=True)
        outer = StateGraph(State)
        outer.add_node("calls", lambda state: {"log": inner.invoke({"log": []})["log"]})
        outer.add_edge(START, "calls")
        graph: Graph = outer.compile(checkpointer=storage.saver())
        assert await graph.ainvoke({"log": []}, on(thread_id)) == {"log": ["inner"]}
        assert await graph.ainvoke({"log": []}, on(thread_id)) == {"log": ["inner"] * 3}

    async def test_many_threads_at_once(self, storage: Storage):
        graph = line("a", "b", "c").compile(checkpointer=storage.saver())
        ids = [str(uuid4()) for _ in range(20)]
        await asyncio.gather(*(graph.ainvoke({"log": [one]}, on(one)) for one in ids))
        for one in ids:
            assert (await graph.aget_state(on(one))).values == {"log": [one, "a", "b", "c"]}
            await assert_one_line(graph, one)

    async def test_a_copy_goes_its_own_way(self, storage: Storage, thread_id: str):
        saver = storage.saver()
        graph, copy = asking(saver), str(uuid4())
        await graph.ainvoke({"log": []}, on(thread_id))
        await saver.acopy_thread(thread_id, copy)
        before = await history(graph, thread_id)
        await graph.ainvoke(Command(resume="copied"), on(copy))
        assert (await graph.aget_state(on(copy))).values["log"] == ["first", "copied"]
        assert await history(graph, thread_id) == before
        await graph.ainvoke(Command(resume="yes"), on(thread_id))
        assert (await graph.aget_state(on(thread_id))).values["log"] == ["first", "yes"]

    async def test_a_pruned_thread_goes_on(self, storage: Storage, thread_id: str):
        saver = storage.saver()
        graph, other = asking(saver), str(uuid4())
        for one in (thread_id, other):
            await graph.ainvoke({"log": []}, on(one))
        whole = await history(graph, other)
        await saver.aprune([thread_id])
        assert len(await history(graph, thread_id)) == 1
        assert await history(graph, other) == whole
        await graph.ainvoke(Command(resume="yes"), on(thread_id))
        assert (await graph.aget_state(on(thread_id))).values["log"] == ["first", "yes"]

        await saver.aprune([thread_id], strategy="delete")
        assert await history(graph, thread_id) == []
        assert await history(graph, other) == whole

    async def test_there_are_two_ways_to_prune(self, storage: Storage, thread_id: str):
        with pytest.raises(ValueError, match="keep_some"):
            await storage.saver().aprune([thread_id], strategy="keep_some")


class TestTheOfficialSaver:
    """It opens the same file, at the same time."""

    async def test_each_goes_on_where_the_other_stopped(self, tmp_path: Path, thread_id: str):
        path = tmp_path / "moorage.db"
        async with (
            open_storage(f"sqlite:///{path}", terms=Terms()) as storage,
            AsyncSqliteSaver.from_conn_string(str(path)) as official,
        ):
            ours, theirs = asking(storage.saver()), asking(official)
            await ours.ainvoke({"log": []}, on(thread_id, a={"b": 1}))
            for subgraphs in (True, False):
                assert await theirs.aget_state(
                    on(thread_id), subgraphs=subgraphs
                ) == await ours.aget_state(on(thread_id), subgraphs=subgraphs)
            await theirs.ainvoke(Command(resume="yes"), on(thread_id))
            await ours.ainvoke({"log": ["again"]}, on(thread_id))
            state = await theirs.aget_state(on(thread_id))
            assert state.values["log"] == ["first", "yes", "again", "first"]
            assert [one.value for one in state.interrupts] == ["may I?"]
            assert await history(ours, thread_id) == await history(theirs, thread_id)
            await assert_one_line(ours, thread_id)

    async def test_it_makes_a_file_that_becomes_ours(self, tmp_path: Path, thread_id: str):
        path = tmp_path / "theirs.db"
        async with AsyncSqliteSaver.from_conn_string(str(path)) as official:
            await asking(official).ainvoke({"log": []}, on(thread_id))
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            ours = asking(storage.saver())
            await ours.ainvoke(Command(resume="yes"), on(thread_id))
            assert (await ours.aget_state(on(thread_id))).values["log"] == ["first", "yes"]


class TestFencing:
    async def lost(self, storage: Storage, thread_id: str, clock: ManualClock) -> tuple[Claim, ...]:
        """A stale claim and the one that took its run over."""
        stale = await started(storage, thread_id)
        clock.advance(LEASE)
        await storage.queue.reap()
        [held] = await storage.queue.claim("another worker", 1)
        return stale, held

    async def test_a_stale_worker_writes_nothing(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        stale, held = await self.lost(storage, thread_id, clock)
        made = await put(storage.saver(held), thread_id)
        with pytest.raises(Fenced):
            await put(storage.saver(stale), thread_id)
        with pytest.raises(Fenced):
            await storage.saver(stale).aput_writes(made, [("channel", 1)], "task")

        [kept] = [one async for one in storage.saver().alist(on(thread_id))]
        assert kept.config == made
        assert kept.pending_writes == []
        await storage.saver(held).aput_writes(made, [("channel", 1)], "task")

    async def test_a_run_that_has_ended_writes_nothing(self, storage: Storage, thread_id: str):
        held = await started(storage, thread_id)
        await storage.queue.finish(held, DONE)
        with pytest.raises(Fenced):
            await put(storage.saver(held), thread_id)

    async def test_a_deleted_thread_stays_empty(self, storage: Storage, thread_id: str):
        held = await started(storage, thread_id)
        await storage.threads.delete(thread_id)
        with pytest.raises(Fenced):
            await put(storage.saver(held), thread_id)
        assert await storage.saver().aget_tuple(on(thread_id)) is None

    async def test_two_workers_of_one_run_leave_one_line(
        self, storage: Storage, thread_id: str, clock: ManualClock
    ):
        stale = await started(storage, thread_id)
        reached, goes_on = asyncio.Event(), asyncio.Event()

        async def waits(state: State) -> dict[str, Any]:
            reached.set()
            await goes_on.wait()
            return {"log": ["b"]}

        graph = line("a")
        graph.add_node("b", waits)
        graph.add_edge("a", "b")
        config = on(thread_id, run_id=stale.run_id)
        first = asyncio.create_task(
            graph.compile(checkpointer=storage.saver(stale)).ainvoke({"log": []}, config)
        )
        await asyncio.wait_for(reached.wait(), 10)
        clock.advance(LEASE)
        await storage.queue.reap()
        [held] = await storage.queue.claim("another worker", 1)
        reached.clear()
        second_graph: Graph = graph.compile(checkpointer=storage.saver(held))
        second = asyncio.create_task(second_graph.ainvoke(None, config))
        await asyncio.wait_for(reached.wait(), 10)
        goes_on.set()

        with pytest.raises(Fenced):
            await first
        assert await second == {"log": ["a", "b"]}
        await assert_one_line(second_graph, thread_id)


class TestBehind:
    """A run that does not wait for its checkpoints leaves the same ones."""

    async def test_all_that_was_given_is_kept_in_its_order(self, storage: Storage, thread_id: str):
        saver = storage.saver(await started(storage, thread_id), behind=True)
        graph = line("a", "b", "c").compile(checkpointer=saver)
        await graph.ainvoke({"log": []}, on(thread_id))
        await saver.written()

        seen: Graph = line("a", "b", "c").compile(checkpointer=storage.saver())
        assert [one.next for one in await history(seen, thread_id)] == [
            (),
            ("c",),
            ("b",),
            ("a",),
            ("__start__",),
        ]
        await assert_one_line(seen, thread_id)

    async def test_who_reads_through_it_finds_what_was_put(self, storage: Storage, thread_id: str):
        saver = storage.saver(await started(storage, thread_id), behind=True)
        made = [await put(saver, thread_id) for _ in range(3)]
        await saver.aput_writes(made[-1], [("channel", 1)], "task")

        latest = await saver.aget_tuple(on(thread_id))
        listed = [one.config async for one in saver.alist(on(thread_id))]

        assert latest is not None
        assert latest.pending_writes == [("task", "channel", 1)]
        assert listed == made[::-1]

    async def test_questions_wait_and_are_answered(self, storage: Storage, thread_id: str):
        saver = storage.saver(await started(storage, thread_id), behind=True)
        graph = asking(saver)
        await graph.ainvoke({"log": []}, on(thread_id))
        await graph.ainvoke(Command(resume="yes"), on(thread_id))

        assert (await graph.aget_state(on(thread_id))).values["log"] == ["first", "yes"]

    async def test_what_is_written_too_late_is_told_at_the_end_and_from_then_on(
        self, storage: Storage, thread_id: str
    ):
        held = await started(storage, thread_id)
        await storage.queue.finish(held, DONE)
        saver = storage.saver(held, behind=True)

        await put(saver, thread_id)
        with pytest.raises(Fenced):
            await saver.written()
        with pytest.raises(Fenced):
            await put(saver, thread_id)
        assert await storage.saver().aget_tuple(on(thread_id)) is None


class TestClocks:
    """The latest checkpoint is the last one made, whatever the clocks of its makers say."""

    @pytest.fixture(autouse=True)
    def last_id(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Fails when langgraph renames what moorage.storage.checkpoints sets.
        monkeypatch.setattr(checkpoint_ids, "_last_v6_timestamp", None)

    def made_ahead(self, seconds: int) -> Checkpoint:
        """A checkpoint of a process whose clock is ahead."""
        time = checkpoint_ids.uuid6().time + seconds * 10**7
        number = (time >> 12) << 80 | (time & 0xFFF) << 64
        ahead = checkpoint_ids.UUID(int=number, version=6)
        assert ahead.time == time
        return {**empty_checkpoint(), "id": str(ahead)}

    @pytest.mark.parametrize("reads", ["get", "list"])
    async def test_what_is_made_after_reading_sorts_later(
        self, storage: Storage, thread_id: str, reads: str
    ):
        saver = storage.saver()
        ahead = self.made_ahead(10)
        place: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
        await saver.aput(place, ahead, {}, {})
        assert empty_checkpoint()["id"] < ahead["id"]

        if reads == "get":
            await saver.aget_tuple(on(thread_id))
        else:
            assert len([one async for one in saver.alist(on(thread_id))]) == 1
        after = empty_checkpoint()
        assert after["id"] > ahead["id"]
        await saver.aput(place, after, {}, {})
        latest = await saver.aget_tuple(on(thread_id))
        assert latest is not None
        assert latest.checkpoint["id"] == after["id"]

    async def test_a_run_after_one_of_a_clock_ahead_is_seen(
        self, storage: Storage, thread_id: str, monkeypatch: pytest.MonkeyPatch
    ):
        graph = line("a").compile(checkpointer=storage.saver())
        now = checkpoint_ids.uuid6().time
        with monkeypatch.context() as other_process:
            other_process.setattr(checkpoint_ids, "_last_v6_timestamp", now + 10**8)
            await graph.ainvoke({"log": ["ahead"]}, on(thread_id))
        await graph.ainvoke({"log": ["behind"]}, on(thread_id))

        state = await graph.aget_state(on(thread_id))
        assert state.values == {"log": ["ahead", "a", "behind", "a"]}
        await assert_one_line(graph, thread_id)

    async def test_ids_of_other_kinds_do_no_harm(self, storage: Storage, thread_id: str):
        saver = storage.saver()
        place: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
        for odd in ("no uuid", str(uuid4())):
            await saver.aput(place, {**empty_checkpoint(), "id": odd}, {}, {})
            named: RunnableConfig = {"configurable": {"thread_id": thread_id, "checkpoint_id": odd}}
            assert await saver.aget_tuple(named) is not None


class TestRollback:
    async def ran(self, storage: Storage, thread_id: str, asked: Any) -> Claim:
        held = await started(storage, thread_id)
        graph = asking(storage.saver(held))
        await graph.ainvoke(asked, on(thread_id, run_id=held.run_id))
        return held

    async def rows(self, storage: Storage, thread_id: str) -> list[Any]:
        """All checkpoints with their writes, of all namespaces."""
        return [one async for one in storage.saver().alist(on(thread_id))]

    async def test_a_run_goes_with_all_that_it_wrote_and_nothing_else(
        self, storage: Storage, thread_id: str
    ):
        other_thread = str(uuid4())
        for one in (thread_id, other_thread):
            await storage.queue.finish(await self.ran(storage, one, {"log": ["in"]}), DONE)
        before = await self.rows(storage, thread_id)
        elsewhere = await self.rows(storage, other_thread)

        held = await self.ran(storage, thread_id, {"log": ["more"]})
        assert len(await self.rows(storage, thread_id)) > len(before)
        await storage.queue.finish(held, ROLLED_BACK)
        assert await self.rows(storage, thread_id) == before
        assert await self.rows(storage, other_thread) == elsewhere

    async def test_the_answer_to_an_interrupt_is_taken_back(self, storage: Storage, thread_id: str):
        await storage.queue.finish(await self.ran(storage, thread_id, {"log": ["in"]}), DONE)
        before = await self.rows(storage, thread_id)
        held = await self.ran(storage, thread_id, Command(resume="no"))
        await storage.queue.finish(held, ROLLED_BACK)
        assert await self.rows(storage, thread_id) == before

        held = await self.ran(storage, thread_id, Command(resume="yes"))
        await storage.queue.finish(held, DONE)
        state = await asking(storage.saver()).aget_state(on(thread_id))
        assert state.values["log"] == ["in", "first", "yes"]

    async def test_runs_are_forgotten_on_all_threads(self, storage: Storage, thread_id: str):
        first = await self.ran(storage, thread_id, {"log": ["in"]})
        await storage.queue.finish(first, DONE)
        before = await self.rows(storage, thread_id)
        second = await self.ran(storage, thread_id, Command(resume="no"))
        copy = str(uuid4())
        await storage.saver().acopy_thread(thread_id, copy)
        await storage.saver().adelete_for_runs([second.run_id])
        assert await self.rows(storage, thread_id) == before
        assert len(await self.rows(storage, copy)) == len(before)


def joined(known: list[str], writes: list[list[str]]) -> list[str]:
    return [*known, *(word for words in writes for word in words)]


class Delta(TypedDict):
    log: Annotated[list[str], DeltaChannel(joined, snapshot_frequency=1000)]


class TestDeltas:
    """Channels of which a checkpoint holds only what changed need the checkpoints before it."""

    @pytest.fixture
    async def graph(self, storage: Storage) -> Graph:
        graph = StateGraph(Delta).add_node("a", says("a")).add_node("b", says("b"))
        graph.add_edge(START, "a").add_edge("a", "b")
        return graph.compile(checkpointer=storage.saver())

    async def test_they_are_put_together(self, storage: Storage, thread_id: str, graph: Graph):
        for _ in range(3):
            await graph.ainvoke({"log": ["in"]}, on(thread_id))
        state = await graph.aget_state(on(thread_id))
        assert state.values == {"log": ["in", "a", "b"] * 3}
        copy = str(uuid4())
        await storage.saver().acopy_thread(thread_id, copy)
        assert (await graph.aget_state(on(copy))).values == state.values

    async def test_pruning_loses_nothing(self, storage: Storage, thread_id: str, graph: Graph):
        for _ in range(3):
            await graph.ainvoke({"log": ["in"]}, on(thread_id))
        await storage.saver().aprune([thread_id])
        state = await graph.aget_state(on(thread_id))
        assert state.values == {"log": ["in", "a", "b"] * 3}
