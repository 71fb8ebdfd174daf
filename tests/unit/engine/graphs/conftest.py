"""A project in a folder of its own, whose modules are forgotten afterwards."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.domain.graphs import GraphReference
from moorage.engine.graphs import Graphs, LoadFailure
from moorage.importing import ObjectReference


class Folder:
    """A project's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str) -> Path:
        """Write a file; its indentation does not count."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(content))
        return file

    def reference(self, written: str) -> GraphReference:
        """Return the reference to a graph whose id is the name of its object."""
        location, _, name = written.partition(":")
        place = self.path / location if location.endswith(".py") else location
        return GraphReference(name, ObjectReference(place, name, written))

    def load(self, *written: str) -> Graphs:
        """Load what is written."""
        return Graphs.load(self.reference(one) for one in written)

    def agent(self, content: str, name: str = "graph") -> Graphs:
        """Load an object of ``agent.py``, after the imports that most graphs need."""
        self.write("agent.py", IMPORTS + textwrap.dedent(content))
        return self.load(f"agent.py:{name}")

    def failure(self, content: str, name: str = "graph") -> LoadFailure:
        """Load an object of ``agent.py`` that cannot be loaded."""
        return self.agent(content, name).failures[name]


IMPORTS = """
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.memory import InMemoryStore
from langgraph_sdk.runtime import ServerRuntime
from typing_extensions import TypedDict

class State(TypedDict):
    text: str

def node(state: State) -> State:
    return {"text": state["text"] + "!"}

def builder(name="shout") -> StateGraph:
    made = StateGraph(State)
    made.add_node(name, node)
    made.add_edge(START, name)
    made.add_edge(name, END)
    return made

seen = []
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    paths = list(sys.path)
    known = sys.modules.pop("agent", None)  # of a project that was served before
    sys.path.insert(0, str(tmp_path))
    yield Folder(tmp_path)
    sys.path[:] = paths
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]
    if known:
        sys.modules["agent"] = known
