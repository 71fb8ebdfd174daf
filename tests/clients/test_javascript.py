"""``RemoteRunnable`` of ``@langchain/core`` 0.3.80, unmodified, under Node.js."""

import hashlib
import json
from collections.abc import Iterator

import jsonpatch
import pytest
from langchain_core.runnables import RunnableLambda

from moorage import Settings, add_routes, create_app
from moorage.testing import Gate, ScriptedChatModel, serving
from tests.clients.javascript import HERE, ClientError, JavaScript, running, version_of
from tests.clients.served import SEPARATORS, UNICODE, add_one, build

pytestmark = pytest.mark.requirement("langserve:clients:javascript")

KEY = "k" * 43


@pytest.fixture(scope="module")
def javascript(node: str) -> Iterator[JavaScript]:
    """Run the body of an async function, with a ``remote`` for ``url``, and return its result."""
    with running(node, "remote") as javascript:
        yield javascript


@pytest.mark.usefixtures("node")
def test_the_client_is_the_version_we_promise():
    assert version_of("@langchain/core-0.3") == "0.3.80"


def test_the_lock_file_names_no_address_to_download_from():
    lock = json.loads((HERE / "package-lock.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_invoke_returns_the_output(javascript: JavaScript, address: str):
    assert javascript(f"{address}/add_one", "return remote.invoke(1)") == 2


def test_a_slash_at_the_end_of_the_url_does_no_harm(javascript: JavaScript, address: str):
    assert javascript(f"{address}/add_one/", "return remote.invoke(1)") == 2


def test_batch_returns_the_outputs_in_order(javascript: JavaScript, address: str):
    assert javascript(f"{address}/add_one", "return remote.batch([1, 2, 3])") == [2, 3, 4]


def test_a_batch_takes_one_config_for_each_input(javascript: JavaScript, address: str):
    body = """
        const configs = ["Hi {name}", "Bye {name}"].map(
            (template) => ({ configurable: { template }, maxConcurrency: 1, tags: ["dropped"] }));
        return remote.batch([{ name: "Ada" }, { name: "Bob" }], configs);
    """

    assert javascript(f"{address}/configured", body) == ["Hi Ada", "Bye Bob"]


def test_stream_yields_the_chunks(javascript: JavaScript, address: str):
    chunks = javascript(
        f"{address}/chain", 'return collect(remote.stream({ question: "What is it?" }))'
    )

    assert [chunk for chunk in chunks if chunk] == ["It ", "is ", "forty ", "two."]


def test_a_thousand_chunks_arrive_in_order(javascript: JavaScript, address: str):
    chunks = javascript(f"{address}/count_up", "return collect(remote.stream(1000))")

    assert chunks == list(range(1000))


def test_stream_log_yields_patches_that_lead_to_the_output(javascript: JavaScript, address: str):
    body = """
        const ops = [];
        for await (const patch of remote.streamLog({ question: "What is it?" }))
            ops.push(...structuredClone(patch.ops));  // the client goes on to change them
        return ops;
    """

    ops = javascript(f"{address}/chain", body)

    state = jsonpatch.apply_patch({}, ops)
    assert state["final_output"] == "It is forty two."
    assert "".join(state["streamed_output"]) == "It is forty two."
    assert list(state["logs"]) == ["ChatPromptTemplate", "ScriptedChatModel", "StrOutputParser"]


def test_stream_log_heeds_the_filters(javascript: JavaScript, address: str):
    body = """
        const filters = { includeTypes: ["prompt"] };
        const patches = await collect(remote.streamLog({ question: "?" }, {}, filters));
        return patches.flatMap((patch) => patch.ops.map((op) => op.path));
    """

    paths = javascript(f"{address}/chain", body)

    logs = {path.split("/")[2] for path in paths if path.startswith("/logs/")}
    assert logs == {"ChatPromptTemplate"}


def test_stream_events_tells_every_step(javascript: JavaScript, address: str):
    body = """
        const events = await collect(
            remote.streamEvents({ question: "What is it?" }, { version: "v2" }));
        return events.map(({ event, name }) => `${event} ${name}`);
    """

    events = javascript(f"{address}/chain", body)

    assert events[0] == "on_chain_start /chain"
    assert events[-1] == "on_chain_end /chain"
    assert "on_chat_model_stream ScriptedChatModel" in events
    assert "on_parser_end StrOutputParser" in events


def test_stream_events_heeds_the_filters(javascript: JavaScript, address: str):
    body = """
        const filters = { includeTypes: ["chat_model"] };
        const events = await collect(
            remote.streamEvents({ question: "?" }, { version: "v2" }, filters));
        return [...new Set(events.map((event) => event.name))];
    """

    assert javascript(f"{address}/chain", body) == ["ScriptedChatModel"]


@pytest.mark.requirement("langserve:config:camel-case")
def test_config_in_camel_case_is_no_obstacle(javascript: JavaScript, address: str):
    body = """
        return remote.invoke(0, { runName: "mine", recursionLimit: 7, maxConcurrency: 2,
            tags: ["a"], metadata: { k: 1 }, configurable: { user: "ada" } });
    """

    config = javascript(f"{address}/seen_all", body)

    assert config["tags"] == ["a"]
    assert config["metadata"]["k"] == 1
    assert config["configurable"] == {"user": "ada"}
    assert config["recursion_limit"] == 25


def test_config_that_is_not_allowed_is_dropped(javascript: JavaScript, address: str):
    body = 'return remote.invoke(0, { tags: ["a"], metadata: { k: 1 }, configurable: { u: 1 } })'

    config = javascript(f"{address}/seen", body)

    assert config["tags"] == []
    assert "k" not in config["metadata"]
    assert config["configurable"] == {}
    assert config["metadata"]["__useragent"] == "node"
    assert config["metadata"]["__langserve_endpoint"] == "invoke"


def test_configurable_fields_reach_invoke_and_stream(javascript: JavaScript, address: str):
    body = """
        const config = { configurable: { template: "Dear {name}" } };
        return [await remote.invoke({ name: "Ada" }, config),
                ...await collect(remote.stream({ name: "Ada" }, config))];
    """

    assert javascript(f"{address}/configured", body) == ["Dear Ada", "Dear Ada"]


def test_a_share_link_is_a_base_url(javascript: JavaScript, address: str):
    assert javascript(f"{address}/add_one/c/N4XyA", "return remote.invoke(1)") == 2


@pytest.mark.requirement("langserve:inputs:javascript-messages")
def test_messages_arrive_as_messages(javascript: JavaScript, address: str):
    body = """
        return remote.invoke([
            new messages.SystemMessage("be brief"), new messages.HumanMessage("hello"),
            new messages.AIMessage("hi"),
            new messages.ToolMessage({ content: "3", tool_call_id: "c1" }),
            new messages.FunctionMessage({ content: "4", name: "f" })]);
    """

    assert javascript(f"{address}/kinds", body) == [
        "SystemMessage: be brief",
        "HumanMessage: hello",
        "AIMessage: hi",
        "ToolMessage: 3",
        "FunctionMessage: 4",
    ]


def test_a_message_comes_back_as_a_message(javascript: JavaScript, address: str):
    body = 'return remote.invoke([new messages.HumanMessage("hello")])'

    answer = javascript(f"{address}/answer", body)

    assert answer == {
        "class": "AIMessage",
        "content": "You said 'hello' after 0 others.",
    }


def test_streamed_messages_come_as_chunks_that_add_up(javascript: JavaScript, address: str):
    body = """
        const chunks = await collect(remote.stream({ question: "?" }));
        return [chunks[0], chunks.reduce((sum, chunk) => sum.concat(chunk)).content];
    """

    first, content = javascript(f"{address}/model", body)

    assert first["class"] == "AIMessageChunk"
    assert content == "Looking. "


def test_documents_come_back_as_documents(javascript: JavaScript, address: str):
    expected = {
        "class": "Document",
        "pageContent": "about tea",
        "metadata": {"source": "shelf", "n": 1},
    }

    assert javascript(f"{address}/shelf", 'return remote.invoke("tea")') == [expected]


def test_a_run_with_callback_events_answers(javascript: JavaScript, address: str):
    assert javascript(f"{address}/research", 'return remote.invoke("tea")') == "value of a"


@pytest.mark.parametrize("text", [SEPARATORS, UNICODE])
def test_any_text_survives_both_ways(javascript: JavaScript, address: str, text: str):
    body = f"""
        const text = {json.dumps(text)};
        const answers = [await remote.invoke(text), ...await collect(remote.stream(text)),
                         ...await remote.batch([text])];
        return answers.map((answer) => answer === text);
    """

    assert javascript(f"{address}/anything", body) == [True, True, True]


@pytest.mark.parametrize("call", ["invoke", "batch"])
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("add_one", 422, "Input should be a valid integer"),
        ("nothing_here", 404, "Not Found"),
        ("refused", 404, "no such customer"),
        ("busy", 429, "The model is busy; try again."),
        ("broken", 500, "Internal Server Error"),
    ],
)
def test_an_error_has_its_status_and_a_message(
    javascript: JavaScript, address: str, *, call: str, path: str, status: int, text: str
):
    value = "['x']" if call == "batch" else "'x'"

    with pytest.raises(ClientError) as raised:
        javascript(f"{address}/{path}", f"return remote.{call}({value})")

    assert str(raised.value).startswith(f"Error: {status} Error: ")
    assert text in str(raised.value)
    assert "1234" not in str(raised.value)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("add_one", "Input should be a valid integer"),
        ("broken", '{"status_code": 500, "message": "Internal Server Error"}'),
        ("refused", '{"status_code": 404, "message": "no such customer"}'),
        ("busy", '{"status_code": 429, "message": "The model is busy; try again."}'),
        ("busy_late", '{"status_code": 429, "message": "The model is busy; try again."}'),
        ("breaks_off", '{"status_code": 500, "message": "Internal Server Error"}'),
    ],
)
def test_a_stream_that_fails_says_why(javascript: JavaScript, address: str, path: str, text: str):
    with pytest.raises(ClientError, match=r"^Error: ") as raised:
        javascript(f"{address}/{path}", 'return collect(remote.stream("x"))')

    assert text in str(raised.value)
    assert "1234" not in str(raised.value)


@pytest.mark.parametrize("call", ["streamLog('x')", "streamEvents('x', { version: 'v2' })"])
def test_log_and_events_that_fail_say_why(javascript: JavaScript, address: str, call: str):
    with pytest.raises(ClientError, match="valid integer"):
        javascript(f"{address}/add_one", f"return collect(remote.{call})")

    with pytest.raises(ClientError, match="The model is busy"):
        javascript(f"{address}/busy", f"return collect(remote.{call})")


@pytest.mark.parametrize("call", ["invoke", "stream"])
def test_an_abort_ends_the_run_at_the_server(javascript: JavaScript, call: str):
    gate = Gate()
    model = ScriptedChatModel(responses=[["Once ", gate, "upon a time."]])
    app = build(slow=model)
    app.add_api_route("/reached", gate.reached.arrival)
    body = f"""
        const controller = new AbortController();
        fetch(remote.url.replace("slow", "reached")).then(() => controller.abort());
        return collect(await remote.{call}("tell me", {{ signal: controller.signal }}));
    """

    with serving(app) as url:
        with pytest.raises(ClientError, match=r"[Aa]bort"):
            javascript(f"{url}/slow", body)

        model.interrupted.wait()


def test_leaving_a_stream_early_ends_the_run_at_the_server(javascript: JavaScript):
    model = ScriptedChatModel(responses=[["Once ", Gate(), "upon a time."]])
    body = """
        for await (const chunk of await remote.stream("tell me")) {
            if (chunk) { return chunk; }
        }
    """

    with serving(build(slow=model)) as url:
        assert javascript(f"{url}/slow", body) == "Once "


def test_the_time_limit_of_the_client_ends_the_run_at_the_server(javascript: JavaScript):
    model = ScriptedChatModel(responses=[["Once ", Gate(), "upon a time."]])

    with serving(build(slow=model)) as url:
        with pytest.raises(ClientError, match=r"TimeoutError: .* aborted due to timeout"):
            javascript(f"{url}/slow", 'return remote.invoke("tell me")', timeout=1000)

        model.interrupted.wait()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Base URL of a service with everything around its runnables, and one API key."""
    known = f"js:sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"
    settings = Settings.parse({}, environment="production", api_keys=(known,))
    app = create_app(settings)
    add_routes(app, RunnableLambda(add_one), path="/add_one")
    with serving(app) as url:
        yield url


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Api-Key": KEY},
        {"Authorization": f"Bearer {KEY}"},
    ],
)
def test_a_key_in_the_headers_is_let_in(
    javascript: JavaScript, service: str, headers: dict[str, str]
):
    body = "return [await remote.invoke(1), ...await collect(remote.stream(2))]"

    assert javascript(f"{service}/add_one", body, headers=headers) == [2, 3]


@pytest.mark.parametrize("call", ["invoke", "stream"])
def test_a_client_without_a_key_is_told_so(javascript: JavaScript, service: str, call: str):
    with pytest.raises(ClientError, match=r"(?i)key"):
        javascript(f"{service}/add_one", f"return remote.{call}(1)")


def test_a_stream_from_a_wrong_path_says_so(javascript: JavaScript, service: str):
    key = {"X-Api-Key": KEY}

    with pytest.raises(ClientError, match="Not Found"):
        javascript(f"{service}/nothing_here", "return collect(remote.stream(1))", headers=key)
