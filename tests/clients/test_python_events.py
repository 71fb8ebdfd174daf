"""Logs, events and callbacks of ``RemoteRunnable``: LangServe's, unmodified, and our own."""

from typing import Any

import httpx
import jsonpatch
import pytest
from fastapi import FastAPI
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import RunLogPatch
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from starlette.testclient import TestClient

from moorage import add_routes
from tests.clients.conftest import Call, Connect, everything
from tests.clients.served import add_one

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requirement("langserve:clients:python-events"),
    # LangServe's client replays events with an attribute that pydantic is to lose in 3.0.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_fields' attribute on the instance"),
]


class Tracer(BaseTracer):
    """Keeps the roots of the trees of runs."""

    def __init__(self) -> None:
        # As LangSmith's. For others core wants messages as an argument by position, which
        # LangServe's client does not give.
        super().__init__(_schema_format="original+chat")
        self.roots: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.roots.append(run)


def outline(run: Run) -> Any:
    return {run.name: [outline(child) for child in run.child_runs]} if run.child_runs else run.name


async def test_the_log_is_the_one_that_the_server_sends(connect: Connect, address: str):
    patches = await everything(
        connect(f"{address}/chain").astream_log({"question": "?"}, diff=False)
    )

    assert all(isinstance(patch, RunLogPatch) for patch in patches)
    assert patches[0].ops[0]["op"] == "replace"
    assert patches[0].ops[0]["path"] == ""
    assert patches[0].ops[0]["value"]["name"] == "/chain"
    state = jsonpatch.apply_patch({}, [op for patch in patches for op in patch.ops])
    assert state["final_output"] == "It is forty two."
    assert "".join(state["streamed_output"]) == "It is forty two."
    assert list(state["logs"]) == ["ChatPromptTemplate", "ScriptedChatModel", "StrOutputParser"]
    model = state["logs"]["ScriptedChatModel"]
    assert model["streamed_output_str"][:2] == ["It ", "is "]
    assert isinstance(model["streamed_output"][0], AIMessageChunk)


async def test_the_events_of_two_steps_are_nine(connect: Connect, address: str):
    events = await everything(connect(f"{address}/steps").astream_events(1, version="v2"))

    assert [(event["event"], event["name"], event["tags"]) for event in events] == [
        ("on_chain_start", "/steps", []),
        ("on_chain_start", "add_one", ["seq:step:1"]),
        ("on_chain_stream", "add_one", ["seq:step:1"]),
        ("on_chain_start", "double", ["seq:step:2"]),
        ("on_chain_end", "add_one", ["seq:step:1"]),
        ("on_chain_stream", "double", ["seq:step:2"]),
        ("on_chain_stream", "/steps", []),
        ("on_chain_end", "double", ["seq:step:2"]),
        ("on_chain_end", "/steps", []),
    ]
    assert len({event["run_id"] for event in events}) == 3
    assert not [key for event in events for key in event["metadata"] if key.startswith("__")]


async def test_log_and_events_heed_the_filters(connect: Connect, address: str):
    remote = connect(f"{address}/chain")
    question = {"question": "?"}

    patches = await everything(remote.astream_log(question, include_types=["prompt"]))
    events = await everything(remote.astream_events(question, include_names=["StrOutputParser"]))

    paths = [op["path"] for patch in patches for op in patch.ops]
    logs = {path.split("/")[2] for path in paths if path.startswith("/logs/")}
    assert logs == {"ChatPromptTemplate"}
    assert {event["name"] for event in events} == {"StrOutputParser"}


async def test_documents_in_the_middle_of_events_are_documents(connect: Connect, address: str):
    events = await everything(connect(f"{address}/research").astream_events("tea"))

    [found] = [event for event in events if event["event"] == "on_retriever_end"]
    assert isinstance(found["data"]["output"][0], Document)


@pytest.mark.requirement("langserve:events:odd-values")
async def test_steps_that_json_cannot_hold_do_not_end_the_events(connect: Connect, address: str):
    events = await everything(connect(f"{address}/strange_steps").astream_events(0))

    assert events[-1]["event"] == "on_chain_end"


RESEARCH = {
    "RemoteRunnable": [
        {
            "/research": [
                "Shelf",
                {"RunnableSequence": ["ChatPromptTemplate", "ScriptedChatModel"]},
                "look_up",
            ]
        }
    ]
}


async def test_the_runs_at_the_server_are_below_the_call(
    connect: Connect, call: Call, address: str
):
    tracer = Tracer()

    await call(connect(f"{address}/research"), "invoke", "tea", {"callbacks": [tracer]})

    [root] = tracer.roots
    assert outline(root) == RESEARCH
    [server] = root.child_runs
    shelf, chain, tool = server.child_runs
    model = chain.child_runs[1]
    assert [run.run_type for run in (shelf, chain, model, tool)] == [
        "retriever",
        "chain",
        "chat_model",
        "tool",
    ]
    assert server.inputs == {"input": "tea"}
    assert server.outputs == {"output": "value of a"}
    assert shelf.outputs is not None
    assert isinstance(shelf.outputs["documents"][0], Document)
    assert model.outputs is not None
    assert model.outputs["generations"][0][0]["text"] == "Looking. "
    assert tool.outputs == {"output": "value of a"}
    assert all(run.end_time for run in (server, shelf, chain, model, tool))


async def test_each_run_of_a_batch_is_below_its_own_call(
    connect: Connect, call: Call, address: str
):
    tracers = [Tracer(), Tracer()]
    configs = [{"callbacks": [tracer]} for tracer in tracers]

    await call(connect(f"{address}/research"), "batch", ["tea", "milk"], configs)

    for tracer, topic in zip(tracers, ("tea", "milk"), strict=True):
        [root] = tracer.roots
        assert outline(root) == RESEARCH
        assert root.child_runs[0].inputs == {"input": topic}


async def test_replay_can_be_switched_off(connect: Connect, call: Call, address: str):
    tracer = Tracer()
    remote = connect(f"{address}/research", use_server_callback_events=False)

    await call(remote, "invoke", "tea", {"callbacks": [tracer]})

    assert [outline(root) for root in tracer.roots] == ["RemoteRunnable"]


@pytest.mark.requirement("langserve:callbacks:error-type")
async def test_a_failure_that_the_run_survived_takes_no_answer_away(
    connect: Connect, call: Call, address: str
):
    remote = connect(f"{address}/recovering")

    assert await call(remote, "invoke", 1) == 1
    assert await call(remote, "batch", [1, 2]) == [1, 2]


class Ends(BaseCallbackHandler):
    """Keeps with what the calls ended."""

    def __init__(self) -> None:
        self.outputs: list[Any] = []
        self.errors: list[BaseException] = []

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.outputs.append(outputs)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.errors.append(error)


async def test_a_streamed_call_ends_with_the_sum_of_its_chunks(
    connect: Connect, call: Call, address: str
):
    ends = Ends()

    await call(connect(f"{address}/chain"), "stream", {"question": "?"}, {"callbacks": [ends]})

    assert ends.outputs == ["It is forty two."]


async def test_a_stream_that_failed_ends_with_its_error(connect: Connect, call: Call, address: str):
    ends = Ends()

    with pytest.raises(httpx.HTTPStatusError) as raised:
        await call(connect(f"{address}/breaks_off"), "stream", "x", {"callbacks": [ends]})

    assert ends.errors == [raised.value]


@pytest.mark.requirement("langserve:clients:local-tracer")
async def test_a_local_tracer_sees_the_run_in_the_same_process(connect: Connect):
    app = FastAPI()
    add_routes(app, RunnableLambda(add_one), include_callback_events=True)
    remote = connect("http://test")
    await remote.async_client.aclose()
    transport = httpx.ASGITransport(app)
    remote.async_client = httpx.AsyncClient(base_url="http://test", transport=transport)
    tracer, batch_tracer = Tracer(), Tracer()

    assert await remote.ainvoke(1, {"callbacks": [tracer]}) == 2
    assert await remote.abatch([1, 2], {"callbacks": [batch_tracer]}) == [2, 3]

    replayed = {"RemoteRunnable": ["add_one"]}
    assert [outline(root) for root in tracer.roots] == ["add_one", replayed]
    assert [outline(root) for root in batch_tracer.roots] == [replayed, replayed]


async def test_its_clients_are_attributes_to_assign(connect: Connect):
    app = FastAPI()
    add_routes(app, RunnableLambda(add_one), path="/add_one")
    remote = connect("http://nowhere.invalid/add_one")
    remote.sync_client.close()

    with TestClient(app, base_url="http://nowhere.invalid/add_one") as client:
        remote.sync_client = client

        assert remote.url == "http://nowhere.invalid/add_one/"
        assert remote.invoke(1) == 2
        assert remote.batch([1]) == [2]
        assert list(remote.stream(1)) == [2]
