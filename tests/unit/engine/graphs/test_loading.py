import sys
from pathlib import Path

from langgraph.pregel import Pregel

from moorage.domain.graphs import GraphReference
from moorage.engine.graphs import Factory, Graphs
from tests.unit.engine.graphs.conftest import IMPORTS, Folder


def test_a_file_is_imported_under_the_name_that_other_modules_use(folder: Folder):
    folder.write("pack/__init__.py", "")
    folder.write("pack/names.py", "from langchain_core.runnables import RunnableLambda\nruns = []")
    folder.write(
        "pack/agent.py",
        """
        from .names import RunnableLambda, runs
        runs.append(__name__)
        graph = RunnableLambda(str.upper)
        """,
    )
    folder.write("other.py", "from pack.agent import graph\nfrom pack.names import runs")

    graphs = folder.load("other.py:graph", "pack/agent.py:graph")

    assert graphs.ids == ("graph",)
    assert sys.modules["other"].runs == ["pack.agent"]
    assert graphs.get("graph").target is sys.modules["pack.agent"].graph


def test_files_of_one_name_do_not_take_each_others_place(folder: Folder):
    for name in ("one", "two"):
        folder.write(f"{name}/agent.py", f"{IMPORTS}\n{name} = builder('{name}')")
        sys.path.append(str(folder.path / name))
    folder.write("with-dash/json.py", f"{IMPORTS}\nthree = builder('three')")
    folder.write("json.py", f"{IMPORTS}\nfour = builder('four')")

    references = ("one/agent.py:one", "two/agent.py:two", "with-dash/json.py:three", "json.py:four")
    graphs = folder.load(*references)

    assert graphs.ids == ("one", "two", "three", "four")
    assert graphs.get("three").target is not graphs.get("four").target
    again = folder.load(*references)
    assert all(again.get(one).target is graphs.get(one).target for one in graphs.ids)


def test_a_folder_that_is_a_package_and_a_place_to_import_from_stays_a_package(folder: Folder):
    folder.write("pack/__init__.py", "")
    folder.write("pack/agent.py", f"{IMPORTS}\nfrom . import __name__ as graph_of\ngraph = node")
    sys.path.append(str(folder.path / "pack"))

    folder.load("pack/agent.py:graph")

    assert sys.modules["pack.agent"].graph_of == "pack"


def test_an_installed_package_is_not_imported_for_a_folder_of_its_name(folder: Folder):
    folder.write("this/agent.py", f"{IMPORTS}\ngraph = builder()")

    assert folder.load("this/agent.py:graph").ids == ("graph",)

    assert "this" not in sys.modules


def test_a_module_is_imported_by_its_name(folder: Folder):
    folder.write("pack/inner.py", f"{IMPORTS}\ngraph = builder()")

    assert folder.load("pack.inner:graph").ids == ("graph",)


def test_the_kinds_are_told_apart(folder: Folder):
    folder.write(
        "agent.py",
        IMPORTS
        + """
uncompiled = builder()
compiled = builder().compile()
@entrypoint()
def functional(text: str) -> str:
    return text
runnable = RunnableLambda(str.upper)
def factory(): return builder()
""",
    )

    names = ("uncompiled", "compiled", "functional", "runnable", "factory")
    graphs = folder.load(*(f"agent.py:{name}" for name in names))

    assert graphs.failures == {}
    assert [type(graphs.get(name).made) is Factory for name in names] == [
        *[False] * 4,
        True,
    ]
    assert graphs.get("compiled").made is graphs.get("compiled").target
    assert all(isinstance(graphs.get(name).made, Pregel) for name in names[:4])


def test_a_description_goes_with_the_graph(folder: Folder):
    folder.write("agent.py", f"{IMPORTS}\ngraph = builder()")
    target = folder.reference("agent.py:graph").target

    graphs = Graphs.load([GraphReference("a", target, "Shouts.")])

    assert graphs.get("a").description == "Shouts."


def test_a_graph_that_fails_leaves_the_others(folder: Folder):
    folder.write(
        "broken.py", "import langgraph\n\ndef inner():\n    raise ValueError('no key')\ninner()"
    )
    folder.write("agent.py", f"{IMPORTS}\ngraph = builder()")

    graphs = folder.load("broken.py:bad", "agent.py:graph")

    assert graphs.ids == ("graph",)
    failure = graphs.failures["bad"]
    assert failure.reason == "ValueError: no key"
    assert failure.traceback == (
        "Traceback (most recent call last):\n"
        f'  File "{folder.path}/broken.py", line 5, in <module>\n'
        "    inner()\n"
        f'  File "{folder.path}/broken.py", line 4, in inner\n'
        "    raise ValueError('no key')\n"
        "ValueError: no key\n"
    )


def test_a_broken_file_is_not_left_half_imported(folder: Folder):
    folder.write("with-dash/agent.py", "graph = 1 / 0")
    assert folder.load("with-dash/agent.py:graph").failures
    folder.write("with-dash/agent.py", f"{IMPORTS}\ngraph = builder()")

    assert folder.load("with-dash/agent.py:graph").ids == ("graph",)


def test_lines_of_libraries_are_left_out(folder: Folder):
    failure = folder.failure("graph = RunnableLambda(5)")

    assert "agent.py" in failure.traceback
    assert "langchain_core" not in failure.traceback.partition("TypeError")[0]
    assert "importlib" not in failure.traceback
    assert failure.reason.startswith("TypeError: Expected a callable type for `func`.")


def test_causes_are_told_with_the_users_lines_only(folder: Folder):
    failure = folder.failure(
        """
        try:
            RunnableLambda(5)
        except TypeError as error:
            raise RuntimeError("outer") from error
        """
    )

    assert failure.reason == "RuntimeError: outer"
    assert "TypeError" in failure.traceback
    assert "site-packages" not in failure.traceback


def test_an_error_in_the_syntax_shows_the_line(folder: Folder):
    folder.write("agent.py", "graph = (\n")

    failure = folder.load("agent.py:graph").failures["graph"]

    assert failure.reason == "SyntaxError: '(' was never closed"
    assert f'File "{folder.path}/agent.py", line 1' in failure.traceback


def test_a_module_that_ends_the_process_is_a_failure(folder: Folder):
    failure = folder.failure("raise SystemExit(3)")

    assert failure.reason == "SystemExit: 3"


def test_a_missing_module_of_the_user_is_told_with_the_line(folder: Folder):
    failure = folder.failure("import not_there_at_all")

    assert failure.reason == "ModuleNotFoundError: No module named 'not_there_at_all'"
    assert "import not_there_at_all" in failure.traceback


def test_what_is_not_there_is_told_without_a_traceback(folder: Folder):
    folder.write("agent.py", "")

    graphs = folder.load("agent.py:lost", "nowhere.at_all:gone")

    assert [(one.reason, one.traceback) for one in graphs.failures.values()] == [
        ("agent.py:lost: agent.py has no lost", ""),
        ("nowhere.at_all:gone: there is no module nowhere", ""),
    ]


def test_what_is_no_graph_is_told(folder: Folder):
    should = (
        "and should be a compiled graph, a StateGraph, a function with @entrypoint or another"
        " runnable"
    )

    assert folder.failure("graph = {}").reason == f"this is a dict, {should}"


def test_a_builder_that_cannot_be_compiled_is_told(folder: Folder):
    failure = folder.failure("graph = StateGraph(State)")

    assert failure.reason.startswith("ValueError: Graph must have an entrypoint")
    assert "in compile" in failure.traceback
    assert "moorage" not in failure.traceback.replace(str(folder.path), "")


def test_a_function_that_wants_something_else_is_told(folder: Folder):
    failure = folder.failure("def graph(config, model, size: int): ...")

    assert failure.reason == (
        "its function wants model, size; a function that makes a graph may take"
        " config: RunnableConfig and runtime: ServerRuntime"
    )
    assert failure.traceback == ""


def test_the_modules_of_a_project_can_be_imported_from_a_link(folder: Folder, tmp_path: Path):
    folder.write("real/agent.py", f"{IMPORTS}\ngraph = builder()")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    sys.path.append(str(tmp_path / "link"))

    assert folder.load("real/agent.py:graph").ids == ("graph",)
