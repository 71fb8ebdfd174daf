"""``Client`` of ``@langchain/langgraph-sdk``, unmodified, under Node.js."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from moorage.testing import serving
from tests.clients.javascript import ClientError, JavaScript, running, version_of
from tests.pages.proxies import cutting
from tests.protocols.agent_server.gates import new_gate

pytestmark = pytest.mark.requirement("agents:clients:javascript")

VERSION = "1.15.0"

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def javascript(node: str) -> Iterator[JavaScript]:
    with running(node, "client") as javascript:
        yield javascript


@pytest.fixture
def call(javascript: JavaScript, agents: str) -> Call:
    """Return the result of a snippet that has a ``client`` of the project."""
    return lambda body, **given: javascript(agents, body, given)


@pytest.fixture
def begin(call: Call) -> Iterator[Callable[..., Future[Any]]]:
    """Begin a snippet that waits for the test."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda body, **given: pool.submit(call, body, **given)


@pytest.mark.usefixtures("node")
def test_the_client_is_the_version_we_promise():
    assert version_of("@langchain/langgraph-sdk") == VERSION


# Assistants


def test_an_assistant_is_made_changed_and_deleted(call: Call):
    body = """
        const made = await client.assistants.create(
            { graphId: "echo", context: { tone: "dry" }, metadata: { team: "red" }, name: "Dry" });
        const id = made.assistant_id;
        const changed = await client.assistants.update(id, { context: { tone: "warm" } });
        const versions = await client.assistants.getVersions(id);
        const restored = await client.assistants.setLatest(id, 1);
        const gotten = await client.assistants.get(id);
        await client.assistants.delete(id);
        const after = await client.assistants.get(id).catch((error) => error.status);
        return [made.config, changed.version, versions.map((one) => one.version), restored.context,
                gotten.version, after];
    """

    assert call(body) == [{"configurable": {"tone": "dry"}}, 2, [2, 1], {"tone": "dry"}, 1, 404]


def test_assistants_are_found_page_by_page(call: Call):
    body = """
        for (const name of ["a", "b", "c"])
            await client.assistants.create({ graphId: "echo", name, metadata: given });
        const page = await client.assistants.search(
            { metadata: given, limit: 2, sortBy: "name", sortOrder: "asc", select: ["name"],
              includePagination: true });
        return [page, await client.assistants.count({ metadata: given })];
    """

    assert call(body, team=str(uuid4())) == [
        {"assistants": [{"name": "a"}, {"name": "b"}], "next": "2"},
        3,
    ]


def test_a_graph_is_drawn_and_described(call: Call):
    body = """
        const drawn = await client.assistants.getGraph("nested", { xray: true });
        const flat = await client.assistants.getGraph("nested", { xray: 1 });
        const schemas = await client.assistants.getSchemas("nested");
        const subgraphs = await client.assistants.getSubgraphs("nested", { recurse: true });
        return [drawn.nodes.map((node) => node.id), flat.nodes.length,
                Object.keys(schemas.input_schema.properties), Object.keys(subgraphs)];
    """

    nodes, levels, inputs, subgraphs = call(body)

    assert "child:inner" in nodes
    assert levels == len(nodes)
    assert (inputs, subgraphs) == (["words"], ["child"])


# Threads


def test_a_thread_is_made_changed_and_deleted(call: Call):
    body = """
        const threadId = given.id;
        const made = await client.threads.create({ threadId, metadata: { owner: "ada" } });
        const again = await client.threads.create({ threadId, ifExists: "do_nothing" });
        const taken = await client.threads.create({ threadId })
            .catch((error) => error.status);
        const changed = await client.threads.update(given.id, { metadata: { size: 2 } });
        await client.threads.delete(given.id);
        const after = await client.threads.get(given.id).catch((error) => error.status);
        return [made.thread_id, made.values, again.metadata, taken, changed.metadata, after];
    """
    own = str(uuid4())

    assert call(body, id=own) == [
        own,
        None,
        {"owner": "ada"},
        409,
        {"owner": "ada", "size": 2},
        404,
    ]


def test_threads_are_found(call: Call):
    body = """
        for (const _ of [1, 2, 3]) await client.threads.create({ metadata: given });
        const found = await client.threads.search(
            { metadata: given, limit: 2, sortBy: "created_at", sortOrder: "asc",
              select: ["metadata", "status"] });
        return [found, await client.threads.count({ metadata: given })];
    """
    mark = {"mark": str(uuid4())}

    assert call(body, **mark) == [[{"metadata": mark, "status": "idle"}] * 2, 3]


# States


def test_a_state_is_read_and_written_at_any_checkpoint(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "steps", { input: { words: [] } });
        const history = await client.threads.getHistory(thread_id, { limit: 10 });
        const [last, middle] = history;
        const written = await client.threads.updateState(thread_id, {
            values: { words: ["other"] }, asNode: "first", checkpoint: middle.checkpoint });
        const state = await client.threads.getState(thread_id);
        const byId = await client.threads.getState(thread_id, middle.checkpoint.checkpoint_id);
        const byObject = await client.threads.getState(
            thread_id, middle.checkpoint, { subgraphs: true });
        const earlier = await client.threads.getHistory(
            thread_id, { limit: 1, before: { configurable: middle.checkpoint } });
        const replayed = await client.runs.wait(
            thread_id, "steps", { input: null, checkpoint: written.checkpoint });
        return { steps: history.map((one) => one.metadata.step), words: last.values.words,
            fork: state.parent_checkpoint.checkpoint_id === middle.checkpoint.checkpoint_id,
            next: state.next, written: state.checkpoint.checkpoint_id ===
                written.checkpoint.checkpoint_id,
            same: JSON.stringify(byId.values) === JSON.stringify(byObject.values),
            earlier: earlier[0].metadata.step, replayed: replayed.words };
    """

    assert call(body) == {
        "steps": [2, 1, 0, -1],
        "words": ["first", "second"],
        "fork": True,
        "next": ["second"],
        "written": True,
        "same": True,
        "earlier": 0,
        "replayed": ["first", "other", "second"],
    }


def test_a_thread_is_copied_and_pruned_with_its_history(call: Call):
    body = """
        const { thread_id } = await client.threads.create({ metadata: { owner: "ada" } });
        await client.runs.wait(thread_id, "steps", { input: { words: [] } });
        const copied = await client.threads.copy(thread_id);
        const states = await client.threads.getHistory(copied.thread_id, { limit: 10 });
        const pruned = await client.threads.prune([thread_id]);
        const after = await client.threads.get(thread_id).catch((error) => error.status);
        return [copied.metadata.owner, states.length, pruned.pruned_count, after];
    """

    assert call(body) == ["ada", 4, 1, 404]


def test_a_thread_is_made_with_a_history(call: Call):
    body = """
        const { thread_id } = await client.threads.create({ graphId: "steps", supersteps: [
            { updates: [{ values: { words: ["told"] }, asNode: "__input__" }] },
            { updates: [{ values: { words: ["told"] }, asNode: "__start__" }] },
            { updates: [{ values: { words: ["before"] }, asNode: "first" }] }] });
        return client.runs.wait(thread_id, "steps", { input: null });
    """

    assert call(body) == {"words": ["told", "before", "second"]}


def test_a_subgraph_that_asks_is_seen_within_the_state(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "deep", { input: { words: [] } });
        const state = await client.threads.getState(thread_id, undefined, { subgraphs: true });
        const { checkpoint } = (await client.threads.getState(thread_id)).tasks[0];
        const inner = await client.threads.getState(thread_id, checkpoint);
        const [task] = state.tasks;
        return [task.state.checkpoint.checkpoint_ns === checkpoint.checkpoint_ns,
                inner.next, state.interrupts.length];
    """

    nested, following, questions = call(body)

    assert (nested, len(following), questions) == (True, 1, 1)


# Runs


def test_a_run_is_waited_for_and_tells_where_it_is(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const created = [];
        const onRunCreated = (run) => created.push(run);
        const values = await client.runs.wait(
            thread_id, "steps", { input: { words: [] }, onRunCreated });
        const run = await client.runs.create(
            thread_id, "steps", { input: { words: [] }, onRunCreated });
        const joined = await client.runs.join(thread_id, run.run_id);
        await collect(client.runs.stream(
            thread_id, "steps", { input: { words: [] }, onRunCreated }));
        const runs = await client.runs.list(thread_id, { select: ["run_id"], status: "success" });
        await client.runs.delete(thread_id, run.run_id);
        const left = await client.runs.list(thread_id);
        return { values, joined: joined.words.length, same: created[1].run_id === run.run_id,
            threads: created.every((one) => one.thread_id === thread_id),
            listed: runs.map((one) => one.run_id).join() ===
                created.map((one) => one.run_id).reverse().join(),
            left: left.length };
    """

    assert call(body) == {
        "values": {"words": ["first", "second"]},
        "joined": 4,
        "same": True,
        "threads": True,
        "listed": True,
        "left": 2,
    }


@pytest.mark.requirement("agents:conventions:stateless-location")
def test_a_stateless_stream_names_its_run_and_no_thread(call: Call):
    body = """
        let created;
        const parts = await collect(client.runs.stream(null, "steps",
            { input: { words: [] }, onRunCreated: (run) => { created = run; } }));
        return [created.run_id === parts[0].data.run_id, created.thread_id ?? null];
    """

    assert call(body) == [True, None]


def test_runs_are_begun_together(call: Call):
    body = """
        const runs = await client.runs.createBatch(
            [1, 2].map(() => ({ assistantId: "steps", input: { words: [] } })));
        return runs.map((run) => run.status);
    """

    assert call(body) == ["pending", "pending"]


STREAM = """
    const parts = await collect(client.runs.stream(null, given.graph, given.options));
    return parts.map((part) => [part.event, part.data]);
"""


@pytest.mark.requirement("agents:streams:steps")
@pytest.mark.parametrize(
    ("mode", "events"),
    [
        ("values", ["values"] * 3),
        ("updates", ["updates"] * 2),
        ("tasks", ["tasks"] * 4),
        ("checkpoints", ["checkpoints"] * 4),
        ("debug", ["debug"] * 8),
    ],
)
def test_every_mode_of_steps_is_streamed(call: Call, mode: str, events: list[str]):
    options = {"input": {"words": []}, "streamMode": mode}

    parts = call(STREAM, graph="steps", options=options)

    assert [name for name, _ in parts] == ["metadata", *events]


@pytest.mark.requirement("agents:streams:tuples", "agents:streams:messages")
@pytest.mark.parametrize(
    ("mode", "events"),
    [
        ("messages-tuple", {"messages"}),
        ("messages", {"messages/metadata", "messages/partial", "messages/complete"}),
    ],
)
def test_tokens_are_streamed(call: Call, mode: str, events: set[str]):
    said = {"messages": [{"type": "human", "content": "how does it go?", "id": "m1"}]}
    options = {"input": said, "streamMode": mode}

    parts = call(STREAM, graph="talking", options=options)

    assert parts[0][0] == "metadata"
    assert {name for name, _ in parts[1:]} <= events
    chunks = [data[0] for name, data in parts if name in {"messages", "messages/partial"}]
    texts = [chunk["content"] for chunk in chunks if chunk["type"] != "human"]
    assert ("".join(texts) if mode == "messages-tuple" else texts[-1]) == "so it goes"


@pytest.mark.requirement("agents:streams:events")
def test_events_and_modes_together_are_streamed(call: Call):
    said = {"messages": [{"role": "user", "content": "hello"}]}
    options = {"input": said, "streamMode": ["events", "values", "updates", "messages-tuple"]}

    parts = call(STREAM, graph="talking", options=options)

    assert {name for name, _ in parts[1:]} == {"events", "values", "updates", "messages"}
    kinds = [data["event"] for name, data in parts if name == "events"]
    assert (kinds[0], kinds[-1]) == ("on_chain_start", "on_chain_end")
    assert "on_chat_model_stream" in kinds


@pytest.mark.requirement("agents:streams:subgraphs")
def test_events_of_subgraphs_name_them(call: Call):
    options = {"input": {"words": []}, "streamMode": ["updates"], "streamSubgraphs": True}

    inner, outer = call(STREAM, graph="nested", options=options)[1:]

    name, _, task = inner[0].partition(":")
    assert (name, inner[1]) == ("updates|child", {"inner": {"words": ["first"]}})
    assert str(task)
    assert outer == ["updates", {"child": {"words": ["first"]}}]


def test_a_failure_ends_the_stream_with_an_error(call: Call):
    parts = call(STREAM, graph="failing", options={"input": {}, "streamMode": "updates"})

    assert parts[-1] == [
        "error",
        {"error": "ValueError", "message": "the node does not like this"},
    ]


def test_a_failure_is_thrown_where_the_result_is_waited_for(call: Call):
    with pytest.raises(ClientError, match="ValueError: the node does not like this"):
        call('return client.runs.wait(null, "failing", { input: {} })')


def test_a_question_is_answered(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const asked = await collect(client.runs.stream(
            thread_id, "asking", { input: { words: [] }, streamMode: ["values", "updates"] }));
        const waiting = await client.threads.get(thread_id);
        const answered = await client.runs.wait(
            thread_id, "asking", { command: { resume: "blue" } });
        const [[question]] = Object.values(waiting.interrupts);
        return { last: asked.at(-1).data.__interrupt__[0].value,
            status: waiting.status, question: question.value, answered };
    """

    assert call(body) == {
        "last": "which word?",
        "status": "interrupted",
        "question": "which word?",
        "answered": {"words": ["blue"]},
    }


def test_questions_are_answered_by_their_ids(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const asked = await client.runs.wait(thread_id, "two_asking", { input: { words: [] } });
        const resume = Object.fromEntries(
            asked.__interrupt__.map(({ id, value }) => [id, `${value} red`]));
        return client.runs.wait(thread_id, "two_asking", { command: { resume } });
    """

    assert call(body) == {"words": ["which word? red", "which other word? red"]}


def test_a_command_updates_and_goes_elsewhere(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        await client.runs.wait(thread_id, "routed", { input: { words: [] } });
        return client.runs.wait(thread_id, "routed", { command: {
            resume: null, update: { words: ["updated"] },
            goto: { node: "say", input: { word: "sent" } } } });
    """

    assert set(call(body)["words"]) >= {"updated", "sent"}


def test_a_run_stops_before_a_node_and_goes_on(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const stopped = await client.runs.wait(
            thread_id, "steps", { input: { words: [] }, interruptBefore: ["second"] });
        return [stopped, await client.runs.wait(thread_id, "steps", { input: null })];
    """

    assert call(body) == [{"words": ["first"]}, {"words": ["first", "second"]}]


JOIN = """
    const { thread_id } = await client.threads.create();
    const run = await client.runs.create(thread_id, "gated", {
        input: { words: [], gate: given.gate }, streamMode: ["updates"],
        streamResumable: true });
    const whole = await collect(
        client.runs.joinStream(thread_id, run.run_id, { lastEventId: "-1" }));
    const rest = await collect(client.runs.joinStream(
        thread_id, run.run_id, { lastEventId: whole[1].id, streamMode: ["updates", "values"] }));
    return [whole.map((part) => part.event), rest.map((part) => part.id),
            whole.slice(2).map((part) => part.id)];
"""


def test_a_run_is_joined_from_any_of_its_events(begin: Any):
    name, gate = new_gate()

    joined = begin(JOIN, gate=name)
    gate.reached.wait()
    gate.open()

    names, rest, expected = joined.result()
    assert names == ["metadata", "updates", "updates", "updates"]
    assert rest == expected


RECONNECTING = """
    let created;
    const parts = [];
    const stream = client.runs.stream(given.thread, "gated", {
        input: { words: [], gate: given.gate }, streamMode: ["updates", "custom"],
        ifNotExists: "create", streamResumable: true,
        onRunCreated: (run) => { created = run; } });
    for await (const part of stream) {
        parts.push(part);
        if (part.event === "custom") await fetch(given.cut);
    }
    return [parts.map((part) => part.event), new Set(parts.map((part) => part.id)).size,
            created.thread_id];
"""


@pytest.mark.requirement("agents:joins:resume", "agents:joins:cut")
def test_a_stream_that_is_cut_off_is_taken_up_without_a_gap(javascript: JavaScript, agents: str):
    name, gate = new_gate()
    thread = str(uuid4())
    scissors = FastAPI()

    with cutting(agents) as (url, cut), serving(scissors) as scissors_url:

        @scissors.get("/")
        async def cut_off() -> None:
            cut.open()
            gate.open()

        names, different, where = javascript(
            url, RECONNECTING, {"gate": name, "thread": thread, "cut": scissors_url}
        )

    assert names == ["metadata", "updates", "custom", "updates", "updates"]
    assert (different, where) == (5, thread)


def test_a_thread_is_followed(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const controller = new AbortController();
        const following = client.threads.joinStream(
            thread_id, { lastEventId: "-1", signal: controller.signal, streamMode: "run_modes" });
        const begun = client.runs.wait(thread_id, "steps", { input: { words: [] } });
        const names = [];
        for await (const part of following) {
            names.push(part.data.status ?? part.event);
            if (part.data.status === "run_done") controller.abort();
        }
        await begun;
        return names;
    """

    names = call(body)

    assert (names[0], names[-1]) == ("metadata", "run_done")
    assert "values" in names


def test_a_run_is_cancelled(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const run = await client.runs.create(thread_id, "waiting", { input: { words: ["a"] } });
        await client.runs.cancel(thread_id, run.run_id, true);
        const other = await client.runs.create(thread_id, "waiting", { input: {} });
        await client.runs.cancel(thread_id, other.run_id, true, "rollback");
        const third = await client.runs.create(thread_id, "waiting", { input: {} });
        await client.runs.cancelMany({ threadId: thread_id, runIds: [third.run_id] });
        await client.runs.join(thread_id, third.run_id);
        const status = async (id) => (await client.runs.get(thread_id, id)).status;
        return [await status(run.run_id), await status(third.run_id),
                await status(other.run_id).catch((error) => error.status)];
    """

    assert call(body) == ["interrupted", "interrupted", 404]


def test_leaving_a_stream_cancels_the_run_where_that_was_asked(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        let created;
        const controller = new AbortController();
        for await (const part of client.runs.stream(thread_id, "waiting", {
            input: { words: [] }, onDisconnect: "cancel", signal: controller.signal,
            onRunCreated: (run) => { created = run; } })) controller.abort();
        await client.runs.join(thread_id, created.run_id);
        return (await client.runs.get(thread_id, created.run_id)).status;
    """

    assert call(body) == "interrupted"


@pytest.mark.parametrize(
    ("strategy", "statuses"),
    [("interrupt", ["success", "interrupted"]), ("rollback", ["success"])],
)
def test_a_second_run_takes_over(call: Call, strategy: str, statuses: list[str]):
    body = """
        const { thread_id } = await client.threads.create();
        await client.runs.create(thread_id, "waiting", { input: {} });
        await client.runs.wait(thread_id, "steps",
            { input: { words: [] }, multitaskStrategy: given.strategy });
        return (await client.runs.list(thread_id)).map((run) => run.status);
    """

    assert call(body, strategy=strategy) == statuses


def test_a_second_run_waits_its_turn(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const input = { words: [], gate: given.gate };
        const first = await client.runs.create(thread_id, "gated", { input });
        const second = await client.runs.create(thread_id, "steps", { input: { words: ["x"] } });
        return [thread_id, second.run_id];
    """
    rest = "return (await client.runs.join(...given.run)).words"
    name, gate = new_gate()

    run = call(body, gate=name)
    gate.open()

    assert call(rest, run=run) == ["first", "passed", "second", "x", "first", "second"]


def test_a_second_run_is_rejected(call: Call):
    body = """
        const { thread_id } = await client.threads.create();
        const run = await client.runs.create(thread_id, "waiting", { input: {} });
        const rejected = await client.runs.create(
            thread_id, "steps", { input: {}, multitaskStrategy: "reject" })
            .catch((error) => [error.status, JSON.parse(error.text).detail]);
        await client.runs.cancel(thread_id, run.run_id, true);
        return rejected;
    """

    status, detail = call(body)

    assert (status, "reject" in detail) == (409, True)


# Crons and the store


def test_a_cron_is_made_changed_found_and_deleted(call: Call):
    body = """
        const metadata = { mark: given.mark };
        const cron = await client.crons.create("steps",
            { schedule: "0 0 1 1 *", input: { words: [] }, metadata, timezone: "Europe/Berlin" });
        const { thread_id } = await client.threads.create();
        const other = await client.crons.createForThread(
            thread_id, "steps", { schedule: "0 0 1 1 *", metadata });
        const changed = await client.crons.update(cron.cron_id, { enabled: false });
        const found = await client.crons.search(
            { metadata, enabled: true, sortBy: "created_at", select: ["cron_id", "thread_id"] });
        const counted = await client.crons.count({ metadata });
        for (const one of [cron, other]) await client.crons.delete(one.cron_id);
        return [changed.enabled, cron.timezone,
                found.length === 1 && found[0].thread_id === thread_id, counted,
                await client.crons.count({ metadata })];
    """

    assert call(body, mark=str(uuid4())) == [False, "Europe/Berlin", True, 2, 0]


def test_items_are_put_found_and_deleted(call: Call):
    body = """
        const space = ["js", given.space];
        await client.store.putItem(space, "a", { size: 1 });
        await client.store.putItem([...space, "deep"], "b", { size: 2 }, { index: false });
        const item = await client.store.getItem(space, "a");
        const found = await client.store.searchItems(space, { filter: { size: { $gt: 1 } } });
        const spaces = await client.store.listNamespaces({ prefix: space, maxDepth: 3 });
        await client.store.deleteItem(space, "a");
        const gone = await client.store.getItem(space, "a");
        return { item: [item.value, typeof item.createdAt], gone,
            found: found.items.map((one) => [one.key, one.namespace.length]),
            spaces: spaces.namespaces.map((one) => one.length) };
    """

    assert call(body, space=str(uuid4())) == {
        "item": [{"size": 1}, "string"],
        "gone": None,
        "found": [["b", 3]],
        "spaces": [2, 3],
    }


# What is wrong


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ("client.runs.wait(null, 'nobody', {})", 422, "Invalid assistant: 'nobody'"),
        ("client.threads.get('x')", 422, "Invalid thread ID: must be a UUID"),
        ("client.assistants.getGraph('echo', { xray: -1 })", 422, "Invalid xray value"),
        (
            "collect(client.runs.stream(given.nowhere, 'steps', {}))",
            404,
            "not found",
        ),
    ],
)
def test_what_is_wrong_is_thrown_with_status_and_detail(
    call: Call, body: str, status: int, detail: str
):
    caught = call(
        f"return {body}.catch((error) => [error.status, JSON.parse(error.text).detail])",
        nowhere=str(uuid4()),
    )

    assert caught[0] == status
    assert detail in caught[1]
