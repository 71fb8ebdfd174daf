import asyncio
import logging
import sys
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from moorage.engine.graphs import Graphs, Purpose
from moorage.errors import Invalid, NotFound
from tests.unit.engine.graphs.conftest import Folder

pytestmark = pytest.mark.anyio

THREAD: RunnableConfig = {"configurable": {"thread_id": "t"}}


async def run(
    graphs: Graphs, value: Any, config: RunnableConfig | None = None, **options: Any
) -> Any:
    async with graphs.build(graphs.ids[0], config, **options) as graph:
        return await graph.ainvoke(value, config)


def seen() -> list[Any]:
    found: list[Any] = sys.modules["agent"].seen
    return found


# Graphs that are there


@pytest.mark.parametrize("made", ["builder()", "builder().compile()"])
async def test_a_graph_runs_with_the_servers_checkpointer_and_store(folder: Folder, made: str):
    graphs = folder.agent(f"graph = {made}")
    saver, store = InMemorySaver(), InMemoryStore()

    async with graphs.build("graph", checkpointer=saver, store=store) as graph:
        assert await graph.ainvoke({"text": "a"}, THREAD) == {"text": "a!"}
        assert graph.store is store

    assert saver.get_tuple(THREAD) is not None
    own: Any = graphs.get("graph").made
    assert own.checkpointer is None
    assert own.store is None


async def test_a_graph_keeps_nothing_without_a_checkpointer(folder: Folder):
    graphs = folder.agent("graph = builder()")

    assert await run(graphs, {"text": "a"}) == {"text": "a!"}


async def test_what_a_graph_was_compiled_with_gives_way_with_a_warning(
    folder: Folder, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        graphs = folder.agent(
            "saver = InMemorySaver()\nstore = InMemoryStore()\n"
            "graph = builder().compile(checkpointer=saver, store=store)"
        )
        server = InMemorySaver()
        await run(graphs, {"text": "a"}, THREAD, checkpointer=server)
        await run(graphs, {"text": "a"}, THREAD, checkpointer=server)

    assert caplog.messages == [
        (
            "graph graph was compiled with a checkpointer and a store of its own: the server's"
            " takes its place, and nothing is kept in the graph's; compile it without"
        )
    ]
    assert server.get_tuple(THREAD) is not None
    module: Any = sys.modules["agent"]
    assert module.saver.get_tuple(THREAD) is None
    assert module.graph.checkpointer is module.saver
    assert module.graph.store is module.store


async def test_a_served_graph_knows_how_its_state_is_made(folder: Folder):
    graphs = folder.agent(
        """
        @dataclass
        class Data:
            text: str = ""
        made = StateGraph(Data)
        made.add_node("shout", lambda state: {"text": state.text + "!"})
        made.add_edge(START, "shout")
        graph = made.compile()
        """
    )

    async with graphs.build("graph") as graph:
        found = [
            part async for part in graph.astream({"text": "a"}, stream_mode="values", version="v2")
        ]

    assert type(found[-1]["data"]) is sys.modules["agent"].Data


async def test_a_function_with_entrypoint_remembers_through_the_servers_checkpointer(
    folder: Folder,
):
    graphs = folder.agent(
        """
        @entrypoint()
        async def graph(text: str, *, previous: str | None = None) -> str:
            return (previous or "") + text
        """
    )
    saver = InMemorySaver()

    assert await run(graphs, "a", THREAD, checkpointer=saver) == "a"
    assert await run(graphs, "b", THREAD, checkpointer=saver) == "ab"


async def test_a_runnable_is_a_graph_with_one_node(folder: Folder):
    graphs = folder.agent(
        """
        def upper(text: str, config: RunnableConfig) -> str:
            seen.append(config["configurable"]["who"])
            return text.upper()
        graph = RunnableLambda(upper)
        """
    )
    saver = InMemorySaver()
    config: RunnableConfig = {"configurable": {"thread_id": "t", "who": "me"}}

    async with graphs.build("graph", checkpointer=saver) as graph:
        found = [
            part async for part in graph.astream("a", config, stream_mode=["updates", "values"])
        ]
        state = await graph.aget_state(config)

    assert found == [("updates", {"graph": "A"}), ("values", "A")]
    assert state.values == "A"
    assert seen() == ["me"]


async def test_a_missing_graph_is_told_with_those_that_are_there(folder: Folder):
    folder.write("broken.py", "1 / 0")
    folder.write(
        "agent.py", "from langchain_core.runnables import RunnableLambda as R\na = b = R(str)"
    )
    graphs = folder.load("agent.py:b", "agent.py:a", "broken.py:c")

    with pytest.raises(NotFound) as lost:
        graphs.get("x")
    with pytest.raises(NotFound) as broken:
        async with graphs.build("c"):
            pass

    assert str(lost.value) == "Graph 'x' not found. Expected one of: ['a', 'b']"
    assert str(broken.value) == "Graph 'c' could not be loaded. Expected one of: ['a', 'b']"


# Factories


FACTORIES = {
    "function": "def graph(): return builder()",
    "compiled": "def graph(): return builder().compile()",
    "async function": "async def graph(): return builder()",
    "awaitable": "async def make(): return builder()\ndef graph(): return make()",
    "lambda": "graph = lambda: builder()",
    "async context manager": "@asynccontextmanager\nasync def graph():\n    yield builder()",
    "context manager": "@contextmanager\ndef graph():\n    yield builder()",
    "async generator": "async def graph():\n    yield builder()",
    "generator": "def graph():\n    yield builder()",
    "async function of a manager": (
        "@asynccontextmanager\nasync def inner():\n    yield builder()\n"
        "async def graph(): return inner()"
    ),
    "callable object": "class Make:\n    def __call__(self): return builder()\ngraph = Make()",
    "method": "class Make:\n    def make(self): return builder()\ngraph = Make().make",
    "partial": "from functools import partial\ngraph = partial(builder, 'x')",
    "default": "def graph(name='x'): return builder(name)",
    "runnable": "def graph(): return RunnableLambda(lambda state: {'text': state['text'] + '!'})",
}


@pytest.mark.parametrize("source", FACTORIES.values(), ids=FACTORIES)
async def test_every_kind_of_factory_makes_graphs(folder: Folder, source: str):
    graphs = folder.agent(source)
    assert graphs.failures == {}
    saver = InMemorySaver()

    assert await run(graphs, {"text": "a"}, THREAD, checkpointer=saver) == {"text": "a!"}
    assert saver.get_tuple(THREAD) is not None
    assert (await graphs.schemas("graph")).input_schema is not None


SIGNATURES: dict[str, list[Any]] = {
    "config": ["config"],
    "config: RunnableConfig": ["config"],
    "anything": ["config"],
    "settings: RunnableConfig": ["config"],
    "settings: RunnableConfig | None = None": ["config"],
    "settings: 'RunnableConfig'": ["config"],
    "config: dict": ["config"],
    "runtime": ["runtime"],
    "rt: ServerRuntime": ["runtime"],
    "rt: 'ServerRuntime'": ["runtime"],
    "rt: 'ServerRuntime[NotThere]'": ["runtime"],
    "rt: Runtime": ["runtime"],
    "config, runtime": ["config", "runtime"],
    "rt: ServerRuntime, cf: RunnableConfig": ["runtime", "config"],
    "config, /, runtime": ["config", "runtime"],
    "*, runtime, config": ["runtime", "config"],
    "config, size: int = 3": ["config", 3],
    "*rest, config, **more": ["config"],
}


@pytest.mark.parametrize("signature", SIGNATURES)
async def test_a_factory_is_given_what_it_wants(folder: Folder, signature: str):
    given = ", ".join(
        part.split(":")[0].split("=")[0].strip(" *")
        for part in signature.split(",")
        if part.strip() not in {"*", "/", "*rest", "**more"}
    )
    graphs = folder.agent(
        f"def graph({signature}):\n    seen.append([{given}])\n    return builder()"
    )
    assert graphs.failures == {}
    config: RunnableConfig = {"configurable": {"who": "me"}, "tags": ["x"]}
    store = InMemoryStore()

    await run(graphs, {"text": "a"}, config, store=store)

    [values] = seen()
    for value, wanted in zip(values, SIGNATURES[signature], strict=True):
        if wanted == "config":
            assert value == config
        elif wanted == "runtime":
            assert value.store is store
        else:
            assert value == wanted


async def test_a_factory_cannot_change_the_config_of_the_run(folder: Folder):
    graphs = folder.agent(
        """
        def graph(config):
            config["configurable"]["added"] = 1
            config["tags"] = ["added"]
            return builder()
        """
    )
    config: RunnableConfig = {"configurable": {"a": 1}}

    await run(graphs, {"text": "a"}, config)

    assert config == {"configurable": {"a": 1}}


@pytest.mark.parametrize(
    ("purpose", "access"),
    [
        ("run", "threads.create_run"),
        ("update", "threads.update"),
        ("read", "threads.read"),
        ("describe", "assistants.read"),
    ],
)
async def test_a_factory_is_told_why_and_for_whom(folder: Folder, purpose: Purpose, access: str):
    graphs = folder.agent("def graph(runtime):\n    seen.append(runtime)\n    return builder()")
    user = object()

    async with graphs.build(
        "graph", {"configurable": {"langgraph_auth_user": user}}, purpose=purpose, context={"a": 1}
    ):
        pass

    [runtime] = seen()
    assert runtime.access_context == access
    assert runtime.user is user
    assert (runtime.execution_runtime is not None) == (purpose == "run")
    assert getattr(runtime, "context", None) == ({"a": 1} if purpose == "run" else None)


async def test_the_context_has_the_type_that_the_factory_asks_for(folder: Folder):
    graphs = folder.agent(
        """
        @dataclass
        class Context:
            size: int
            name: str = "none"
        def graph(runtime: ServerRuntime[Context]):
            seen.append(runtime.context)
            return builder()
        """
    )

    async with graphs.build("graph", context={"size": 3, "unknown": 1}):
        pass
    with pytest.raises(Invalid, match="size: Input should be a valid integer"):
        async with graphs.build("graph", context={"size": "x"}):
            pass

    assert seen() == [sys.modules["agent"].Context(3)]


async def test_each_use_has_a_graph_of_its_own(folder: Folder):
    graphs = folder.agent("def graph():\n    seen.append(1)\n    return builder()")

    await run(graphs, {"text": "a"})
    await run(graphs, {"text": "a"})

    assert len(seen()) == 2


@pytest.mark.parametrize("kind", ["", "async "])
async def test_what_a_factory_opens_is_open_until_the_end(folder: Folder, kind: str):
    graphs = folder.agent(
        f"""
        @{kind.strip()}contextmanager
        {kind}def graph():
            seen.append("open")
            try:
                yield builder()
            finally:
                seen.append("closed")
        """
    )

    async with graphs.build("graph") as graph:
        assert seen() == ["open"]
        await graph.ainvoke({"text": "a"})
        assert seen() == ["open"]
    assert seen() == ["open", "closed"]

    with pytest.raises(ZeroDivisionError):
        async with graphs.build("graph"):
            raise ZeroDivisionError
    assert seen() == ["open", "closed"] * 2


@pytest.mark.parametrize("kind", ["", "async "])
async def test_a_factory_hears_of_an_error_and_cannot_swallow_it(folder: Folder, kind: str):
    graphs = folder.agent(
        f"""
        @{kind.strip()}contextmanager
        {kind}def graph():
            try:
                yield builder()
            except ZeroDivisionError:
                seen.append("told")
        """
    )

    with pytest.raises(ZeroDivisionError):
        async with graphs.build("graph"):
            raise ZeroDivisionError

    assert seen() == ["told"]


async def test_a_factory_is_closed_when_the_run_is_cancelled(folder: Folder):
    graphs = folder.agent(
        """
        @asynccontextmanager
        async def graph():
            try:
                yield builder()
            finally:
                seen.append("closed")
        """
    )
    opened = asyncio.Event()

    async def use() -> None:
        async with graphs.build("graph"):
            opened.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    async with asyncio.timeout(20):
        await opened.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert seen() == ["closed"]


@pytest.mark.parametrize(
    "source",
    [
        "def graph():\n    wait()\n    return builder()",
        "@contextmanager\ndef graph():\n    wait()\n    yield builder()",
    ],
)
async def test_a_factory_that_is_not_async_does_not_hold_up_the_loop(folder: Folder, source: str):
    graphs = folder.agent(
        "import threading\ngate = threading.Event()\nstarted = threading.Event()\n"
        "def wait():\n    started.set()\n    seen.append(threading.current_thread())\n"
        "    assert gate.wait(20)\n" + source
    )
    module: Any = sys.modules["agent"]

    task = asyncio.create_task(run(graphs, {"text": "a"}))
    assert await asyncio.to_thread(module.started.wait, 5)
    assert not task.done()
    module.gate.set()

    assert await task == {"text": "a!"}
    assert threading.main_thread() not in seen()


async def test_the_errors_of_a_factory_pass_through(folder: Folder):
    graphs = folder.agent("def graph(): return 1 / 0")

    with pytest.raises(ZeroDivisionError):
        await run(graphs, {})


async def test_a_factory_that_makes_no_graph_is_told(folder: Folder):
    graphs = folder.agent("async def graph(): return {}")

    with pytest.raises(TypeError, match="this is a dict, and should be a compiled graph"):
        await run(graphs, {})


async def test_a_graph_that_a_factory_compiled_with_its_own_checkpointer_is_warned_about_once(
    folder: Folder, caplog: pytest.LogCaptureFixture
):
    graphs = folder.agent("def graph(): return builder().compile(checkpointer=InMemorySaver())")
    saver = InMemorySaver()

    with caplog.at_level(logging.WARNING):
        await run(graphs, {"text": "a"}, THREAD, checkpointer=saver)
        await run(graphs, {"text": "a"}, THREAD, checkpointer=saver)

    assert len(caplog.messages) == 1
    assert saver.get_tuple(THREAD) is not None


# Descriptions


async def test_the_schemas_of_a_graph(folder: Folder):
    graphs = folder.agent(
        """
        class In(TypedDict):
            text: str
        class Whole(TypedDict):
            text: str
            _count: int
        class Context(TypedDict):
            model: str
        made = StateGraph(Whole, input_schema=In, output_schema=In, context_schema=Context)
        made.add_node("n", node)
        made.add_edge(START, "n")
        graph = made
        """
    )

    found = await graphs.schemas("graph")

    assert properties(found.input_schema) == {"text": "string"}
    assert properties(found.output_schema) == {"text": "string"}
    assert properties(found.state_schema) == {"text": "string", "_count": "integer"}
    assert properties(found.context_schema) == {"model": "string"}
    assert found.config_schema == found.context_schema
    assert await graphs.schemas("graph") is found


def properties(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    assert schema is not None
    return {name: one.get("type") for name, one in schema["properties"].items()}


async def test_the_schemas_of_dicts_of_the_standard_library(folder: Folder):
    graphs = folder.agent(
        """
        import operator
        import typing
        class Inner(typing.TypedDict, total=False):
            size: typing.Required[int]
            kind: typing.Literal["a", "b"]
        class Tree(typing.TypedDict):
            "A tree."
            branches: "list[Tree]"
            fruit: Inner | None
            by_name: dict[str, Inner]
        class Whole(typing.TypedDict):
            found: typing.Annotated[list[Inner], operator.add]
            tree: typing.Optional[Tree]
        class Context(typing.TypedDict):
            model: str
        made = StateGraph(Whole, context_schema=Context)
        made.add_node("n", lambda state: state)
        made.add_edge(START, "n")
        graph = made
        @entrypoint()
        def function(inner: Inner) -> Inner: return inner
        """
    )

    found = await graphs.schemas("graph")
    parts = found.input_schema["$defs"] if found.input_schema else {}

    assert properties(found.input_schema) == {"found": "array", "tree": None}
    assert found.output_schema == found.input_schema
    assert properties(found.state_schema) == {"found": "array", "tree": None}
    assert properties(found.context_schema) == {"model": "string"}
    assert (parts["Inner"]["required"], parts["Inner"]["properties"]["kind"]["enum"]) == (
        ["size"],
        ["a", "b"],
    )
    assert parts["Tree"]["description"] == "A tree."
    assert parts["Tree"]["properties"]["branches"]["items"]["type"] == "object"
    assert {"$ref": "#/$defs/Inner"} in parts["Tree"]["properties"]["fruit"]["anyOf"]

    function = await folder.load("agent.py:function").schemas("function")
    assert properties(function.input_schema) == {"size": "integer", "kind": "string"}
    assert function.output_schema == function.input_schema


async def test_the_schemas_of_a_function_with_entrypoint(folder: Folder):
    graphs = folder.agent("@entrypoint()\ndef graph(text: str) -> int: return len(text)")

    found = await graphs.schemas("graph")

    assert found.input_schema is not None
    assert found.input_schema["type"] == "string"
    assert found.output_schema is not None
    assert found.output_schema["type"] == "integer"
    assert found.state_schema is not None
    assert found.state_schema["type"] == "integer"
    assert found.context_schema is None


async def test_the_schemas_of_a_runnable_are_its_own(folder: Folder):
    graphs = folder.agent(
        """
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_core.runnables import ConfigurableField
        prompt = ChatPromptTemplate.from_template("About {topic}")
        def cut(value: dict, size: int) -> str: return str(value)[:size]
        graph = prompt.configurable_fields(
            messages=ConfigurableField(id="words", name="Words")
        ) | RunnableLambda(lambda prompt: prompt.to_string())
        """
    )
    own: Any = graphs.get("graph").target

    found = await graphs.schemas("graph")

    assert found.input_schema == own.get_input_jsonschema()
    assert found.output_schema == own.get_output_jsonschema()
    assert found.context_schema is not None
    assert list(found.context_schema["properties"]) == ["words"]
    assert found.config_schema == found.context_schema
    assert await run(graphs, {"topic": "x"}) == "Human: About x"


async def test_what_has_no_schema_has_none_and_the_rest_has(folder: Folder):
    graphs = folder.agent(
        """
        class Opaque: ...
        class Mixed(TypedDict):
            text: str
            thing: Opaque
        class Plain(TypedDict):
            text: str
        made = StateGraph(Mixed, output_schema=Plain)
        made.add_node("n", node)
        made.add_edge(START, "n")
        graph = made
        """
    )

    found = await graphs.schemas("graph")

    assert found.input_schema is None
    assert found.state_schema is None
    assert properties(found.output_schema) == {"text": "string"}


async def test_a_factory_is_asked_for_schemas_without_a_run(folder: Folder):
    graphs = folder.agent(
        """
        @asynccontextmanager
        async def graph(config, runtime):
            seen.append((config, runtime.access_context))
            yield builder(config["configurable"].get("name", "x"))
            seen.append("closed")
        """
    )

    first = await graphs.schemas("graph")
    assert await graphs.schemas("graph") is first
    await graphs.schemas("graph", {"configurable": {"name": "y"}})

    assert seen() == [
        ({"configurable": {}}, "assistants.read"),
        "closed",
        ({"configurable": {"name": "y"}}, "assistants.read"),
        "closed",
    ]


async def test_the_drawing_of_a_graph(folder: Folder):
    graphs = folder.agent(
        """
        inner = builder("inner").compile()
        made = builder()
        made.add_node("child", inner)
        made.add_conditional_edges("shout", lambda state: "yes", {"yes": "child", "no": END})
        graph = made
        """
    )

    flat = await graphs.drawing("graph")
    deep = await graphs.drawing("graph", xray=True)
    shallow = await graphs.drawing("graph", xray=1)

    shout = {"id": ["langgraph", "_internal", "_runnable", "RunnableCallable"], "name": "shout"}
    assert {"id": "shout", "type": "runnable", "data": shout} in flat["nodes"]
    assert {"id": "__end__"} in flat["nodes"]
    assert {"source": "shout", "target": "child", "conditional": True, "data": "yes"} in flat[
        "edges"
    ]
    assert "child" in {node["id"] for node in flat["nodes"]}
    assert "child:inner" in {node["id"] for node in shallow["nodes"]}
    assert deep == shallow


async def test_the_drawing_of_a_runnable_has_one_node(folder: Folder):
    graphs = folder.agent("graph = RunnableLambda(str.upper) | RunnableLambda(str.lower)")

    drawn = await graphs.drawing("graph")

    assert sorted(node["id"] for node in drawn["nodes"]) == ["__end__", "__start__", "graph"]


async def test_the_subgraphs_of_a_graph(folder: Folder):
    graphs = folder.agent(
        """
        leaf = builder("leaf").compile()
        middle = builder("middle")
        middle.add_node("c2", leaf)
        middle.add_edge("middle", "c2")
        graph = builder("top")
        graph.add_node("c1", middle.compile())
        graph.add_edge("top", "c1")
        """
    )

    assert list(await graphs.subgraphs("graph")) == ["c1"]
    assert list(await graphs.subgraphs("graph", recurse=True)) == ["c1", "c1|c2"]
    assert list(await graphs.subgraphs("graph", namespace="c1|c2")) == ["c1|c2"]
    assert await graphs.subgraphs("graph", namespace="nowhere") == {}
    found = await graphs.subgraphs("graph", namespace="c1")
    assert properties(found["c1"].input_schema) == {"text": "string"}
