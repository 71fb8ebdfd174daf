"""The states of threads through the official clients, in Python and as a remote graph."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import BadRequestError, ConflictError, NotFoundError

pytestmark = pytest.mark.anyio

WORDS = ["one", "first", "second"]


async def thread_of(client: Any, graph: str, words: list[str]) -> str:
    """A thread on which a graph has run."""
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, graph, input={"words": words}, raise_error=False)
    return str(thread)


@pytest.fixture
async def thread(client: Any) -> str:
    return await thread_of(client, "steps", ["one"])


async def lineage(client: Any, thread: str) -> dict[str, str | None]:
    """The parent of each checkpoint, newest first."""
    history = await client.threads.get_history(thread, limit=1000)
    return {one["checkpoint_id"]: one["parent_checkpoint_id"] for one in history}


def is_one_line(parents: dict[str, str | None]) -> bool:
    return list(parents.values()) == [*list(parents)[1:], None]


class TestReading:
    @pytest.mark.requirement("agents:states:latest")
    async def test_the_latest_state(self, client: Any, thread: str):
        state = await client.threads.get_state(thread)
        kept = await client.threads.get(thread)
        run = (await client.runs.list(thread))[0]

        assert state.keys() == {
            "values",
            "next",
            "tasks",
            "metadata",
            "created_at",
            "checkpoint",
            "parent_checkpoint",
            "interrupts",
            "checkpoint_id",
            "parent_checkpoint_id",
        }
        assert (state["values"], state["next"], state["tasks"]) == ({"words": WORDS}, [], [])
        assert state["checkpoint"] == {
            "thread_id": thread,
            "checkpoint_ns": "",
            "checkpoint_id": state["checkpoint_id"],
        }
        assert state["metadata"]["source"] == "loop"
        assert (state["metadata"]["step"], state["metadata"]["graph_id"]) == (2, "steps")
        assert state["metadata"]["run_id"] == run["run_id"]
        assert kept["created_at"] < state["created_at"] <= kept["state_updated_at"]

    @pytest.mark.requirement("agents:states:never-ran")
    async def test_a_thread_that_never_ran_has_an_empty_one(self, client: Any):
        named = await client.threads.create(graph_id="steps")
        for made in (await client.threads.create(), named):
            state = await client.threads.get_state(made["thread_id"])

            assert (state["values"], state["next"], state["tasks"], state["interrupts"]) == (
                {},
                [],
                [],
                [],
            )
            assert {state[name] for name in ("metadata", "created_at", "checkpoint")} == {None}
            assert await client.threads.get_history(made["thread_id"]) == []

    @pytest.mark.requirement("agents:states:at")
    async def test_an_earlier_state_is_found_in_three_ways(self, client: Any, thread: str):
        history = await client.threads.get_history(thread)
        earlier = history[1]

        by_id = await client.threads.get_state(thread, checkpoint_id=earlier["checkpoint_id"])
        by_checkpoint = await client.threads.get_state(thread, checkpoint=earlier["checkpoint"])

        assert by_id == by_checkpoint == earlier
        assert (earlier["values"], earlier["next"]) == ({"words": ["one", "first"]}, ["second"])
        assert [task["name"] for task in earlier["tasks"]] == ["second"]
        assert earlier["tasks"][0]["result"] == {"words": ["second"]}

    @pytest.mark.requirement("agents:states:unknown")
    async def test_a_checkpoint_that_is_not_there_is_an_empty_state(self, client: Any, thread: str):
        unknown = str(uuid4())
        state = await client.threads.get_state(thread, checkpoint_id=unknown)

        assert (state["values"], state["checkpoint_id"]) == ({}, unknown)
        assert state["checkpoint"] == {
            "thread_id": thread,
            "checkpoint_ns": "",
            "checkpoint_id": unknown,
        }

    @pytest.mark.requirement("agents:states:select")
    async def test_a_part_of_a_state(self, client: Any, thread: str):
        whole = await client.threads.get_state(thread)
        part = await client.threads.get_state(thread, select=["next", "values.words"])
        at = await client.threads.get_state(
            thread, checkpoint=whole["checkpoint"], select=["checkpoint_id", "values.other"]
        )
        history = await client.threads.get_history(thread, select=["values"])

        assert part == {"next": [], "values": {"words": WORDS}}
        assert at == {"checkpoint_id": whole["checkpoint_id"], "values": {}}
        assert history[0] == {"values": {"words": WORDS}}

    async def test_a_failed_task_shows_its_error(self, client: Any):
        state = await client.threads.get_state(await thread_of(client, "failing", []))

        assert state["next"] == ["fail"]
        assert state["tasks"][0]["error"] == "ValueError('the node does not like this')"

    @pytest.mark.requirement("agents:clients:python")
    def test_the_synchronous_client(self, url: str):
        with get_sync_client(url=url) as opened:
            client: Any = opened
            thread = client.threads.create()["thread_id"]
            client.runs.wait(thread, "steps", input={"words": ["one"]})
            client.threads.update_state(thread, {"words": ["more"]})

            assert client.threads.get_state(thread)["values"] == {"words": [*WORDS, "more"]}
            assert len(client.threads.get_history(thread)) == 5


class TestSubgraphs:
    @pytest.mark.requirement("agents:states:subgraphs")
    async def test_a_state_within_which_somebody_is_asked(self, client: Any):
        thread = await thread_of(client, "deep", ["one"])
        flat = await client.threads.get_state(thread)
        whole = await client.threads.get_state(thread, subgraphs=True)
        kept = await client.threads.get(thread)

        (task,) = flat["tasks"]
        (middle,) = whole["tasks"]
        (child,) = middle["state"]["tasks"]
        (innermost,) = child["state"]["tasks"]
        namespace = f"middle:{task['id']}"
        assert task["checkpoint"] == {"thread_id": thread, "checkpoint_ns": namespace}
        assert (task["state"], middle["checkpoint"]) == (None, None)
        assert middle["state"]["checkpoint"]["checkpoint_ns"] == namespace
        assert child["state"]["checkpoint"]["checkpoint_ns"] == f"{namespace}|child:{child['id']}"
        assert set(child["state"]["checkpoint"]["checkpoint_map"]) >= {"", namespace}
        assert innermost["name"] == "ask"
        assert [one["value"] for one in flat["interrupts"]] == ["which word?"]
        assert flat["interrupts"] == task["interrupts"] == innermost["interrupts"]
        assert kept["interrupts"] == {task["id"]: flat["interrupts"]}
        assert kept["status"] == "interrupted"

    @pytest.mark.requirement("agents:states:subgraphs", "agents:states:from")
    async def test_the_state_and_the_history_of_a_subgraph(self, client: Any):
        thread = await thread_of(client, "deep", ["one"])
        (task,) = (await client.threads.get_state(thread))["tasks"]
        whole = await client.threads.get_state(thread, subgraphs=True)

        state = await client.threads.get_state(thread, checkpoint=task["checkpoint"])
        history = await client.threads.get_history(thread, checkpoint=task["checkpoint"])

        assert (state["values"], state["next"]) == ({"words": ["one"]}, ["child"])
        assert state["checkpoint"] == whole["tasks"][0]["state"]["checkpoint"]
        assert history[0]["checkpoint"] == state["checkpoint"]
        assert is_one_line({one["checkpoint_id"]: one["parent_checkpoint_id"] for one in history})

    async def test_an_update_of_a_subgraph_is_seen_when_it_goes_on(self, client: Any):
        thread = await thread_of(client, "deep", ["one"])
        (task,) = (await client.threads.get_state(thread))["tasks"]
        (child,) = (await client.threads.get_state(thread, checkpoint=task["checkpoint"]))["tasks"]

        place = await client.threads.update_state(
            thread, {"words": ["told"]}, checkpoint=child["checkpoint"], as_node="ask"
        )
        waits = await client.threads.get(thread)
        values = await client.runs.wait(thread, "deep")

        assert place["checkpoint"]["checkpoint_ns"] == child["checkpoint"]["checkpoint_ns"]
        assert waits["status"] == "interrupted"
        assert values["words"][-1] == "told"


class TestUpdating:
    @pytest.mark.requirement("agents:states:update")
    async def test_values_are_as_if_a_node_had_returned_them(self, client: Any, thread: str):
        before = await client.threads.get_state(thread)
        place = await client.threads.update_state(thread, {"words": ["x"]}, as_node="first")
        after = await client.threads.get_state(thread)
        kept = await client.threads.get(thread)

        assert place["checkpoint"] == place["configurable"] == after["checkpoint"]
        assert place["checkpoint_id"] == after["checkpoint_id"]
        assert (after["values"], after["next"]) == ({"words": [*WORDS, "x"]}, ["second"])
        assert after["parent_checkpoint"] == before["checkpoint"]
        assert (after["metadata"]["source"], after["metadata"]["step"]) == ("update", 3)
        assert after["metadata"]["graph_id"] == "steps"
        assert (kept["status"], kept["values"]) == ("interrupted", after["values"])
        assert kept["state_updated_at"] >= after["created_at"]

        values = await client.runs.wait(thread, "steps")
        assert values == {"words": [*WORDS, "x", "second"]}
        assert is_one_line(await lineage(client, thread))

    @pytest.mark.requirement("agents:states:update")
    async def test_the_node_that_wrote_last_is_meant(self, client: Any, thread: str):
        await client.threads.update_state(thread, {"words": ["x"]})
        state = await client.threads.get_state(thread)

        assert (state["values"], state["next"]) == ({"words": [*WORDS, "x"]}, [])
        assert (await client.threads.get(thread))["status"] == "idle"

    async def test_nothing_makes_a_state_and_changes_none(self, client: Any, thread: str):
        await client.threads.update_state(thread, None)
        kept = await client.threads.get(thread)

        assert (kept["values"], len(await lineage(client, thread))) == ({"words": WORDS}, 5)

    async def test_what_is_left_to_do_can_be_dropped(self, client: Any):
        thread = await thread_of(client, "asking", ["one"])
        await client.threads.update_state(thread, None, as_node="__end__")
        kept = await client.threads.get(thread)

        assert (kept["status"], kept["interrupts"]) == ("idle", {})
        assert (await client.threads.get_state(thread))["next"] == []

    async def test_an_answer_can_be_written_for_a_node_that_asks(self, client: Any):
        thread = await thread_of(client, "asking", ["one"])
        await client.threads.update_state(thread, {"words": ["blue"]}, as_node="ask")
        kept = await client.threads.get(thread)

        assert (kept["status"], kept["interrupts"]) == ("idle", {})
        assert kept["values"] == {"words": ["one", "blue"]}

    async def test_a_thread_can_begin_with_an_update(self, client: Any):
        thread = (await client.threads.create(graph_id="steps"))["thread_id"]
        await client.threads.update_state(thread, {"words": ["mine"]}, as_node="__input__")
        values = await client.runs.wait(thread, "steps")

        assert values == {"words": ["mine", "first", "second"]}

    @pytest.mark.requirement("agents:states:fork", "agents:states:history")
    async def test_a_fork_leaves_what_was_there(self, client: Any, thread: str):
        before = await client.threads.get_history(thread)
        root = before[2]
        forks = [
            await client.threads.update_state(
                thread, {"words": [word]}, checkpoint=root["checkpoint"], as_node="first"
            )
            for word in ("left", "right")
        ]
        legacy = await client.threads.update_state(
            thread, {"words": ["old"]}, checkpoint_id=root["checkpoint_id"], as_node="first"
        )
        after = await client.threads.get_history(thread)

        parents = {one["checkpoint_id"]: one["parent_checkpoint_id"] for one in after}
        made = [legacy["checkpoint_id"], *(one["checkpoint_id"] for one in reversed(forks))]
        assert list(parents)[:3] == made
        assert {parents[one] for one in made} == {root["checkpoint_id"]}
        assert after[3:] == before
        assert (await client.threads.get(thread))["values"] == {"words": ["one", "old"]}

        values = await client.runs.wait(thread, "steps", checkpoint=forks[0]["checkpoint"])
        assert values == {"words": ["one", "left", "second"]}
        assert (await client.threads.get_state(thread))["values"] == values

    @pytest.mark.requirement("agents:states:busy")
    async def test_a_run_that_works_is_in_the_way(self, client: Any):
        thread = (await client.threads.create())["thread_id"]
        run = await client.runs.create(thread, "waiting", input={"words": ["one"]})

        with pytest.raises(ConflictError) as refused:
            await client.threads.update_state(thread, {"words": ["x"]})
        await client.threads.delete(thread)

        assert run["run_id"] in str(refused.value)
        assert "configurable" not in str(refused.value)

    async def test_updates_and_runs_at_once_keep_one_line(self, client: Any, thread: str):
        async def write(number: int) -> bool:
            try:
                await client.threads.update_state(thread, {"words": [str(number)]})
            except ConflictError:
                return False
            return True

        async def run() -> bool:
            await client.runs.wait(thread, "steps", input={"words": []})
            return True

        done = await asyncio.gather(*(run() if one % 4 == 3 else write(one) for one in range(16)))
        parents = await lineage(client, thread)
        state = await client.threads.get_state(thread)
        kept = await client.threads.get(thread)

        written = [str(one) for one in range(16) if one % 4 != 3 and done[one]]
        assert is_one_line(parents)
        assert sorted(word for word in state["values"]["words"] if word.isdigit()) == sorted(
            written
        )
        assert state["values"]["words"].count("second") == 5
        assert (kept["values"], kept["status"]) == (state["values"], "idle")


async def test_a_graph_is_made_as_for_the_last_run(client: Any):
    thread = (await client.threads.create())["thread_id"]
    config = {"configurable": {"tone": "dry"}}
    await client.runs.wait(thread, "toned", input={"words": []}, config=config)
    (first, *_) = (await client.threads.get_history(thread, limit=2))[1:]
    await client.threads.update_state(thread, {"words": ["x"]}, as_node="dry")

    assert (first["next"], first["tasks"][0]["name"]) == (["dry"], "dry")
    with pytest.raises(BadRequestError, match="Node plain does not exist"):
        await client.threads.update_state(thread, {"words": ["x"]}, as_node="plain")


class TestHistory:
    @pytest.mark.requirement("agents:states:history")
    async def test_it_is_one_state_unless_more_are_wanted(
        self, client: Any, http: httpx.AsyncClient, thread: str
    ):
        whole = await client.threads.get_history(thread, limit=100)

        assert len(whole) == 4
        assert (await http.post(f"/threads/{thread}/history", json={})).json() == whole[:1]
        assert (await http.get(f"/threads/{thread}/history")).json() == whole
        assert (await http.get(f"/threads/{thread}/history?limit=2")).json() == whole[:2]

    @pytest.mark.requirement("agents:states:before")
    async def test_before_has_several_forms(
        self, client: Any, http: httpx.AsyncClient, thread: str
    ):
        whole = await client.threads.get_history(thread)
        at = whole[1]["checkpoint_id"]
        forms = (at, {"checkpoint_id": at}, {"configurable": {"checkpoint_id": at}})

        for before in forms:
            assert await client.threads.get_history(thread, before=before) == whole[2:]
        by_query = await http.get(f"/threads/{thread}/history?before={at}&limit=1")
        assert by_query.json() == whole[2:3]

    @pytest.mark.requirement("agents:states:from")
    async def test_it_begins_where_it_is_told_to(self, client: Any, thread: str):
        whole = await client.threads.get_history(thread)
        start = whole[1]["checkpoint"]

        async def found(**options: Any) -> Any:
            return await client.threads.get_history(thread, checkpoint=start, **options)

        assert await found() == whole[1:]
        assert await found(limit=2) == whole[1:3]
        assert await found(limit=1) == whole[1:2]
        assert await found(before=whole[0]["checkpoint_id"]) == whole[1:]
        assert await found(before=whole[2]["checkpoint_id"]) == whole[3:]

    async def test_a_long_one_is_whole(self, client: Any, thread: str):
        updates = [client.threads.update_state(thread, {"words": []}) for _ in range(40)]
        await asyncio.gather(*updates)
        whole = await client.threads.get_history(thread, limit=1000)

        assert is_one_line({one["checkpoint_id"]: one["parent_checkpoint_id"] for one in whole})
        assert len(whole) == 44
        for limit in (19, 20, 21, 40, 43, 44):
            assert await client.threads.get_history(thread, limit=limit) == whole[:limit]

    @pytest.mark.requirement("agents:states:metadata")
    async def test_it_is_searched_by_metadata(self, client: Any, thread: str):
        await client.threads.update_state(thread, {"words": ["x"]})
        whole = await client.threads.get_history(thread)

        async def found(**metadata: Any) -> Any:
            return await client.threads.get_history(thread, metadata=metadata)

        assert await found(source="update") == whole[:1]
        assert await found(source="input", step=-1) == whole[-1:]
        assert await found(source="nothing") == []


class TestRemoteGraph:
    @pytest.fixture
    def remote(self, url: str, client: Any) -> Iterator[Any]:
        with get_sync_client(url=url) as synchronous:
            yield RemoteGraph("deep", client=client, sync_client=synchronous)

    @pytest.mark.requirement("agents:clients:remote-graph")
    async def test_states_are_read_and_written(self, remote: Any, client: Any):
        thread = await thread_of(client, "deep", ["one"])
        on = {"configurable": {"thread_id": thread}}

        state = await remote.aget_state(on, subgraphs=True)
        history = [one async for one in remote.aget_state_history(on)]
        earlier = await remote.aget_state(history[-1].config)
        before = [one async for one in remote.aget_state_history(on, before=history[0].config)]
        place = await remote.aupdate_state(on, {"words": ["x"]}, as_node="middle")

        assert (state.values, state.next) == ({"words": ["one"]}, ("middle",))
        assert state.interrupts[0].value == "which word?"
        assert state.tasks[0].state.tasks[0].state.next == ("ask",)
        assert earlier.config == history[-1].config
        assert before == history[1:]
        assert (await remote.aget_state(place)).values == {"words": ["one", "x"]}
        assert [node.id for node in (await remote.aget_graph()).nodes.values()] == [
            "__start__",
            "middle",
            "__end__",
        ]

    async def test_a_state_that_is_not_there(self, remote: Any, client: Any):
        fresh = (await client.threads.create(graph_id="deep"))["thread_id"]
        used = await thread_of(client, "deep", ["one"])

        for place in ({"thread_id": fresh}, {"thread_id": used, "checkpoint_id": SOME}):
            state = await remote.aget_state({"configurable": place})
            found = state.config["configurable"]
            assert (state.values, state.next, state.tasks) == ({}, (), ())
            assert (found["thread_id"], found["checkpoint_ns"]) == (place["thread_id"], "")
            assert found["checkpoint_id"] == place.get("checkpoint_id")

    async def test_without_async(self, remote: Any, client: Any):
        thread = await thread_of(client, "deep", ["one"])
        on = {"configurable": {"thread_id": thread}}

        def use() -> Any:
            remote.update_state(on, {"words": ["x"]}, as_node="middle")
            (newest, *_) = remote.get_state_history(on, filter={"source": "update"})
            return remote.get_state(on), newest, remote.get_graph(xray=True)

        state, newest, drawn = await asyncio.to_thread(use)

        assert state.values == newest.values == {"words": ["one", "x"]}
        assert "middle:child:ask" in drawn.nodes


@pytest.mark.requirement("agents:threads:storage")
async def test_what_a_thread_takes(http: httpx.AsyncClient, client: Any, thread: str):
    fresh = (await client.threads.create())["thread_id"]
    before, found = [(await http.get(f"/threads/{one}/storage")).json() for one in (fresh, thread)]
    await client.threads.update_state(thread, {"words": ["more"]})
    after = (await http.get(f"/threads/{thread}/storage")).json()

    words = found["channel_values"]["by_channel"]["words"]
    parts = (found["checkpoints"], found["channel_values"], found["pending_writes"])
    assert (before["total_bytes"], before["checkpoints"]) == (0, {"count": 0, "bytes": 0})
    assert found["thread_id"] == thread
    assert (found["checkpoints"]["count"], words["versions"]) == (4, 3)
    assert found["total_bytes"] == sum(one["bytes"] for one in parts) > words["bytes"] > 0
    assert after["total_bytes"] > found["total_bytes"]
    assert after["channel_values"]["by_channel"]["words"]["versions"] == 4


SOME = str(uuid4())


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("state", {"values": [1]}, 400, "Expected dict, got [1]"),
        ("state", {"values": {"words": 5}}, 400, "The graph cannot take this update: TypeError"),
        ("state", {"values": {}, "as_node": "nobody"}, 400, "Node nobody does not exist"),
        ("state", {"as_node": 5}, 422, "as_node"),
        ("state", {"checkpoint": {"checkpoint_ns": "no:1"}}, 400, "cannot take this update"),
        ("state", {"checkpoint_id": "x"}, 422, "Invalid checkpoint ID: must be a UUID"),
        ("state", {"checkpoint": "x"}, 422, "checkpoint"),
        ("state/checkpoint", {}, 422, "checkpoint"),
        ("state/checkpoint", {"checkpoint": {"checkpoint_map": {"a": 1}}}, 422, "checkpoint_map"),
        ("state/checkpoint", {"checkpoint": {}, "select": ["x"]}, 422, "a state has no x"),
        ("state/x", None, 422, "Invalid checkpoint ID: must be a UUID"),
        ("state?subgraphs=perhaps", None, 422, "subgraphs"),
        ("state?select=x", None, 422, "a state has no x"),
        ("history", {"limit": 0}, 422, "limit"),
        ("history", {"limit": 1001}, 422, "limit"),
        ("history", {"before": 5}, 422, "Invalid checkpoint ID: must be a UUID"),
        ("history", {"before": {"checkpoint_id": "x"}}, 422, "Invalid checkpoint ID"),
        ("history", {"metadata": 5}, 422, "metadata"),
        ("history?limit=x", None, 422, "limit"),
    ],
)
async def test_bad_input_is_refused_in_one_sentence(  # noqa: PLR0917 - a row of the table
    http: httpx.AsyncClient, thread: str, path: str, body: object, status: int, detail: str
):
    method = "GET" if body is None else "POST"
    reply = await http.request(method, f"/threads/{thread}/{path}", json=body)

    assert reply.status_code == status
    assert detail in reply.json()["detail"]
    assert "\n" not in reply.json()["detail"]
    assert len((await http.get(f"/threads/{thread}/history")).json()) == 4


async def test_a_thread_that_is_not_there(client: Any):
    for call in (
        client.threads.get_state(SOME),
        client.threads.get_history(SOME),
        client.threads.update_state(SOME, {"words": []}),
    ):
        with pytest.raises(NotFoundError):
            await call


async def test_a_thread_without_a_graph_takes_no_update(client: Any):
    for metadata in ({}, {"graph_id": ["steps"]}):
        thread = (await client.threads.create(metadata=metadata))["thread_id"]
        with pytest.raises(BadRequestError, match="has no assigned graph ID"):
            await client.threads.update_state(thread, {"words": []})


async def test_a_graph_that_is_gone_is_named(client: Any):
    thread = (await client.threads.create(graph_id="gone"))["thread_id"]

    with pytest.raises(NotFoundError, match="Graph 'gone' not found"):
        await client.threads.get_state(thread)
