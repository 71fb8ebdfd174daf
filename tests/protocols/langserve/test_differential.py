"""The same requests to LangServe 0.3.3 and to moorage: the answers are the same, but for ids."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from moorage import add_routes
from moorage.testing import serving
from tests.protocols.langserve.wire import Event, events, normalised

# Both LangServe and langchain-core call what is deprecated in the versions of today.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings(
        "ignore::langchain_core._api.deprecation.LangChainDeprecationWarning"
    ),
]


class Case(NamedTuple):
    """A runnable, made anew for each host, and what it is asked."""

    make: Callable[[], Runnable[Any, Any]]
    inputs: list[Any]
    config: Mapping[str, Any] = MappingProxyType({})
    options: Mapping[str, Any] = MappingProxyType({})


def add_one(x: int) -> int:
    return x + 1


async def add_two(x: int) -> int:
    return x + 2


class Question(BaseModel):
    """What is asked."""

    text: str = Field(description="The question.")
    tags: list[str] = []


class Pair(TypedDict):
    left: int
    right: int


def asked(question: Question) -> str:
    return f"{question['text']}?"  # type: ignore[index]


def added(pair: Pair) -> int:
    return pair["left"] + pair["right"]


class Shelf(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(f"{query} {number}", metadata={"n": number}) for number in range(2)]


def summed(pair: dict[str, int]) -> int:
    return pair["a"] + pair["b"]


def same(x: int) -> int:
    return x


def prompt() -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])


def model() -> FakeListChatModel:
    return FakeListChatModel(responses=["Hello you"])


def with_history() -> Runnable[Any, Any]:
    chain = (
        ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{question}")])
        | model()
    )

    def history(session_id: str) -> InMemoryChatMessageHistory:
        return InMemoryChatMessageHistory()

    return RunnableWithMessageHistory(
        chain, history, input_messages_key="question", history_messages_key="history"
    )


def fields() -> Runnable[Any, Any]:
    template = PromptTemplate.from_template("say {name}").configurable_fields(
        template=ConfigurableField(id="template", name="Template", description="What to say.")
    )
    return template | RunnableLambda(lambda value: value.to_string())


def alternatives() -> Runnable[Any, Any]:
    first = FakeListLLM(responses=["one"])
    return first.configurable_alternatives(
        ConfigurableField(id="llm"), default_key="first", second=FakeListLLM(responses=["two"])
    )


def spoken() -> Runnable[Any, Any]:
    async def say(inputs: Any) -> Any:
        async for value in inputs:
            for letter in str(value):
                yield letter

    return RunnableGenerator(say).with_types(input_type=str, output_type=str)


@tool
def multiply(a: int, b: int = 2) -> int:
    """Multiply two numbers."""
    return a * b


def texts(messages: list[BaseMessage]) -> list[str]:
    return [f"{message.type}: {message.text}" for message in messages]


ASK = {"question": "Who?"}
CASES: dict[str, Case] = {
    "sync lambda": Case(lambda: RunnableLambda(add_one), [1, "2"]),
    "async lambda": Case(lambda: RunnableLambda(add_two), [1, 2]),
    "sequence": Case(lambda: RunnableLambda(add_one) | RunnableLambda(add_two), [1]),
    "prompt": Case(prompt, [ASK]),
    "prompt, model": Case(lambda: prompt() | model(), [ASK]),
    "prompt, model, parser": Case(lambda: prompt() | model() | StrOutputParser(), [ASK, ASK]),
    "chat model": Case(
        model, ["Hi", [{"type": "human", "content": "Hi", "example": False}], {"text": "Hi"}]
    ),
    "llm": Case(lambda: FakeListLLM(responses=["yes"]), ["Hi"]),
    "retriever": Case(Shelf, ["dock"]),
    "parallel": Case(
        lambda: RunnableParallel(two=RunnableLambda(add_two)) | RunnablePassthrough(),
        [1],  # one branch: the order of several is chance
    ),
    "assign, pick": Case(
        lambda: RunnablePassthrough.assign(sum=RunnableLambda(summed)).pick("sum"),
        [{"a": 1, "b": 2}],
    ),
    "branch": Case(
        lambda: RunnableBranch(
            (lambda x: x > 1, RunnableLambda(add_one)), RunnableLambda(add_two)
        ).with_types(input_type=int),
        [1, 2],
    ),
    "generator": Case(spoken, ["abc"]),
    "pydantic input": Case(lambda: RunnableLambda(asked), [{"text": "Who"}]),
    "typed dict": Case(lambda: RunnableLambda(added), [{"left": 1, "right": "2"}]),
    "tool": Case(lambda: multiply, [{"a": 3}]),
    "messages": Case(
        lambda: RunnableLambda(texts),
        [[{"type": "human", "content": "a"}, {"type": "ai", "content": "b"}]],
    ),
    "configurable fields": Case(fields, [{"name": "Ann"}]),
    "configured fields": Case(
        fields, [{"name": "Ann"}], {"configurable": {"template": "greet {name}"}}
    ),
    "configured input": Case(fields, [{"who": "Ann"}], {"configurable": {"template": "hi {who}"}}),
    "alternatives": Case(alternatives, ["Hi"], {"configurable": {"llm": "second"}}),
    "history": Case(with_history, [ASK], {"configurable": {"session_id": "s1"}}),
    "tags and metadata": Case(
        lambda: RunnableLambda(add_one) | RunnableLambda(add_two),
        [1],
        {"tags": ["b", "a"], "metadata": {"k": 1}, "recursion_limit": 7, "unknown": 1},
        {"config_keys": ["tags", "metadata", "recursion_limit", "configurable"]},
    ),
    "undeclared": Case(lambda: RunnableLambda(add_one), [1], {"configurable": {"thread_id": "x"}}),
    "bound config": Case(
        lambda: RunnableLambda(add_one).with_config(run_name="bound", tags=["t"]), [1]
    ),
    "given types": Case(
        lambda: RunnableLambda(same), ["7"], {}, {"input_type": int, "output_type": int}
    ),
    "invalid input": Case(lambda: RunnableLambda(add_one), ["x"]),
    "invalid alternative": Case(alternatives, ["Hi"], {"configurable": {"llm": "third"}}),
    "failure": Case(lambda: RunnableLambda(lambda x: 1 // 0), [1]),
}
OPERATIONS = ("invoke", "stream", "stream_log", "stream_events")
SCHEMAS = ("input_schema", "output_schema", "config_schema")


class Hosts(NamedTuple):
    """Both services, with all the cases."""

    langserve: httpx.Client
    moorage: httpx.Client


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import langserve  # noqa: PLC0415 - it warns while it is imported

        theirs = _published(langserve.add_routes)
    ours = _published(add_routes)
    with (
        serving(theirs) as first,
        serving(ours) as second,
        httpx.Client(base_url=first, timeout=30) as langserve_client,
        httpx.Client(base_url=second, timeout=30) as moorage_client,
    ):
        yield Hosts(langserve_client, moorage_client)


def _published(add: Callable[..., None]) -> FastAPI:
    app = FastAPI()
    for number, case in enumerate(CASES.values()):
        add(app, case.make(), path=f"/case{number}", **case.options)
    return app


def _path(name: str) -> str:
    return f"/case{list(CASES).index(name)}"


def _told(response: httpx.Response) -> Any:
    """An answer, comparable: status, type and what it says."""
    kind = response.headers.get("content-type", "")
    if response.status_code == 500:
        return 500
    if kind.startswith("text/event-stream"):
        told = [_known(event) for event in _comparable(events(response.content))]
        return response.status_code, kind, json.loads(normalised(json.dumps(told)))
    reply = json.loads(normalised(response.text))
    if response.status_code >= 400:
        reply.pop("message", None)  # an addition of ours
    return response.status_code, kind, reply


def _comparable(told: list[Event]) -> list[Event]:
    """Leave the metadata out where no chunk follows: there only moorage sends it."""
    has_data = any(event.name == "data" for event in told)
    return [event for event in told if has_data or event.name != "metadata"]


def _known(event: Event) -> Any:
    return event.name, None if event.data is None else _versionless(event.value)


def _versionless(value: Any) -> Any:
    """Leave out what tells the hosts apart: their version, and the type of a prompt's value.

    LangServe gives that type on invoke and batch only, because it holds outputs against their type.
    """
    if isinstance(value, dict):
        return {
            key: "" if key == "__langserve_version" else _versionless(item)
            for key, item in value.items()
            if item != "ChatPromptValueConcrete"
        }
    return [_versionless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.requirement("langserve:events:items", "langserve:log:patches", "langserve:json:shapes")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", CASES)
def test_a_run_is_told_alike(hosts: Hosts, name: str, operation: str):
    case = CASES[name]
    for value in case.inputs:
        body = {"input": value, "config": dict(case.config)}
        theirs, ours = [_told(_posted(host, f"{_path(name)}/{operation}", body)) for host in hosts]
        assert ours == theirs


def _posted(host: httpx.Client, path: str, body: Any) -> httpx.Response:
    """Post; LangServe cuts the connection after an error event, which is not compared."""
    with host.stream("POST", path, json=body) as response:
        content = b""
        try:
            for part in response.iter_bytes():
                content += part
        except httpx.RemoteProtocolError:
            assert b"event: error" in content
        return httpx.Response(response.status_code, headers=_plain(response), content=content)


def _plain(response: httpx.Response) -> dict[str, str]:
    return {"content-type": response.headers.get("content-type", "")}


@pytest.mark.requirement("langserve:batch:reply", "langserve:batch:configs")
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("invalid input")])
def test_a_batch_is_answered_alike(hosts: Hosts, name: str):
    case = CASES[name]
    for config in (dict(case.config), [dict(case.config)] * len(case.inputs)):
        body = {"inputs": case.inputs, "config": config}
        theirs, ours = [_told(_posted(host, f"{_path(name)}/batch", body)) for host in hosts]
        assert ours == theirs


@pytest.mark.requirement("langserve:schemas:endpoints", "langserve:schemas:configured")
@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", CASES)
def test_schemas_are_alike(hosts: Hosts, name: str, schema: str):
    theirs, ours = [host.get(f"{_path(name)}/{schema}").json() for host in hosts]
    assert ours == theirs
