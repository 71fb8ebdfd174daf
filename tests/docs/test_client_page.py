"""The examples on the page about the client work as they stand."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from typing_extensions import TypedDict

from moorage import add_routes
from moorage.testing import serving

PAGE = (Path(__file__).parents[2] / "docs/howto/client.md").read_text()
ADDRESS = "http://127.0.0.1:8000"


class Conversation(TypedDict):
    messages: list[dict[str, str]]


def answer(conversation: Conversation) -> dict[str, Any]:
    return {"messages": [AIMessage(content="42")]}


def test_every_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()
    add_routes(app, RunnableLambda(answer), path="/agent")
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}

    with serving(app) as base:
        for example in examples:
            assert example.count(ADDRESS) == example.count("http://")
            exec(example.replace(ADDRESS, base), names)  # noqa: S102 - our own page
        printed = capsys.readouterr().out.splitlines()

    assert len(examples) == 4
    assert names["answer"] == {"messages": [AIMessage(content="42")]}
    assert "AIMessage" in printed[0]
    assert printed[1] == f"{names['replies'][0].run_id} ()"
    assert printed[2:] == ["fine", "failed"]
    assert isinstance(names["outputs"][1], httpx.HTTPStatusError)
    assert names["agent"].sync_client.timeout.connect == 5
