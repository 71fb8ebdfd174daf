"""Configuration of ``RemoteRunnable``: LangServe's, unmodified, and our own."""

import hashlib
import json
from collections.abc import Iterator

import httpx
import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from langserve.lzstring import LZString

from moorage import Settings, add_routes, create_app
from moorage.testing import serving
from tests.clients.conftest import Call, Connect, everything
from tests.clients.served import add_one

pytestmark = [pytest.mark.anyio, pytest.mark.requirement("langserve:clients:python-config")]

KEY = "k" * 43


async def test_configurable_fields_reach_the_runnable(connect: Connect, call: Call, address: str):
    remote = connect(f"{address}/configured")
    config = {"configurable": {"template": "Dear {name}", "callbacks_of_mine": object()}}

    assert await call(remote, "invoke", {"name": "Ada"}, config) == "Dear Ada"
    assert await call(remote, "stream", {"name": "Ada"}, config) == ["Dear Ada"]
    assert await call(remote, "batch", [{"name": "Ada"}], config) == ["Dear Ada"]


async def test_config_that_is_allowed_reaches_the_runnable(
    connect: Connect, call: Call, address: str
):
    config = {
        "tags": ["a"],
        "metadata": {"k": 1},
        "recursion_limit": 7,
        "configurable": {"user": "ada"},
        "run_name": "mine",
    }

    seen = await call(connect(f"{address}/seen_all"), "invoke", 0, config)

    assert seen["tags"] == ["a"]
    assert seen["metadata"]["k"] == 1
    assert seen["recursion_limit"] == 7
    assert seen["configurable"] == {"user": "ada"}


async def test_config_that_is_not_allowed_is_dropped(connect: Connect, call: Call, address: str):
    config = {"tags": ["a"], "metadata": {"k": 1, "__useragent": "forged"}, "recursion_limit": 7}

    seen = await call(connect(f"{address}/seen"), "invoke", 0, config)

    assert seen["tags"] == []
    assert seen["recursion_limit"] == 25
    assert "k" not in seen["metadata"]
    assert seen["metadata"]["__useragent"].startswith("python-httpx/")
    assert seen["metadata"]["__langserve_endpoint"] == "invoke"
    assert seen["metadata"]["__langserve_version"]


@pytest.mark.requirement("langserve:hash:lz-string")
async def test_a_share_link_is_a_base_url(connect: Connect, call: Call, address: str):
    config = {"configurable": {"template": "Bye {name}"}}
    link = LZString.compressToEncodedURIComponent(json.dumps(config))
    remote = connect(f"{address}/configured/c/{link}")
    ada = {"name": "Ada"}

    assert await call(remote, "invoke", ada) == "Bye Ada"
    assert await call(remote, "batch", [ada]) == ["Bye Ada"]
    assert await call(remote, "stream", ada) == ["Bye Ada"]
    assert (await everything(remote.astream_events(ada)))[-1]["data"]["output"] == "Bye Ada"


@pytest.mark.requirement("langserve:clients:history")
@pytest.mark.filterwarnings("ignore:The class `InMemoryChatMessageHistory` was deprecated")
@pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")
async def test_with_a_history_of_messages_it_holds_a_conversation(
    connect: Connect, call: Call, address: str
):
    history = InMemoryChatMessageHistory()
    chat = RunnableWithMessageHistory(connect(f"{address}/answer"), lambda session_id: history)
    config = {"configurable": {"session_id": "s"}}

    first = await call(chat, "invoke", [HumanMessage("hello")], config)
    second = await call(chat, "invoke", [HumanMessage("again")], config)

    assert first == AIMessage("You said 'hello' after 0 others.")
    assert second.content == "You said 'again' after 2 others."
    assert [type(message) for message in history.messages] == [HumanMessage, AIMessage] * 2


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Base URL of a service that lets one API key in."""
    known = f"python:sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"
    app = create_app(Settings.parse({}, environment="production", api_keys=(known,)))
    add_routes(app, RunnableLambda(add_one), path="/add_one")
    with serving(app) as url:
        yield url


@pytest.mark.parametrize("headers", [{"X-Api-Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
async def test_a_key_in_the_headers_is_let_in(
    connect: Connect, call: Call, service: str, headers: dict[str, str]
):
    remote = connect(f"{service}/add_one", headers=headers)

    assert await call(remote, "invoke", 1) == 2
    assert await call(remote, "stream", 1) == [2]
    assert (await everything(remote.astream_events(1)))[-1]["data"]["output"] == 2


async def test_a_client_without_a_key_is_told_so(connect: Connect, call: Call, service: str):
    for method, value in (("invoke", 1), ("batch", [1]), ("stream", 1)):
        with pytest.raises(httpx.HTTPStatusError) as raised:
            await call(connect(f"{service}/add_one"), method, value)

        assert raised.value.response.status_code == 401
