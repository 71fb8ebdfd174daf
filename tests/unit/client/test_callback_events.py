from typing import Any
from uuid import UUID

import httpx
import pytest
from langchain_core.agents import AgentAction, AgentFinish
from langchain_core.callbacks import (
    AsyncCallbackManager,
    BaseCallbackHandler,
    CallbackManager,
)
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers import BaseTracer, Run

from moorage.client.callback_events import Replay
from moorage.engine.callback_events import CallbackEvents
from moorage.serialization import WellKnownLCSerializer

pytestmark = pytest.mark.anyio

REQUEST = httpx.Request("POST", "http://server/invoke")
ROOT, CHILD = UUID(int=1), UUID(int=2)


def event(
    kind: str, /, run_id: UUID = ROOT, parent: UUID | None = None, **fields: Any
) -> dict[str, Any]:
    return {
        "type": kind,
        "run_id": str(run_id),
        "parent_run_id": str(parent) if parent else None,
        "tags": ["t"] if kind.endswith("_start") else None,
        "metadata": {"m": 1} if kind.endswith("_start") else None,
        "kwargs": {"name": kind} if kind.endswith("_start") else {},
        **fields,
    }


class Recorder(BaseCallbackHandler):
    """Writes down every call that reaches it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def record(*args: Any, **kwargs: Any) -> None:
            self.calls.append((name, args, kwargs))

        return record


class Tree(BaseTracer):
    """Keeps the root runs that end."""

    def __init__(self) -> None:
        super().__init__()
        self.roots: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.roots.append(run)


def replayed(events: Any) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    recorder = Recorder()
    run = CallbackManager.configure([recorder]).on_chain_start(None, "in", name="RemoteRunnable")
    recorder.calls.clear()
    Replay(events, WellKnownLCSerializer(), REQUEST).tell(run)
    return recorder.calls


ANSWER = AIMessage(content="hi", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
DUMPED = WellKnownLCSerializer().dumpd(ANSWER)


@pytest.mark.parametrize(
    ("fields", "arguments"),
    [
        (event("on_chain_start", serialized=None, inputs={"a": DUMPED}), (None, {"a": ANSWER})),
        (event("on_chain_end", outputs=DUMPED), (ANSWER,)),
        (event("on_llm_start", serialized={}, prompts=["p"]), ({}, ["p"])),
        (
            event(
                "on_chat_model_start",
                serialized=None,
                messages=[[{"type": "human", "content": "q"}]],
            ),
            (None, [[HumanMessage(content="q")]]),
        ),
        (
            event("on_llm_end", response={"generations": [[{"text": "hi", "type": "Generation"}]]}),
            (LLMResult.model_validate({"generations": [[{"text": "hi"}]]}),),
        ),
        (
            event(
                "on_llm_end",
                response={
                    "generations": [[{"text": "hi", "type": "ChatGeneration", "message": DUMPED}]],
                    "llm_output": None,
                    "run": None,
                    "type": "LLMResult",
                },
            ),
            (LLMResult(generations=[[ChatGeneration(message=ANSWER)]]),),
        ),
        (event("on_tool_start", serialized=None, input_str="x"), (None, "x")),
        (event("on_tool_end", output="y"), ("y",)),
        (event("on_retriever_start", serialized=None, query="q"), (None, "q")),
        (
            event("on_retriever_end", documents=[{"type": "Document", "page_content": "d"}]),
            ([Document(page_content="d")],),
        ),
        (
            event(
                "on_agent_action",
                action={"type": "AgentAction", "tool": "t", "tool_input": "", "log": ""},
            ),
            (AgentAction(tool="t", tool_input="", log=""),),
        ),
        (
            event(
                "on_agent_finish", finish={"type": "AgentFinish", "return_values": {}, "log": ""}
            ),
            (AgentFinish(return_values={}, log=""),),
        ),
        (event("on_custom_event", name="progress", data=[1]), ("progress", [1])),
    ],
)
def test_an_event_reaches_the_handler_of_its_name(
    fields: dict[str, Any], arguments: tuple[Any, ...]
) -> None:
    [(name, args, _)] = replayed([fields])
    assert name == fields["type"]
    assert args == arguments


@pytest.mark.requirement("langserve:remote:error-events")
@pytest.mark.parametrize("kind", ["chain", "llm", "tool", "retriever"])
def test_an_error_event_replays_as_an_error(kind: str) -> None:
    failure = {"status_code": 429, "message": "Slow down", "type": "error"}
    [(name, (error,), _)] = replayed([event(f"on_{kind}_error", error=failure)])
    assert name == f"on_{kind}_error"
    assert isinstance(error, httpx.HTTPStatusError)
    assert error.response.status_code == 429
    assert str(error) == "Slow down"


@pytest.mark.requirement("langserve:remote:callback-events")
def test_runs_get_new_ids_and_roots_hang_below_the_local_run() -> None:
    recorder = Recorder()
    run = CallbackManager.configure([recorder]).on_chain_start(None, "in")
    recorder.calls.clear()
    events = [
        event("on_chain_start", ROOT, serialized=None, inputs=1),
        event("on_chain_start", CHILD, ROOT, serialized=None, inputs=1),
        event("on_chain_end", CHILD, ROOT, outputs=2),
    ]
    Replay(events, WellKnownLCSerializer(), REQUEST).tell(run)
    root, child, end = (keywords for _, _, keywords in recorder.calls)
    assert root["parent_run_id"] == run.run_id
    assert child["parent_run_id"] == root["run_id"]
    assert end["run_id"] == child["run_id"]
    assert not {root["run_id"], child["run_id"]} & {ROOT, CHILD}
    assert (root["tags"], root["metadata"], root["name"]) == (["t"], {"m": 1}, "on_chain_start")


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        5,
        {},
        {"type": None},
        {"type": ["on_chain_end"]},
        event("on_moon_landing"),
        event("on_chain_end"),
        {**event("on_chain_end", outputs=1), "run_id": "no uuid"},
        {**event("on_chain_end", outputs=1), "run_id": None},
        {**event("on_chain_end", outputs=1), "parent_run_id": 5},
        event("on_retriever_end", documents=[{"page_content": "not a Document"}]),
        event("on_retriever_start", serialized=None, query=5),
        event("on_chat_model_start", serialized=None, messages=[["not a message"]]),
        event("on_llm_end", response={"generations": 5}),
    ],
    ids=str,
)
def test_an_event_that_makes_no_sense_is_logged_and_skipped(
    nonsense: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls = replayed([nonsense, event("on_chain_end", outputs="fine")])
    assert [args for _, args, _ in calls] == [("fine",)]
    [record] = caplog.records
    assert record.getMessage().startswith("A callback event of the server is skipped")


@pytest.mark.parametrize("events", [None, "x", {}, 5], ids=str)
def test_events_that_are_no_list_are_none(events: Any) -> None:
    assert replayed(events) == []


def test_handlers_of_the_call_alone_hear_nothing_of_what_is_below() -> None:
    local = Recorder()
    manager = CallbackManager(handlers=[local])
    run = manager.on_chain_start(None, "in")
    local.calls.clear()
    Replay([event("on_chain_end", outputs=1)], WellKnownLCSerializer(), REQUEST).tell(run)
    assert local.calls == []


def test_what_our_server_collects_makes_a_tree_of_runs() -> None:
    collector = CallbackEvents()
    manager = CallbackManager.configure([collector])
    outer = manager.on_chain_start(None, {"q": 1}, name="/agent")
    below = outer.get_child()
    [model] = below.on_chat_model_start({}, [[HumanMessage(content="q")]], name="model")
    model.on_llm_end(LLMResult(generations=[[ChatGeneration(message=ANSWER)]]))
    tool = below.on_tool_start({"name": "search"}, "x", name="search")
    tool.on_tool_error(ValueError("secret"))
    outer.on_chain_end({"a": ANSWER})

    tree = Tree()
    local = CallbackManager.configure([tree]).on_chain_start(None, "in", name="RemoteRunnable")
    events = WellKnownLCSerializer().dumpd(collector.events)
    Replay(events, WellKnownLCSerializer(), REQUEST).tell(local)
    local.on_chain_end("out")

    [root] = tree.roots
    [served] = root.child_runs
    assert [served.name, *(run.name for run in served.child_runs)] == ["/agent", "model", "search"]
    assert served.outputs == {"a": ANSWER}
    assert "Internal Server Error" in str(served.child_runs[1].error)
    assert "secret" not in str(served.child_runs[1].error)


async def test_async_handlers_are_awaited() -> None:
    tree = Tree()
    manager = AsyncCallbackManager.configure([tree])
    run = await manager.on_chain_start(None, "in", name="RemoteRunnable")
    events = [
        event("on_chain_start", serialized=None, inputs=1),
        event("on_chain_end", outputs=2),
    ]
    await Replay(events, WellKnownLCSerializer(), REQUEST).atell(run)
    await run.on_chain_end("out")
    assert [run.name for run in tree.roots[0].child_runs] == ["on_chain_start"]
