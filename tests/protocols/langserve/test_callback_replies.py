"""``include_callback_events``: the events of each run, in its reply."""

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool

from moorage.testing import ScriptedChatModel
from tests.protocols.langserve.wire import hosting

pytestmark = pytest.mark.anyio

COMMON = {"type", "run_id", "parent_run_id", "tags", "metadata", "kwargs"}


async def reply(runnable: Runnable[Any, Any], value: Any) -> Any:
    async with hosting(runnable, include_callback_events=True) as client:
        response = await client.post("/r/invoke", json={"input": value})
    assert response.status_code == 200, response.text
    return response.json()


def types(events: list[Any]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.requirement("langserve:callbacks:shape")
async def test_the_events_are_in_order_under_the_replys_run():
    def add_one(x: int) -> int:
        return x + 1

    told = await reply(RunnableLambda(add_one) | RunnableLambda(add_one), 1)
    events = told["callback_events"]

    assert types(events) == [
        *("on_chain_start", "on_chain_start", "on_chain_end"),
        *("on_chain_start", "on_chain_end", "on_chain_end"),
    ]
    assert events[0]["run_id"] == events[-1]["run_id"] == told["metadata"]["run_id"]
    assert events[0]["parent_run_id"] is None
    assert events[1]["parent_run_id"] == events[0]["run_id"]
    assert events[0]["kwargs"]["name"] == "/r"
    assert events[0]["metadata"]["__langserve_endpoint"] == "invoke"
    assert set(events[0]) == COMMON | {"serialized", "inputs"}
    assert set(events[-1]) == COMMON | {"outputs"}
    assert (events[0]["inputs"], events[-1]["outputs"]) == (1, 3)


@pytest.mark.requirement("langserve:callbacks:shape")
async def test_a_batch_has_a_list_of_events_for_each_item():
    async with hosting(RunnableLambda(lambda x: x), include_callback_events=True) as client:
        told = (await client.post("/r/batch", json={"inputs": [1, 2]})).json()

    assert [types(events) for events in told["callback_events"]] == [
        ["on_chain_start", "on_chain_end"]
    ] * 2
    roots = [events[0]["run_id"] for events in told["callback_events"]]
    assert roots == told["metadata"]["run_ids"]


@tool
def multiply(a: int) -> int:
    """Double a number."""
    return a * 2


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(query)]


@pytest.mark.requirement("langserve:callbacks:models-and-tools", "langserve:callbacks:shape")
@pytest.mark.parametrize(
    ("runnable", "value", "expected"),
    [
        (
            ChatPromptTemplate.from_template("{a}") | ScriptedChatModel(responses=["Hi"]),
            {"a": "b"},
            [("on_chat_model_start", "messages"), ("on_llm_end", "response")],
        ),
        (
            FakeListLLM(responses=["yes"]),
            "Hi",
            [("on_llm_start", "prompts"), ("on_llm_end", "response")],
        ),
        (multiply, {"a": 2}, [("on_tool_start", "input_str"), ("on_tool_end", "output")]),
        (Shelf(), "q", [("on_retriever_start", "query"), ("on_retriever_end", "documents")]),
    ],
    ids=["chat model", "llm", "tool", "retriever"],
)
async def test_models_tools_and_retrievers_tell_what_they_did(
    runnable: Any, value: Any, expected: list[tuple[str, str]]
):
    events = {event["type"]: event for event in (await reply(runnable, value))["callback_events"]}

    for kind, field in expected:
        assert field in events[kind]
    if "on_llm_end" in events:
        assert set(events["on_llm_end"]["response"]) == {"generations", "llm_output", "run"}
    if "on_tool_end" in events:
        assert events["on_tool_end"]["output"] == "4"


@pytest.mark.requirement("langserve:callbacks:off")
async def test_without_the_option_there_are_none():
    async with hosting(RunnableLambda(lambda x: x)) as client:
        invoked = (await client.post("/r/invoke", json={"input": 1})).json()
        batch = (await client.post("/r/batch", json={"inputs": [1]})).json()

    assert set(invoked) == set(batch) == {"output", "metadata"}
