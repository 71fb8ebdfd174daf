from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from pydantic import TypeAdapter, ValidationError

from app.agents import answers
from app.agents.conversation import Conversation
from app.agents.documentation import documentation_agent
from app.agents.offline_model import OfflineModel
from app.agents.summary import summary_chain
from app.tools.knowledge import Found, Knowledge
from app.tools.passages import split
from moorage.testing import call

pytestmark = pytest.mark.anyio

DOCUMENTATION = """\
# moorage

## Streaming

Post to `/stream` and read the events as they come:

```sh
curl -N http://127.0.0.1:8000/agent/stream
```

Something else stands here.

## Feedback

Feedback tokens are sent at the start of a stream.

## Limits

Each client has a rate limit.
"""
QUESTION = {"role": "user", "content": "How do I stream an answer?"}
Agent = Runnable[Any, Any]
INPUT = TypeAdapter(Conversation)


@pytest.fixture
def agent() -> Agent:
    knowledge = Knowledge(list(split(DOCUMENTATION, "README.md")))
    return documentation_agent(OfflineModel(), knowledge)


def ask(agent: Agent, *questions: str) -> list[Any]:
    """Hold a conversation; returns all of its messages."""
    messages: list[Any] = []
    for question in questions:
        messages = agent.invoke({"messages": [*messages, ("user", question)]})["messages"]
    return messages


def test_it_searches_and_answers_with_a_quotation_and_its_source(agent: Agent):
    question, call, found, answer = agent.invoke({"messages": [QUESTION]})["messages"]
    assert isinstance(question, HumanMessage)
    assert call.tool_calls[0]["name"] == "search_knowledge"
    assert isinstance(found, ToolMessage)
    assert "> Post to `/stream` and read the events as they come:" in answer.text
    assert "> curl -N http://127.0.0.1:8000/agent/stream" in answer.text
    assert "Something else" not in answer.text
    assert "(README.md, “moorage > Streaming”)" in answer.text


def test_the_same_question_gets_the_same_answer(agent: Agent):
    first, second = (ask(agent, "What are the limits?")[-1].text for _ in range(2))
    assert first == second
    assert "> Each client has a rate limit." in first


def test_a_follow_up_is_about_what_was_asked_before(agent: Agent):
    *_, call, _, answer = ask(agent, "How do I stream?", "And what about feedback?")
    assert call.tool_calls[0]["args"]["query"] == "stream feedback"
    assert "Feedback tokens" in answer.text


def test_a_new_question_stands_alone(agent: Agent):
    *_, call, _, _ = ask(agent, "How do I stream?", "Which limits does a client have?")
    assert call.tool_calls[0]["args"]["query"] == "limits client"


@pytest.mark.parametrize("greeting", ["Hi", "hello!", "Good morning.", "Thank you!", "", "?"])
def test_it_greets_without_searching(agent: Agent, greeting: str):
    assert [message.text for message in ask(agent, greeting)][1:] == [answers.GREETING]


def test_it_says_when_it_found_nothing(agent: Agent):
    assert ask(agent, "What is the capital of France?")[-1].text == answers.NOTHING_FOUND


def test_it_does_not_quote_what_only_happens_to_share_a_word(agent: Agent):
    question = "Which client of the bank won the stream regatta in Venice last summer?"
    assert ask(agent, question)[-1].text == answers.NOTHING_FOUND


def test_it_leaves_out_what_is_far_less_to_the_point(agent: Agent):
    answer = ask(agent, "How do I stream?")[-1].text
    assert "moorage > Streaming" in answer
    assert "moorage > Feedback" not in answer


def test_a_search_that_failed_is_nothing_found():
    model = OfflineModel().bind_tools([])
    failed = ToolMessage("Error: no index", tool_call_id="1", status="error")
    assert model.invoke([("user", "streams?"), failed]).text == answers.NOTHING_FOUND


async def test_it_streams_the_answer_token_by_token(agent: Agent):
    tokens = [
        chunk
        async for chunk, _ in agent.astream({"messages": [QUESTION]}, stream_mode="messages")
        if isinstance(chunk, AIMessageChunk)
    ]
    answer = agent.invoke({"messages": [QUESTION]})["messages"][-1]
    assert "".join(token.text for token in tokens) == answer.text
    assert len([token for token in tokens if token.text]) > 10


async def test_every_way_of_calling_it_gives_the_same_answer(agent: Agent):
    conversation = {"messages": [QUESTION]}
    answer = agent.invoke(conversation)["messages"][-1].text
    assert (await agent.ainvoke(conversation))["messages"][-1].text == answer
    for reply in await agent.abatch([conversation, conversation]):
        assert reply["messages"][-1].text == answer
    *_, state = [state async for state in agent.astream(conversation, stream_mode="values")]
    assert state["messages"][-1].text == answer
    events = [event async for event in agent.astream_events(conversation, version="v2")]
    assert events[-1]["data"]["output"]["messages"][-1].text == answer
    assert {"on_tool_end", "on_chat_model_stream"} <= {event["event"] for event in events}


async def test_usage_is_reported_whole_and_streamed():
    model = OfflineModel()
    whole = await model.ainvoke("One sentence here.")
    streamed = AIMessageChunk(content="")
    for chunk in model.stream("One sentence here."):
        streamed += chunk
    assert whole.usage_metadata == streamed.usage_metadata
    assert whole.usage_metadata == {"input_tokens": 3, "output_tokens": 3, "total_tokens": 6}


def test_long_passages_are_quoted_in_part():
    lines = [f"Line {number} says nothing." for number in range(100)]
    lines[50] = "The harbour master decides about moorings."
    passage = Found(source="a.md", heading="A", text="\n".join(lines))
    quotation = answers.quote("Who decides about moorings?", [passage])
    assert "> The harbour master decides about moorings." in quotation
    assert "Line 49" not in quotation
    assert len(quotation) < 1000
    assert "…" in quotation


async def test_the_chain_sums_up_by_extract():
    text = "Ships moor. Ships and boats moor in ports. The sky is blue. Boats moor like ships."
    summary = await summary_chain(OfflineModel()).ainvoke({"text": text})
    assert summary == "Ships and boats moor in ports. Boats moor like ships."


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "x"},
        {"type": "human", "content": "x"},
        ("user", "x"),
        ["human", "x"],
        "x",
        HumanMessage("x"),
        HumanMessage("x").model_dump(),
    ],
)
def test_the_input_takes_messages_in_every_usual_form(message: Any):
    assert INPUT.validate_python({"messages": [message]}) == {"messages": [HumanMessage("x")]}


def test_messages_of_an_assistant_keep_their_tool_calls():
    said = AIMessage("", tool_calls=[call("search_knowledge", query="x")])
    assert INPUT.validate_python({"messages": [said.model_dump()]}) == {"messages": [said]}


@pytest.mark.parametrize(
    "message", [3, {}, {"role": "user"}, {"role": "pirate", "content": "x"}, {"type": "x"}, ["x"]]
)
def test_what_is_no_message_is_refused_with_its_place(message: Any):
    with pytest.raises(ValidationError) as refusal:
        INPUT.validate_python({"messages": [message]})
    assert refusal.value.errors()[0]["loc"][:2] == ("messages", 0)
