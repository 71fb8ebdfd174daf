"""``/threads`` through the official client."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.anyio


async def test_a_thread_is_made_changed_and_deleted(client: Any):
    made = await client.threads.create(metadata={"owner": "ada"})
    changed = await client.threads.update(made["thread_id"], metadata={"size": 2})
    await client.threads.delete(made["thread_id"])

    assert (made["status"], made["values"], made["interrupts"]) == ("idle", None, {})
    assert changed["metadata"] == {"owner": "ada", "size": 2}
    with pytest.raises(NotFoundError):
        await client.threads.get(made["thread_id"])


async def test_an_id_is_taken_once(client: Any):
    own = str(uuid4())
    await client.threads.create(thread_id=own, metadata={"first": True})
    again = await client.threads.create(
        thread_id=own, metadata={"first": False}, if_exists="do_nothing"
    )

    assert again["metadata"] == {"first": True}
    with pytest.raises(ConflictError):
        await client.threads.create(thread_id=own)


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


async def test_a_patch_that_wants_no_answer_gets_none(http: httpx.AsyncClient):
    thread = (await http.post("/threads")).json()["thread_id"]

    reply = await http.patch(
        f"/threads/{thread}", json={"metadata": {"a": 1}}, headers={"prefer": "return=minimal"}
    )

    assert (reply.status_code, reply.content) == (204, b"")


async def test_a_thread_shows_the_choices_of_its_last_run_and_nothing_of_the_servers(client: Any):
    thread = (await client.threads.create())["thread_id"]
    chosen = {"tone": "dry", "run_id": "x", "langgraph_auth_user_id": "root"}
    await client.runs.wait(thread, "steps", input={"words": []}, config={"configurable": chosen})

    assert (await client.threads.get(thread))["config"] == {"configurable": {"tone": "dry"}}
