import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.domain.graphs import GraphReference
from moorage.errors import Misconfigured
from moorage.importing import ObjectReference
from moorage.project import Project, read
from moorage.project.sections import HeaderPatterns, Sections, keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agent.py").write_text("graph = None\n")
    return tmp_path


def project(folder: Path, variables: dict[str, str] | None = None, **sections: Any) -> Project:
    content = {"graphs": {"agent": "./agent.py:graph"}, **sections}
    (folder / "langgraph.json").write_text(json.dumps(content))
    return read(folder, variables or {})


def problems(folder: Path, variables: dict[str, str] | None = None, **sections: Any) -> list[str]:
    """Return the lines about a project, without the file's name."""
    with pytest.raises(Misconfigured) as caught:
        project(folder, variables, **sections)
    return [line.removeprefix("langgraph.json: ") for line in str(caught.value).splitlines()]


def warnings(folder: Path, **sections: Any) -> list[str]:
    return [line.removeprefix("langgraph.json: ") for line in project(folder, **sections).warnings]


# Graphs


def test_a_graph_is_a_file_or_a_module_with_a_name(folder: Path):
    found = project(
        folder,
        graphs={
            "file": "./agent.py:graph",
            "bare": "agent.py:graph",
            "module": "package.inner:make",
            "table": {"path": "./agent.py:other", "description": "Answers."},
        },
    )

    file = folder / "agent.py"
    assert found.graphs == (
        GraphReference("file", ObjectReference(file, "graph", "./agent.py:graph")),
        GraphReference("bare", ObjectReference(file, "graph", "agent.py:graph")),
        GraphReference("module", ObjectReference("package.inner", "make", "package.inner:make")),
        GraphReference("table", ObjectReference(file, "other", "./agent.py:other"), "Answers."),
    )
    assert found.warnings == ()


MEND = "write for example ./agent.py:graph"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("./agent.py", f"it does not say which object of the file; {MEND}"),
        ("./agent.py:", f"what follows the colon should be the name of a Python object; {MEND}"),
        ("./agent.py:a.b", f"what follows the colon should be the name of a Python object; {MEND}"),
        ("no-module:graph", f"what precedes the colon is neither a file nor a module; {MEND}"),
        ("./lost.py:graph", "there is no file ./lost.py; mend the path"),
        ("./sub:graph", "./sub is a folder; name a file in it: ./sub/agent.py:graph"),
        ("./notes.txt:graph", f"./notes.txt is no Python file; {MEND}"),
        (
            "../agent.py:graph",
            (
                "../agent.py lies outside the project and its local dependencies; add its folder to"
                " dependencies"
            ),
        ),
        (
            "./agent.ts:graph",
            (
                "./agent.ts is JavaScript, and moorage serves Python; remove it here and serve"
                " it with"
                " a JavaScript server"
            ),
        ),
        (
            "./agent.mjs",
            (
                "./agent.mjs is JavaScript, and moorage serves Python; remove it here and serve"
                " it with"
                " a JavaScript server"
            ),
        ),
        (5, f"it should be a reference to a graph, or a table with its path; {MEND}"),
    ],
)
def test_a_wrong_graph_is_told(folder: Path, written: Any, says: str):
    (folder / "sub").mkdir()
    (folder / "notes.txt").touch()

    assert problems(folder, graphs={"agent": written}) == [f"graphs.agent: {says}"]


def test_a_wrong_path_in_a_table_is_told_with_its_key(folder: Path):
    assert problems(folder, graphs={"a": {"path": "./x.py:g"}, "b": {"description": "x"}}) == [
        "graphs.a.path: there is no file ./x.py; mend the path",
        'graphs.b.path: it must be set; write for example "./agent.py:graph"',
    ]


def test_an_id_must_fit_into_a_path(folder: Path):
    assert problems(folder, graphs={"a/b": "./agent.py:graph"}) == [
        (
            "graphs.a/b: an id begins with a letter or digit, and has only these and . _ - @ and"
            " blanks; choose another"
        )
    ]


def test_there_must_be_a_graph(folder: Path):
    assert problems(folder, graphs={}) == [
        'graphs: it names no graph; write for example {"agent": "./agent.py:graph"}'
    ]
    (folder / "langgraph.json").write_text("{}")
    with pytest.raises(Misconfigured, match="graphs: it must be set"):
        read(folder, {})


# The file


def test_comments_are_accepted_and_the_file_can_have_any_name(folder: Path):
    (folder / "other.jsonc").write_text('{"graphs": {"a": "./agent.py:graph",}, /* x */}')

    found = read(folder / "other.jsonc", {})

    assert [graph.id for graph in found.graphs] == ["a"]
    assert found.file == folder / "other.jsonc"
    assert found.folder == folder


def test_a_lost_file_is_told(folder: Path):
    with pytest.raises(Misconfigured) as caught:
        read(folder, {})

    assert str(caught.value) == (
        f"{folder}/langgraph.json: there is no such file; make it or name another"
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "langgraph.json: it is not JSON (line 1, column 2: expecting property name"),
        (b"[]", "langgraph.json: it should be a table; write for example {…}"),
        (b"\xff", "cannot be read (it is not UTF-8 text); mend it"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(folder: Path, content: bytes, says: str):
    (folder / "langgraph.json").write_bytes(content)

    with pytest.raises(Misconfigured) as caught:
        read(folder, {})

    assert says in str(caught.value)


def test_all_problems_are_told_at_once_and_no_value_is(folder: Path):
    found = problems(
        folder,
        dependencies=["./lost", 5],
        graphs={"agent": "./lost.py:graph"},
        env={"SECRET": ["hunter2"]},
        store={"index": {"dims": 0}, "ttl": {"default_ttl": -1}},
        checkpointer={"ttl": {"strategy": "hunter2"}, "serde": {"allowed_json_modules": "hunter2"}},
        http={
            "app": "./lost.py:app",
            "cors": {"max_age": "hunter2", "allow_origin_regex": "("},
            "mount_prefix": "hunter2",
            "disable_store": 1,
        },
        auth={"path": "hunter2", "cache": {"ttl_seconds": True}},
        webhooks={"headers": {"x": 5}},
    )

    assert found == [
        "dependencies[0]: there is no folder ./lost; mend or remove it",
        'dependencies[1]: it should be a valid string; write for example [".", "langchain-openai"]',
        "graphs.agent: there is no file ./lost.py; mend the path",
        "env: the variables SECRET should be text, numbers or true or false; mend them",
        "store.index.dims: it should be greater than 0; write for example 1536",
        'store.index.embed: it must be set; write for example "openai:text-embedding-3-small"',
        "store.ttl.default_ttl: it should be a number of minutes above 0; write for example 60",
        (
            "checkpointer.ttl.strategy: it should be 'delete' or 'keep_latest'; write for example"
            ' "delete"'
        ),
        (
            "checkpointer.serde.allowed_json_modules: it should be true, false, null or a list"
            " of lists"
            ' of names; write for example [["my_agent.models", "State"]]'
        ),
        "http.app: there is no file ./lost.py; mend the path",
        "http.disable_store: it should be a valid boolean; write for example true",
        (
            "http.cors.allow_origin_regex: it is no regular expression; write for example"
            r" https://.*\.example\.com"
        ),
        "http.cors.max_age: it should be a valid integer; write for example 600",
        (
            "http.mount_prefix: it should be a path that begins with / and has no end; write for"
            " example /api"
        ),
        f"auth.path: it does not say which object of the file; {MEND}",
        "auth.cache.ttl_seconds: it should be a number of seconds above 0; write for example 300",
        (
            "webhooks.headers.x: it should be a valid string; write for example"
            ' {"Authorization": "Bearer ${{ env.LG_WEBHOOK_TOKEN }}"}'
        ),
    ]


def test_a_section_that_is_no_table_is_told(folder: Path):
    assert problems(folder, http="x", graphs=[]) == [
        'graphs: it should be a table; write for example {"agent": "./agent.py:graph"}',
        "http: it should be a table; mend it",
    ]


def test_unknown_keys_are_warned_about_with_the_nearest_name(folder: Path):
    assert warnings(
        folder,
        graphs={"agent": {"path": "./agent.py:graph", "desciption": "x"}},
        graphz={},
        http={"cors": {"allow_origin": ["*"]}, "xyzzy": 1},
    ) == [
        (
            "graphs.agent.desciption: there is no such key, and it is ignored; did you mean"
            " description?"
        ),
        "graphz: there is no such key, and it is ignored; did you mean graphs?",
        (
            "http.cors.allow_origin: there is no such key, and it is ignored; did you mean"
            " allow_origins?"
        ),
        "http.xyzzy: there is no such key, and it is ignored",
    ]


def test_keys_that_are_not_supported_yet_are_warned_about(folder: Path):
    assert warnings(folder, ui={"agent": "./ui.tsx"}, encryption={"path": "./x.py:y"}) == [
        "ui: this is not supported yet, and ignored",
        "encryption: this is not supported yet, and ignored",
    ]


def test_keys_for_building_images_and_schemas_are_accepted_in_silence(folder: Path):
    assert not warnings(
        folder,
        **{"$schema": "https://x", "_INTERNAL_docker_tag": "x"},
        python_version="3.12",
        node_version="20",
        api_version="0.8",
        base_image="x",
        image_distro="wolfi",
        pip_config_file="pip.conf",
        pip_installer="uv",
        dockerfile_lines=["RUN id"],
        keep_pkg_tools=True,
        source={"kind": "uv", "root": "..", "package": "agent"},
    )


def test_null_counts_as_not_written(folder: Path):
    found = project(folder, store=None, http={"cors": None, "mount_prefix": None}, env=None)

    assert found.http.mount_prefix == ""
    assert found.warnings == ()


# The sections


def test_the_sections_are_read(folder: Path):
    found = project(
        folder,
        store={
            "index": {"dims": 4, "embed": "./agent.py:embed", "fields": ["a"]},
            "ttl": {"default_ttl": 1.5, "refresh_on_read": False},
        },
        checkpointer={
            "path": "./agent.py:saver",
            "ttl": {"strategy": "keep_latest", "default_ttl": 60, "sweep_interval_minutes": 5},
            "serde": {"allowed_msgpack_modules": None, "allowed_json_modules": [["a", "B"]]},
        },
        http={
            "app": "./agent.py:app",
            "cors": {"allow_origins": ["https://a"], "max_age": 5},
            "mount_prefix": "/api/",
            "middleware_order": "auth_first",
        },
        auth={"path": "./agent.py:auth", "openapi": {"security": [{"key": []}]}},
        webhooks={"url": {"allowed_ports": [443], "disable_loopback": False}},
    )

    def reference(name: str) -> ObjectReference:
        return ObjectReference(folder / "agent.py", name, f"./agent.py:{name}")

    assert found.store.index is not None
    assert found.store.index.embed == reference("embed")
    assert found.store.ttl is not None
    assert found.store.ttl.default_ttl == timedelta(seconds=90)
    assert found.store.ttl.refresh_on_read is False
    assert found.checkpointer.path == reference("saver")
    assert found.checkpointer.ttl is not None
    assert found.checkpointer.ttl.strategy == "keep_latest"
    assert found.checkpointer.serde.allowed_msgpack_modules is None
    assert found.checkpointer.serde.allowed_json_modules == (("a", "B"),)
    assert found.http.app == reference("app")
    assert found.http.cors is not None
    assert found.http.cors.allow_origins == ("https://a",)
    assert found.http.mount_prefix == "/api"
    assert found.http.middleware_order == "auth_first"
    assert found.auth is not None
    assert found.auth.path == reference("auth")
    assert found.auth.openapi is not None
    assert found.auth.openapi.security == ({"key": []},)
    assert found.webhooks.url.allowed_ports == (443,)
    assert found.webhooks.url.disable_loopback is False
    assert found.warnings == (
        "langgraph.json: checkpointer.path: this is not supported yet, and ignored",
    )


def test_a_model_for_embeddings_stays_as_it_is_written(folder: Path):
    found = project(folder, store={"index": {"dims": 4, "embed": "openai:small"}})

    assert found.store.index is not None
    assert found.store.index.embed == "openai:small"


@pytest.mark.parametrize(
    "headers",
    [
        {"configurable_headers": {"includes": ["X-Tenant*", "*key"], "excludes": ["*-secret"]}},
        {"configurable-headers": {"include": ["x-tenant*", "*KEY"], "exclude": ["*-SECRET"]}},
    ],
)
def test_both_spellings_of_the_headers_are_accepted(folder: Path, headers: dict[str, Any]):
    found = project(folder, http=headers)

    names = ["x-tenant-id", "x-tenant-a", "X-TENANT-B", "x-tenant-secret", "x-api-key", "other"]
    assert [name for name in names if found.http.gives_to_runs(name)] == [
        "x-tenant-a",
        "X-TENANT-B",
    ]
    assert found.warnings == ()


def test_runs_get_a_key_of_the_service_only_where_it_is_named(folder: Path):
    assert not project(folder).http.gives_to_runs("x-user")
    named = project(folder, http={"configurable_headers": {"includes": ["X-Api-Key"]}})
    assert named.http.gives_to_runs("x-api-key")


def test_patterns_choose_nothing_by_themselves():
    assert not HeaderPatterns().choose("x")


def test_webhook_headers_get_their_variables(folder: Path):
    found = project(
        folder,
        {"LG_WEBHOOK_B": "b", "LG_WEBHOOK_C": "process"},
        env={"LG_WEBHOOK_A": 1, "LG_WEBHOOK_C": "file"},
        webhooks={
            "headers": {
                "x": "${{ env.LG_WEBHOOK_A }}-${{env.LG_WEBHOOK_B}}",
                "y": "${{ env.LG_WEBHOOK_C }}",
                "z": "plain",
            }
        },
    )

    assert found.webhook_headers == {"x": "1-b", "y": "process", "z": "plain"}
    assert "process" not in repr(found)


def test_webhook_headers_get_no_other_variables(folder: Path):
    assert problems(folder, {"SECRET": "x"}, webhooks={"headers": {"x": "${{ env.SECRET }}"}}) == [
        (
            "webhooks: headers use SECRET, and variables there begin with LG_WEBHOOK_; rename"
            " them, or"
            " change env_prefix"
        )
    ]
    assert problems(folder, webhooks={"headers": {"x": "${{ env.LG_WEBHOOK_A }}"}}) == [
        "webhooks: headers use LG_WEBHOOK_A, which is not set; set it"
    ]


# Variables


@pytest.fixture
def environment() -> Iterator[None]:
    before, paths = dict(os.environ), list(sys.path)
    yield
    os.environ.clear()
    os.environ.update(before)
    sys.path[:] = paths


@pytest.mark.usefixtures("environment")
def test_variables_are_given_to_the_process_and_do_not_override(folder: Path):
    os.environ.update({"P_SET": "process", "P_EMPTY": ""})

    found = project(folder, env={"P_SET": "x", "P_EMPTY": "y", "P_FLAG": True, "P_NUMBER": 1.5})
    assert "P_FLAG" not in os.environ
    found.apply()

    assert {name: os.environ[name] for name in found.environment} == {
        "P_SET": "process",
        "P_EMPTY": "y",
        "P_FLAG": "true",
        "P_NUMBER": "1.5",
    }


@pytest.mark.usefixtures("environment")
def test_a_file_of_variables_is_read(folder: Path):
    (folder / ".env").write_text("# x\nP_A=one\nexport P_B='two three'\nP_C=${P_A}-${P_D}\nP_E\n")
    os.environ["P_D"] = "four"

    found = project(folder, env=".env")

    assert found.environment == {"P_A": "one", "P_B": "two three", "P_C": "one-four"}


def test_a_lost_file_of_variables_is_warned_about(folder: Path):
    assert warnings(folder, env=".env") == [
        "env: there is no file .env; make it, or remove the key"
    ]


def test_a_wrong_line_of_variables_is_told_without_the_line(folder: Path):
    (folder / ".env").write_text("A=1\nhunter 2\n")

    assert problems(folder, env=".env", http=1) == [
        "env: line 2 of .env is not of the form NAME=value; mend it",
        "http: it should be a table; mend it",
    ]


def test_a_folder_as_file_of_variables_is_told(folder: Path):
    assert problems(folder, env=".") == ["env: . cannot be read (Is a directory); mend it"]


def test_variables_stand_for_parts_of_the_file(folder: Path):
    found = project(
        folder,
        {
            "LANGSERVE_GRAPHS": '{"other": "./agent.py:other"}',
            "LANGGRAPH_HTTP": '{"mount_prefix": "/v"}',
            "LANGGRAPH_THREAD_TTL": '{"default_ttl": 5}',
        },
        checkpointer={"path": "./agent.py:saver"},
        http={"disable_store": True},
    )

    assert [graph.id for graph in found.graphs] == ["other"]
    assert found.http.mount_prefix == "/v"
    assert not found.http.disable_store
    assert found.checkpointer.path is not None
    assert found.checkpointer.ttl is not None
    assert found.checkpointer.ttl.default_ttl == timedelta(minutes=5)


def test_there_need_be_no_file_where_variables_name_the_graphs(folder: Path):
    whole = {"graphs": {"a": "./agent.py:graph"}, "store": {"ttl": {"default_ttl": 1}}}

    found = read(folder, {"AGENT_SERVER_CONFIG": json.dumps(whole)})

    assert found.file is None
    assert found.folder == folder
    assert [graph.id for graph in found.graphs] == ["a"]
    assert found.store.ttl is not None


def test_a_problem_in_a_variable_names_it(folder: Path):
    assert problems(
        folder,
        {"LANGGRAPH_HTTP": '{"cors": {"max_age": "x"}}', "LANGGRAPH_THREAD_TTL": "[]"},
    ) == [
        "LANGGRAPH_THREAD_TTL: checkpointer.ttl: it should be a table; mend it",
        "LANGGRAPH_HTTP: http.cors.max_age: it should be a valid integer; write for example 600",
    ]
    assert problems(folder, {"LANGGRAPH_HTTP": "{"}) == [
        (
            "LANGGRAPH_HTTP: it is not JSON (line 1, column 2: expecting property name enclosed in"
            " double quotes); mend it"
        )
    ]


def test_a_warning_about_a_variable_names_it(folder: Path):
    found = project(folder, {"LANGGRAPH_HTTP": '{"corz": 1}'})

    assert found.warnings == (
        "LANGGRAPH_HTTP: http.corz: there is no such key, and it is ignored; did you mean cors?",
    )


# Dependencies


@pytest.mark.usefixtures("environment")
def test_local_folders_are_imported_from(tmp_path: Path):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/agent.py").touch()
    for name in ("flat", "layout/src", "package"):
        (tmp_path / "libs" / name).mkdir(parents=True)
    (tmp_path / "libs/package/__init__.py").touch()
    (tmp_path / "libs/package/graph.py").touch()

    found = project(
        tmp_path / "deploy",
        dependencies=[".", "../libs/flat", "../libs/layout", "../libs/package"],
        graphs={"agent": "../libs/package/graph.py:graph"},
    )
    found.apply()
    found.apply()

    added = [
        tmp_path / "deploy",
        tmp_path / "libs/flat",
        tmp_path / "libs/layout",
        tmp_path / "libs/layout/src",
        tmp_path / "libs",
        tmp_path / "libs/package",
    ]
    assert found.import_paths == tuple(added)
    assert sys.path[-6:] == [str(path) for path in added]


def test_the_folder_of_the_file_is_always_imported_from(folder: Path):
    assert project(folder).import_paths == (folder,)


def test_distributions_that_are_missing_are_warned_about(folder: Path):
    assert warnings(
        folder,
        dependencies=[
            "langgraph",
            "pydantic>=2",
            "not-there[extra]>=2",
            "langgraph<1",
            "not-on-this; python_version < '3'",
            "git+https://example.com/x.git",
        ],
    ) == [
        (
            "dependencies: not-there[extra]>=2: not-there is not installed; run pip install"
            " 'not-there[extra]>=2'"
        ),
        (
            f"dependencies: langgraph<1: langgraph<1 is asked for and {version('langgraph')} is"
            " installed; run pip install 'langgraph<1'"
        ),
    ]


def test_what_requirements_ask_for_is_checked(folder: Path):
    (folder / "requirements.txt").write_text(
        "# all\nlanggraph>=1 # here\nnot-there==1 \\\n  --hash=sha256:00\n-r more.txt\n-e .\n./x\n"
        "--index-url https://example.com\nother @ https://example.com/other.zip\n"
    )
    (folder / "more.txt").write_text("-r requirements.txt\nnor-there\n")

    assert warnings(folder, dependencies=["."]) == [
        (
            "dependencies: requirements.txt: not-there is not installed, nor-there is not"
            " installed,"
            " other is not installed; run pip install -r requirements.txt"
        )
    ]


def test_what_a_manifest_asks_for_is_checked(folder: Path):
    (folder / "lib").mkdir()
    (folder / "lib/pyproject.toml").write_text(
        '[project]\nname = "lib"\ndependencies = ["langgraph", "not-there>1"]\n'
        "[tool.poetry.dependencies]\npython = '^3.11'\nnor-there = '^1'\n"
    )
    (folder / "broken").mkdir()
    (folder / "broken/pyproject.toml").write_text("[")

    first, second = warnings(folder, dependencies=["./lib", "./broken"])

    assert first == (
        "dependencies: ./lib/pyproject.toml: not-there is not installed, nor-there is not"
        " installed; run pip install ./lib"
    )
    assert second.startswith("dependencies: ./broken/pyproject.toml: cannot be read (")


def test_a_file_of_requirements_may_be_a_dependency(folder: Path):
    (folder / "needs.txt").write_text("not-there\n")

    assert warnings(folder, dependencies=["./needs.txt"]) == [
        "dependencies: ./needs.txt: not-there is not installed; run pip install -r ./needs.txt"
    ]


def test_a_folder_without_a_dot_is_told(folder: Path):
    (folder / "lib").mkdir()

    assert warnings(folder, dependencies=["lib"]) == [
        "dependencies: lib: this is a package's name; for the folder of that name, write ./lib"
    ]


@pytest.mark.parametrize("path", ["./a\0", "./" + 5000 * "a"])
def test_what_cannot_be_a_path_is_told(folder: Path, path: str):
    assert problems(folder, dependencies=[path], graphs={"agent": f"{path}:x"}, env=path) == [
        "dependencies[0]: it is no path that can be read; mend or remove it",
        "env: it is no path that can be read; write for example .env",
        f"graphs.agent: it is no path that can be read; {MEND}",
    ]


@pytest.mark.parametrize("env", [{"": "x"}, {"A=B": "x"}, {"A\0": "x"}, {"A": "\0"}])
def test_what_cannot_be_a_variable_is_told(folder: Path, env: dict[str, str]):
    assert problems(folder, env=env) == ["env: a name or a value is none of a variable; mend it"]


# Anything

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
REFERENCES = st.text() | st.text(alphabet="./:\x00~agentpy", max_size=12) | JSON


@st.composite
def anything(draw: st.DrawFn, section: Any = Sections) -> dict[str, Any]:
    """Return a section whose keys exist and hold anything."""
    content: dict[str, Any] = draw(st.dictionaries(st.text(), JSON, max_size=1))
    for key in draw(st.lists(st.sampled_from(list(keys(section))), max_size=4)):
        inner = anything(key.section) if key.section else REFERENCES
        value = st.dictionaries(st.text(), inner | REFERENCES, max_size=2) if key.repeats else inner
        content[key.name] = draw(value | st.lists(REFERENCES, max_size=2) | REFERENCES)
    return content


@given(anything())
@settings(deadline=None, max_examples=200)
def test_whatever_a_file_says_is_a_project_or_its_problems(content: dict[str, Any]):
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "langgraph.json"
        file.write_text(json.dumps(content))
        with contextlib.suppress(Misconfigured):
            assert read(file, {}).graphs
