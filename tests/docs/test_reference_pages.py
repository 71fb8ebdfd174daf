"""The pages that list names list all of them, and none that is not there."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from moorage import Settings, add_routes, create_app
from moorage.project import read as read_project
from moorage.protocols.langserve.operations import OPERATIONS
from moorage.protocols.langserve.options import SWITCHABLE
from tests.docs.pages import ROOT, code, pages, read

ENDPOINTS = "docs/reference/endpoints.md"
# What exists only once it was made, or is no file.
MADE = {
    ".moorage/feedback.db",
    ".moorage/moorage.db",
    "../c/N4XyA/input_schema",
    "../invoke",
    "application/json",
    "agents/project",
    "benchmarks/.langgraph-dev",
    "benchmarks/.peer",
    "benchmarks/results/",
    "playground/",
    "playground/index.html",
    "src/moorage/_pages/",
    "text/html",
    "users/ada",
}

# What serves pages and not programs.
UNLISTED = {(method, "/playground/") for method in ("GET", "HEAD", "POST")}


def section(page: str, heading: str) -> str:
    """Return what stands under one heading, up to the next of its level."""
    level = heading.partition(" ")[0]
    _, _, rest = read(page).partition(f"\n{heading}\n")
    assert rest, f"{page} has no {heading}"
    return re.split(rf"^{level} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of a table that begins with a name in backticks."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def endpoints(heading: str) -> dict[tuple[str, str], list[str]]:
    """Return the further cells of each method and path under a heading."""
    found = (row for row in rows(section(ENDPOINTS, heading)) if row[1].startswith("`/"))
    return {(row[0].strip("`"), row[1].strip("`")): row[2:] for row in found}


def document() -> dict[str, Any]:
    """Return the OpenAPI document of a service with every operation switched on."""
    app = create_app(Settings.parse({}))
    add_routes(
        app,
        RunnableLambda(lambda x: x).with_types(input_type=str),
        path="/one",
        enable_feedback_endpoint=True,
        enable_public_trace_link_endpoint=True,
    )
    return app.openapi()


def operations(prefix: str) -> set[tuple[str, str]]:
    return {
        (method.upper(), path.removeprefix(prefix))
        for path, methods in document()["paths"].items()
        for method in methods
        if path.startswith(f"{prefix}/") and ("/c/" in prefix or "/c/" not in path)
    }


def routed(app: Any) -> set[tuple[str, str]]:
    """Return the method and path of every route of an application, included ones too."""
    found = set()
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        for one in inner.routes if inner else [route]:
            found |= {(method, one.path) for method in one.methods}
    return found


def test_the_endpoints_of_a_runnable_are_those_that_are_published():
    published = {(one.method, one.path) for one in OPERATIONS}

    assert set(endpoints("## Of a runnable")) == published


def test_the_endpoints_of_a_runnable_are_those_of_the_openapi_document():
    listed = set(endpoints("## Of a runnable"))

    assert listed - UNLISTED == operations("/one")


def test_the_endpoints_with_a_hash_are_those_of_the_openapi_document():
    listed = {one for one, cells in endpoints("## Of a runnable").items() if cells[0] == "c"}

    assert listed - UNLISTED == operations("/one/c/{config_hash}")


def test_the_keys_of_each_body_are_those_of_the_openapi_document():
    known = document()
    models = known["components"]["schemas"]

    for (method, path), (_, body, _) in endpoints("## Of a runnable").items():
        if not body:
            continue
        operation = known["paths"][f"/one{path}"][method.lower()]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        keys = set(models[schema["$ref"].rpartition("/")[2]]["properties"]) - {"kwargs"}
        filters = {key for key in keys if key.startswith(("include_", "exclude_"))}
        assert set(re.findall(r"`(\w+)`", body)) == keys - filters, path
        assert ("filters" in body) == bool(filters), path


def test_the_endpoints_of_agents_are_those_of_the_openapi_document():
    project = read_project(ROOT / "tests/protocols/agent_server/project")
    app = create_app(Settings.parse({"MOORAGE_DATABASE_URL": "memory:"}), project=project)
    agents = {"assistants", "threads", "runs", "stateless runs", "crons", "store"}
    described = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if agents & set(operation["tags"])
    }

    assert set(endpoints("## Of agents")) == described


def test_the_endpoints_of_the_service_are_its_routes():
    listed = set(endpoints("## Of the service"))
    routes = routed(create_app(Settings.parse({})))

    assert listed == {(method, path) for method, path in routes if method != "HEAD"}


def test_every_switch_is_named():
    shown = section("docs/howto/add-a-runnable.md", "## Choose what is published")

    assert set(re.findall(r"`(\w+)`", shown)) - {"disabled_endpoints"} == SWITCHABLE - {
        "feedback",
        "public_trace_link",
    }


@pytest.mark.parametrize("module", ["moorage", "moorage.client", "moorage.testing"])
def test_every_public_name_is_described(module: str):
    described = {
        row[0].strip("`") for row in rows(section("docs/reference/python.md", f"## `{module}`"))
    }

    assert described == set(importlib.import_module(module).__all__)


def test_the_layers_are_those_that_are_enforced():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = configuration["tool"]["importlinter"]["contracts"][0]

    [shown] = code("docs/explain/architecture.md", "text")

    assert shown.splitlines() == contract["layers"]


@pytest.mark.parametrize("page", pages())
def test_every_file_that_is_named_is_there(page: str):
    named = re.findall(r"`([a-z_.][\w.-]*/[\w./-]*)`", read(page))
    roots = (ROOT, ROOT / "src/moorage", ROOT / "src/moorage/protocols/langserve", ROOT / "tests")

    lost = [name for name in named if not any((root / name).exists() for root in roots)]

    assert set(lost) <= MADE


def test_every_make_target_that_is_named_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    for page in pages():
        assert set(re.findall(r"`make ([a-z-]+)", read(page))) <= targets, page
