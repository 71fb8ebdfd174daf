"""The three schemas, as they are and as configured by a hash."""

import sys
from types import ModuleType
from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda
from pydantic import BaseModel, Field

from moorage.protocols.langserve import CustomUserType
from tests.protocols.langserve.wire import hashed, hosting

pytestmark = pytest.mark.anyio


def add_one(x: int) -> int:
    return x + 1


def template() -> Any:
    return PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template", name="Template", description="What to say.")
    )


@pytest.mark.requirement("langserve:schemas:endpoints")
async def test_the_schemas_of_a_function_of_integers():
    async with hosting(RunnableLambda(add_one)) as client:
        schemas = [
            (await client.get(f"/r/{name}_schema")).json() for name in ("input", "output", "config")
        ]

    assert schemas == [
        {"title": "add_one_input", "type": "integer"},
        {"title": "add_one_output", "type": "integer"},
        {"properties": {}, "title": "add_one_config", "type": "object"},
    ]


@pytest.mark.requirement("langserve:schemas:config-keys")
async def test_the_config_schema_lists_the_allowed_keys():
    async with hosting(RunnableLambda(add_one), config_keys=["tags", "metadata"]) as client:
        schema = (await client.get("/r/config_schema")).json()
    async with hosting(template()) as client:
        configurable = (await client.get("/r/config_schema")).json()

    tags = {"default": None, "items": {"type": "string"}, "title": "Tags", "type": "array"}
    assert set(schema["properties"]) == {"tags", "metadata"}
    assert schema["properties"]["tags"] == tags
    assert configurable["properties"] == {
        "configurable": {"$ref": "#/$defs/Configurable", "default": None}
    }
    field = configurable["$defs"]["Configurable"]["properties"]["template"]
    assert (field["title"], field["description"]) == ("Template", "What to say.")


@pytest.mark.requirement("langserve:schemas:configured")
async def test_under_a_hash_the_schemas_are_those_of_the_configured_runnable():
    hi_who = hashed({"configurable": {"template": "hi {who}"}})
    async with hosting(template()) as client:
        plain = (await client.get("/r/input_schema")).json()
        configured = (await client.get(f"/r/c/{hi_who}/input_schema")).json()

    assert set(plain["properties"]) == {"name"}
    assert set(configured["properties"]) == {"who"}


@pytest.mark.requirement("langserve:schemas:extra")
async def test_what_is_added_to_a_field_travels_along():
    class File(CustomUserType):
        file: str = Field(json_schema_extra={"widget": {"type": "base64file"}})

    def read(upload: File) -> str:
        return upload.file

    async with hosting(RunnableLambda(read)) as client:
        schema = (await client.get("/r/input_schema")).json()

    assert schema["properties"]["file"]["widget"] == {"type": "base64file"}


MODULE = """
from __future__ import annotations

from pydantic import BaseModel


class Question(BaseModel):
    text: str
    parent: Question | None = None


class Answer(BaseModel):
    text: str


def answer(question: Question) -> Answer:
    assert isinstance(question, dict)
    return Answer(text=question["text"] + "!")
"""


@pytest.fixture
def module(request: pytest.FixtureRequest) -> ModuleType:
    """A module whose annotations are strings."""
    made = ModuleType("stringly")
    sys.modules["stringly"] = made
    request.addfinalizer(lambda: sys.modules.pop("stringly"))  # noqa: PT021
    exec(compile(MODULE, "stringly.py", "exec"), made.__dict__)  # noqa: S102
    return made


@pytest.mark.requirement("langserve:schemas:string-annotations")
async def test_functions_of_modules_with_string_annotations_are_understood(module: ModuleType):
    for runnable in (
        RunnableLambda(module.answer),
        RunnableLambda(module.answer) | RunnableLambda(lambda x: x),
        RunnableLambda(module.answer).with_config(tags=["a"]),
    ):
        async with hosting(runnable) as client:
            schema = (await client.get("/r/input_schema")).json()
            fits = await client.post("/r/invoke", json={"input": {"text": "Hi"}})
            wrong = await client.post("/r/invoke", json={"input": {"text": 3}})
        assert "Question" in schema["$defs"]
        assert fits.json()["output"] == {"text": "Hi!"}
        assert wrong.status_code == 422


async def test_a_type_without_a_json_schema_is_a_closed_failure_of_its_schema_only():
    class Opaque:
        pass

    class Holder(BaseModel, arbitrary_types_allowed=True):
        thing: Opaque | None = None

    def hold(value: Holder) -> int:
        return 1

    async with hosting(RunnableLambda(hold)) as client:
        schema = await client.get("/r/input_schema")
        invoked = await client.post("/r/invoke", json={"input": {}})

    assert schema.status_code == 500
    assert schema.json()["detail"] == "Internal Server Error"
    assert invoked.json()["output"] == 1
