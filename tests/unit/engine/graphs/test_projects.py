"""Whole projects, as they lie in folders, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.engine.graphs.conftest import Folder

RUN = """
import asyncio, json, sys
from pathlib import Path
from moorage.project import read
project = read(Path(sys.argv[1]))
project.apply()
from moorage.engine.graphs import Graphs
graphs = Graphs.load(project.graphs)

async def outputs():
    for graph_id in graphs.ids:
        async with graphs.build(graph_id) as graph:
            yield graph_id, await graph.ainvoke("x")

async def told():
    return {
        "outputs": {graph_id: output async for graph_id, output in outputs()},
        "failures": {one.id: one.reason for one in graphs.failures.values()},
        "warnings": project.warnings,
    }

print(json.dumps(asyncio.run(told())))
"""


def serve(project: Path, **environment: str) -> dict[str, Any]:
    """Read a project, load its graphs and call each; return what came of it."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(project)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_project_with_its_sources_in_a_folder(folder: Folder):
    folder.write("src/react_agent/__init__.py", "from react_agent.graph import graph")
    folder.write("src/react_agent/state.py", "import os\nSIGN = os.environ['AGENT_SIGN']")
    folder.write(
        "src/react_agent/graph.py",
        """
        from langchain_core.runnables import RunnableLambda
        from .state import SIGN
        from react_agent import state
        assert state.SIGN is SIGN
        graph = RunnableLambda(lambda text: text + SIGN)
        """,
    )
    folder.write("pyproject.toml", '[project]\nname = "react-agent"\ndependencies = ["langgraph"]')
    folder.write(".env", "AGENT_SIGN='!'")
    folder.write(
        "langgraph.json",
        """
        {
          "$schema": "https://langgra.ph/schema.json",
          "dependencies": ["."], // the project itself
          "graphs": {"agent": "./src/react_agent/graph.py:graph"},
          "env": ".env",
          "image_distro": "wolfi",
        }
        """,
    )

    assert serve(folder.path) == {"outputs": {"agent": "x!"}, "failures": {}, "warnings": []}
    assert serve(folder.path, AGENT_SIGN="?")["outputs"] == {"agent": "x?"}


def test_several_agents_of_one_repository_share_a_library(folder: Folder):
    folder.write("libs/shared/src/shared/__init__.py", "def sign(text): return text + '!'")
    for name in ("first", "second"):
        folder.write(
            f"apps/{name}/agent.py",
            """
            from langchain_core.runnables import RunnableLambda
            from shared import sign
            from parts import NAME
            graph = RunnableLambda(lambda text: sign(NAME + text))
            """,
        )
    folder.write("apps/first/parts.py", "NAME = 'one '")
    folder.write("apps/second/broken.py", "import shared\nraise LookupError('no key')")
    folder.write(
        "deploy/langgraph.json",
        """
        {
          "dependencies": ["../libs/shared", "../apps/first", "../apps/second"],
          "graphs": {
            "first": "../apps/first/agent.py:graph",
            "second": {"path": "../apps/second/agent.py:graph", "description": "The second."},
            "broken": "../apps/second/broken.py:graph"
          }
        }
        """,
    )

    assert serve(folder.path / "deploy") == {
        "outputs": {"first": "one x!", "second": "one x!"},
        "failures": {"broken": "LookupError: no key"},
        "warnings": [],
    }


def test_a_project_that_is_a_package(folder: Folder):
    folder.write("my_agent/__init__.py", "")
    folder.write("my_agent/utils/nodes.py", "def upper(text): return text.upper()")
    folder.write(
        "my_agent/agent.py",
        """
        from langchain_core.runnables import RunnableLambda
        from my_agent.utils.nodes import upper
        graph = RunnableLambda(upper)
        """,
    )
    folder.write("my_agent/requirements.txt", "langgraph\n")
    folder.write(
        "langgraph.json",
        '{"dependencies": ["./my_agent"], "graphs": {"agent": "./my_agent/agent.py:graph"}}',
    )

    assert serve(folder.path) == {"outputs": {"agent": "X"}, "failures": {}, "warnings": []}


def test_a_project_of_variables_only(folder: Folder):
    folder.write(
        "agent.py", "from langchain_core.runnables import RunnableLambda as R\ngraph = R(str.upper)"
    )

    told = serve(folder.path, LANGSERVE_GRAPHS='{"agent": "./agent.py:graph"}')

    assert told["outputs"] == {"agent": "X"}
