"""The demo as `make serve` starts it, in a process of its own, with nothing set."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from moorage.testing import ModelServer, call
from tests.acceptance.processes import ROOT, Server, free_port

QUESTION = {"messages": [{"role": "user", "content": "How do I stream an answer?"}]}
QUOTATION = "The documentation says:\n\n> "


def command(port: int) -> list[str]:
    """Return what ``make serve`` runs once everything is installed, without the interpreter."""
    make = ["make", "-n", "-o", ".venv/.pages", "serve", f"PORT={port}"]
    # The tests may have been started by make themselves, which tells a make within it more to say.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    printed = subprocess.run(
        make, cwd=ROOT, env=outside, capture_output=True, text=True, check=True
    )
    program, *options = shlex.split(printed.stdout.splitlines()[-1])
    assert program == ".venv/bin/uvicorn"
    return ["uvicorn", *options]


def start(**environment: str) -> Server:
    port = free_port()
    return Server(command(port), port, **environment)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    server = start().started()
    yield server.base
    server.stop()


def post(url: str, body: Any) -> Any:
    reply = httpx.post(url, json=body, timeout=30)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_the_agent_answers_with_quotations(demo: str):
    output = post(f"{demo}/agent/invoke", {"input": QUESTION})["output"]
    assert [message["type"] for message in output["messages"]] == ["human", "ai", "tool", "ai"]
    answer = output["messages"][-1]
    assert answer["content"].startswith(QUOTATION)
    assert "stream" in answer["content"]
    assert answer["usage_metadata"]["total_tokens"] > 0


def test_the_first_request_of_the_readme_is_answered(demo: str):
    example = re.search(r"```sh\n(curl (?:.*\n)+?)```", (ROOT / "README.md").read_text())
    assert example, "the README has no request with curl"
    assert "http://127.0.0.1:8000/agent/invoke" in example[1]
    request = shlex.split(example[1].replace("http://127.0.0.1:8000", demo))
    request = [word for word in request if word.strip()]
    printed = subprocess.run(request, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed)["output"]["messages"][-1]["content"].startswith(QUOTATION)


def test_the_agent_streams_its_steps(demo: str):
    reply = httpx.post(f"{demo}/agent/stream", json={"input": QUESTION})
    kinds = [line for line in reply.text.splitlines() if line.startswith("event: ")]
    assert kinds == ["event: metadata", *["event: data"] * 3, "event: end"]
    assert QUOTATION in reply.text.encode().decode("unicode_escape")


def test_the_agent_shows_its_tokens_as_events(demo: str):
    reply = httpx.post(f"{demo}/agent/stream_events", json={"input": QUESTION})
    assert reply.text.count('"event":"on_chat_model_stream"') > 10
    assert '"event":"on_tool_end"' in reply.text


def test_the_agent_answers_several_at_once(demo: str):
    greeting = {"messages": [["user", "Hello!"]]}
    outputs = post(f"{demo}/agent/batch", {"inputs": [QUESTION, greeting]})["output"]
    answers = [output["messages"][-1]["content"] for output in outputs]
    assert answers[0].startswith(QUOTATION)
    assert answers[1].startswith("Hello!")


def test_the_agent_describes_its_input(demo: str):
    schema = httpx.get(f"{demo}/agent/input_schema").json()
    assert "RoleMessage" in schema["$defs"]


def test_what_is_no_conversation_is_refused(demo: str):
    for messages in ("x", [{"role": "user"}], [3]):
        reply = httpx.post(f"{demo}/agent/invoke", json={"input": {"messages": messages}})
        assert reply.status_code == 422


def test_the_chain_sums_up(demo: str):
    text = "Ships moor. Ships and boats moor in ports. The sky is blue. Boats moor like ships."
    output = post(f"{demo}/chain/invoke", {"input": {"text": text}})["output"]
    assert output == "Ships and boats moor in ports. Boats moor like ships."


def test_the_retriever_finds_passages(demo: str):
    documents = post(f"{demo}/retriever/invoke", {"input": "API keys"})["output"]
    assert documents
    assert all(document["metadata"]["source"].endswith(".md") for document in documents)


def test_the_chat_is_streamed_as_plain_frames(demo: str):
    with httpx.stream("POST", f"{demo}/chat/stream", json=QUESTION, timeout=30) as reply:
        data = [line.removeprefix("data: ") for line in reply.iter_lines() if line]
    assert data[-1] == "[DONE]"
    words = [json.loads(frame)["content"] for frame in data[:-1]]
    assert len(words) > 10
    assert "".join(words).startswith(QUOTATION)


def test_every_path_is_in_the_openapi_document(demo: str):
    paths = httpx.get(f"{demo}/openapi.json").json()["paths"]
    assert {"/agent/invoke", "/chain/stream", "/retriever/batch", "/chat/stream"} <= set(paths)


def test_a_model_of_a_provider_takes_the_place_of_the_offline_one():
    with ModelServer([call("search_knowledge", query="streaming")], "Post to /stream.") as provider:
        server = start(
            MOORAGE_MODEL="openai:scripted",
            OPENAI_BASE_URL=provider.base_url,
            OPENAI_API_KEY="unused",
        ).started()
        try:
            output = post(f"{server.base}/agent/invoke", {"input": QUESTION})["output"]
        finally:
            server.stop()
    assert output["messages"][-1]["content"] == "Post to /stream."
    assert [request["model"] for request in provider.requests] == ["scripted", "scripted"]


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("anthropic:claude-sonnet-4-5", "pip install langchain-anthropic"),
        ("nobody:nothing", "nobody"),
        ("openai:gpt-5", "OPENAI_API_KEY"),
        ("claude", "MOORAGE_MODEL=anthropic:"),
    ],
)
def test_a_model_that_cannot_be_had_stops_the_start_with_one_line(model: str, complaint: str):
    server = start(MOORAGE_MODEL=model, OPENAI_API_KEY="")
    assert server.wait() == 2
    (line,) = server.output
    assert line.startswith("moorage: MOORAGE_MODEL")
    assert complaint in line


@pytest.mark.alone
def test_the_application_is_ready_soon_after_its_libraries():
    """Ours: 300 ms of computing for settings, documentation, index, agent and routes."""
    code = (
        "import time, bm25s, fastapi, langchain.agents, langchain.chat_models, structlog, uvicorn\n"
        "import langchain_core.prompts, langchain_core.tracers.log_stream, langsmith\n"
        "import prometheus_client, pydantic_settings, slowapi\n"
        "begin = time.process_time()\n"
        "import app.server\n"
        "print(time.process_time() - begin)"
    )
    run = [sys.executable, "-c", code]
    # A busy machine slows the processor's caches too, so the best of some runs counts.
    taken = (
        float(subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )
    assert any(seconds < 0.3 for seconds in taken)
