"""``/threads`` through the official client."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.anyio


async def thread_of(client: Any, graph: str, given: Any = None) -> str:
    """A thread on which a graph has run."""
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, graph, input=given or {"words": []})
    return str(thread)


@pytest.mark.requirement("agents:threads:life")
async def test_a_thread_is_made_changed_and_deleted(client: Any):
    made = await client.threads.create(metadata={"owner": "ada"})
    changed = await client.threads.update(made["thread_id"], metadata={"size": 2})
    await client.threads.delete(made["thread_id"])

    assert (made["status"], made["values"], made["interrupts"]) == ("idle", None, {})
    assert changed["metadata"] == {"owner": "ada", "size": 2}
    with pytest.raises(NotFoundError):
        await client.threads.get(made["thread_id"])


@pytest.mark.requirement("agents:threads:if-exists")
async def test_an_id_is_taken_once(client: Any):
    own = str(uuid4())
    await client.threads.create(thread_id=own, metadata={"first": True})
    again = await client.threads.create(
        thread_id=own, metadata={"first": False}, if_exists="do_nothing"
    )

    assert again["metadata"] == {"first": True}
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=own)


@pytest.mark.requirement("agents:threads:search")
async def test_threads_are_found_by_what_they_hold(client: Any):
    mark = str(uuid4())
    threads = [
        (await client.threads.create(metadata={"mark": mark}))["thread_id"] for _ in range(3)
    ]
    await client.runs.wait(threads[1], "steps", input={"words": [mark]})

    found = await client.threads.search(values={"words": [mark]})
    page = await client.threads.search(
        metadata={"mark": mark}, limit=2, sort_order="asc", select=["thread_id"]
    )

    assert [one["thread_id"] for one in found] == [threads[1]]
    assert page == [{"thread_id": one} for one in threads[:2]]
    assert await client.threads.count(metadata={"mark": mark}) == 3


@pytest.mark.requirement("agents:threads:minimal")
async def test_a_patch_that_wants_no_answer_gets_none(http: httpx.AsyncClient):
    thread = (await http.post("/threads")).json()["thread_id"]

    reply = await http.patch(
        f"/threads/{thread}", json={"metadata": {"a": 1}}, headers={"prefer": "return=minimal"}
    )

    assert (reply.status_code, reply.content) == (204, b"")


@pytest.mark.requirement("agents:threads:config")
async def test_a_thread_shows_the_choices_of_its_last_run_and_nothing_of_the_servers(client: Any):
    thread = (await client.threads.create())["thread_id"]
    chosen = {"tone": "dry", "run_id": "x", "langgraph_auth_user_id": "root"}
    await client.runs.wait(thread, "steps", input={"words": []}, config={"configurable": chosen})

    assert (await client.threads.get(thread))["config"] == {"configurable": {"tone": "dry"}}


class TestHistories:
    def steps(self, *updates: Any) -> Any:
        return [{"updates": [{"values": values, "as_node": node}]} for values, node in updates]

    @pytest.mark.requirement("agents:threads:supersteps")
    async def test_a_thread_is_made_with_a_history(self, client: Any):
        made = await client.threads.create(
            graph_id="steps",
            metadata={"from": "elsewhere"},
            supersteps=self.steps(
                ({"words": ["one"]}, "__input__"),
                ({"words": ["one"]}, "__start__"),
                ({"words": ["mine"]}, "first"),
            ),
        )
        history = await client.threads.get_history(made["thread_id"])
        values = await client.runs.wait(made["thread_id"], "steps")

        assert (made["status"], made["values"]) == ("interrupted", {"words": ["one", "mine"]})
        assert made["metadata"] == {"from": "elsewhere", "graph_id": "steps"}
        assert [one["next"] for one in history] == [["second"], ["first"], ["__start__"]]
        assert [one["metadata"]["source"] for one in history] == ["update", "update", "input"]
        assert values == {"words": ["one", "mine", "second"]}

    async def test_a_history_is_carried_to_another_thread(self, client: Any):
        source = (await client.threads.create())["thread_id"]
        await client.runs.wait(source, "asking", input={"words": ["one"]})
        await client.runs.wait(source, "asking", command={"resume": "blue"})
        updates = [({"words": ["one"]}, "__input__")]
        for state in reversed(await client.threads.get_history(source)):
            updates += [(task["result"], task["name"]) for task in state["tasks"]]
        made = await client.threads.create(graph_id="asking", supersteps=self.steps(*updates))

        assert made["values"] == (await client.threads.get(source))["values"]
        assert (made["status"], made["interrupts"]) == ("idle", {})

    async def test_a_step_may_hold_several_updates_and_a_command(
        self, client: Any, http: httpx.AsyncClient
    ):
        body = {
            "metadata": {"graph_id": "steps"},
            "supersteps": [
                {"updates": [{"values": {"words": []}, "as_node": "__input__"}]},
                {
                    "updates": [
                        {"values": {"words": ["a"]}, "as_node": "first"},
                        {"command": {"update": {"words": ["b"]}}, "as_node": "second"},
                    ]
                },
            ],
        }
        made = (await http.post("/threads", json=body)).json()

        assert made["values"] == {"words": ["a", "b"]}

    async def test_one_that_is_there_stays_as_it_is(self, client: Any):
        own = str(uuid4())
        wanted = {
            "thread_id": own,
            "graph_id": "steps",
            "supersteps": self.steps(({"words": ["one"]}, "__input__")),
        }
        first = await client.threads.create(**wanted)
        again = await client.threads.create(**wanted, if_exists="do_nothing")

        assert again == first
        with pytest.raises(ConflictError):
            await client.threads.create(**wanted)

    @pytest.mark.requirement("agents:threads:supersteps-fail")
    @pytest.mark.parametrize(
        ("metadata", "steps", "status", "detail"),
        [
            ({}, [({}, "__input__")], 400, "metadata.graph_id"),
            ({"graph_id": 5}, [({}, "__input__")], 400, "metadata.graph_id"),
            ({"graph_id": "gone"}, [({}, "__input__")], 404, "Graph 'gone' not found"),
            ({"graph_id": "steps"}, [({}, "nobody")], 400, "Node nobody does not exist"),
            ({"graph_id": "steps"}, [({"words": 5}, "first")], 400, "TypeError"),
        ],
    )
    async def test_without_its_history_there_is_no_thread(
        self, http: httpx.AsyncClient, metadata: Any, steps: Any, status: int, detail: str
    ):
        own = str(uuid4())
        body = {"thread_id": own, "metadata": metadata, "supersteps": self.steps(*steps)}
        reply = await http.post("/threads", json=body)

        assert (reply.status_code, (await http.get(f"/threads/{own}")).status_code) == (status, 404)
        assert detail in reply.json()["detail"]


class TestCopying:
    @pytest.mark.requirement("agents:threads:copy")
    async def test_a_copy_goes_its_own_way(self, client: Any):
        source = await thread_of(client, "asking")
        before = await client.threads.get_history(source)
        copy = await client.threads.copy(source)
        answers = [
            await client.runs.wait(one, "asking", command={"resume": word})
            for one, word in ((copy["thread_id"], "blue"), (source, "red"))
        ]
        after = await client.threads.get_history(copy["thread_id"])

        assert (copy["status"], copy["metadata"]["graph_id"]) == ("idle", "asking")
        assert list(copy["interrupts"].values()) == [before[0]["interrupts"]]
        assert answers == [{"words": ["blue"]}, {"words": ["red"]}]
        assert [one["checkpoint_id"] for one in after[1:]] == [
            one["checkpoint_id"] for one in before
        ]
        assert {one["checkpoint"]["thread_id"] for one in after} == {copy["thread_id"]}
        assert await client.runs.list(copy["thread_id"], limit=10) != []

    @pytest.mark.requirement("agents:threads:copy-unknown")
    async def test_what_is_not_there_cannot_be_copied(self, client: Any):
        with pytest.raises(NotFoundError):
            await client.threads.copy(str(uuid4()))


class TestPruning:
    @pytest.mark.requirement("agents:threads:prune")
    async def test_threads_are_deleted_or_trimmed(self, client: Any):
        gone, trimmed = [await thread_of(client, "steps") for _ in range(2)]
        latest = await client.threads.get_state(trimmed)

        assert await client.threads.prune([gone, str(uuid4())]) == {"pruned_count": 1}
        assert await client.threads.prune([trimmed, gone], strategy="keep_latest") == {
            "pruned_count": 1
        }
        with pytest.raises(NotFoundError):
            await client.threads.get(gone)
        (only,) = await client.threads.get_history(trimmed)
        assert (only["values"], only["checkpoint"]) == (latest["values"], latest["checkpoint"])
        assert await client.runs.wait(trimmed, "steps", input={"words": []}) is not None


class TestLifetimes:
    @pytest.mark.requirement("agents:threads:ttl")
    async def test_a_thread_says_when_its_time_comes(self, client: Any):
        made = await client.threads.create(ttl=90)
        first = await client.threads.get(made["thread_id"], include=["ttl"])
        await client.threads.update(
            made["thread_id"], metadata={}, ttl={"ttl": 30, "strategy": "keep_latest"}
        )
        then = await client.threads.get(made["thread_id"], include=["ttl"])

        assert "ttl" not in await client.threads.get(made["thread_id"])
        assert (first["ttl"]["strategy"], first["ttl"]["ttl_minutes"]) == ("delete", 90)
        assert (then["ttl"]["strategy"], then["ttl"]["ttl_minutes"]) == ("keep_latest", 30)
        assert first["ttl"]["expires_at"] > then["ttl"]["expires_at"] > then["updated_at"]

    async def test_one_of_which_nothing_is_said_lives_for_ever(self, client: Any):
        made = await client.threads.create()

        assert (await client.threads.get(made["thread_id"], include=["ttl"]))["ttl"] is None


class TestDeleting:
    async def test_a_run_on_it_is_stopped_and_told(self, client: Any):
        thread = (await client.threads.create())["thread_id"]
        begun = asyncio.Event()

        async def follow() -> list[Any]:
            parts = []
            async for part in client.runs.stream(thread, "waiting", input={"words": ["one"]}):
                begun.set()
                parts.append(part)
            return parts

        async with asyncio.timeout(10):
            following = asyncio.create_task(follow())
            await begun.wait()
            await client.threads.delete(thread)
            await following

        for call in (
            client.threads.get(thread),
            client.threads.get_state(thread),
            client.runs.list(thread),
        ):
            with pytest.raises(NotFoundError):
                await call

    async def test_a_new_one_of_the_same_id_has_no_past(self, client: Any):
        own = str(uuid4())
        for _ in range(3):
            await client.threads.create(thread_id=own)
            await client.runs.create(own, "waiting", input={"words": ["old"]})
            await client.threads.delete(own)
        await client.threads.create(thread_id=own)

        assert await client.runs.wait(own, "steps", input={"words": []}) == {
            "words": ["first", "second"]
        }
        assert len(await client.threads.get_history(own)) == 4


class TestExtracting:
    @pytest.mark.requirement("agents:threads:extract")
    async def test_parts_of_what_threads_hold_come_beside_them(self, client: Any):
        thread = await thread_of(client, "echo", {"messages": "hi"})
        (found,) = await client.threads.search(
            ids=[thread],
            select=["thread_id"],
            extract={
                "last": "values.messages[-1].content",
                "first": "values.messages[0].type",
                "graph": "metadata.graph_id",
                "beyond": "values.messages[9].content",
                "missing": "values.other.more",
                "asked": "interrupts.x[0].value",
            },
        )

        assert found == {
            "thread_id": thread,
            "extracted": {
                "last": "you said: hi",
                "first": "human",
                "graph": "echo",
                "beyond": None,
                "missing": None,
                "asked": None,
            },
        }


@pytest.mark.requirement("agents:conventions:errors", "agents:threads:search-ids")
@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("", {"supersteps": [{"updates": []}]}, 422, "supersteps"),
        ("", {"supersteps": {}}, 422, "supersteps"),
        ("", {"thread_id": "x"}, 422, "Invalid thread ID: must be a UUID"),
        ("", {"metadata": []}, 422, "metadata"),
        ("", {"ttl": 5}, 422, "ttl"),
        ("", {"ttl": {"ttl": 0}}, 422, "ttl.ttl"),
        ("", {"ttl": {"ttl": 1, "strategy": "burn"}}, 422, "ttl.strategy"),
        ("/search", {"select": ["colour"]}, 422, "select"),
        ("/search", {"extract": {"a": "owner.name"}}, 422, "extract.a"),
        ("/search", {"extract": {"a": "values"}}, 422, "extract.a"),
        ("/search", {"extract": {"a": "values.x["}}, 422, "extract.a"),
        ("/search", {"extract": {str(n): "values.x" for n in range(11)}}, 422, "extract"),
        ("/search", {"ids": ["bad"]}, 400, "Invalid thread ID bad"),
        ("/search", {"sort_by": "colour"}, 422, "sort_by"),
        ("/search", {"status": "happy"}, 422, "status"),
        ("/prune", {}, 422, "thread_ids"),
        ("/prune", {"thread_ids": ["x"]}, 422, "Invalid thread ID"),
        ("/prune", {"thread_ids": [], "strategy": "burn"}, 422, "strategy"),
        (f"/{uuid4()}/copy", None, 404, "not found"),
        ("/x/copy", None, 422, "Invalid thread ID"),
    ],
)
async def test_bad_input_is_refused_in_one_sentence(
    http: httpx.AsyncClient, path: str, body: object, status: int, detail: str
):
    reply = await http.post(f"/threads{path}", json=body)

    assert reply.status_code == status
    assert detail in reply.json()["detail"]
    assert "\n" not in reply.json()["detail"]
