"""Crons behind the one door: what the deployment's rule sees, and what its verdict does."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from moorage.domain.assistants import Assistant
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.crons import CronChange, CronQuery, CronRequest
from moorage.domain.search import Page
from moorage.engine.access import Access, Action, Resource, Verdict
from moorage.engine.crons import Crons
from moorage.errors import Forbidden, NotFound
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ADA = Caller("ada", "jwt")
BEN = Caller("ben", "jwt")
NOBODY = Caller("nobody", "jwt")
DAILY = CronRequest("a", "@daily")


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    clock = ManualClock()
    async with open_storage("memory:", terms=Terms(), clock=clock) as opened:
        time = clock.now()
        await opened.assistants.create(Assistant("a", "g", "A", time, time))
        yield opened


async def owners_only(
    caller: Caller, resource: Resource, action: Action, value: dict[str, Any]
) -> Verdict:
    """What the Agent Server's documentation shows: everybody sees what is theirs."""
    if caller is NOBODY:
        return False
    mine = {"owner": caller.identity}
    value.setdefault("metadata", {}).update(mine)
    return mine


@pytest.fixture
def crons(storage: Storage) -> Crons:
    return Crons(storage, Access(owners_only))


async def test_without_a_rule_everybody_has_everything(storage: Storage):
    crons = Crons(storage, Access())
    made = await crons.create(ANONYMOUS, DAILY)

    assert made.owner == ANONYMOUS
    assert await crons.get(BEN, made.cron_id) == made
    assert (await crons.patch(BEN, made.cron_id, CronChange(enabled=False))).enabled is False
    assert await crons.count(BEN, CronQuery()) == 1
    await crons.delete(BEN, made.cron_id)
    assert (await crons.search(BEN, CronQuery(), Page())).items == []


async def test_what_the_rule_adds_to_the_metadata_stays(crons: Crons):
    made = await crons.create(ADA, DAILY)

    assert made.metadata == {"owner": "ada"}
    assert made.owner == ADA
    claimed = CronChange(metadata={"owner": "ben", "a": 1})
    assert (await crons.patch(ADA, made.cron_id, claimed)).metadata == {"owner": "ada", "a": 1}


async def test_what_is_not_theirs_does_not_exist(crons: Crons):
    made = await crons.create(ADA, DAILY)

    for attempt in (
        crons.get(BEN, made.cron_id),
        crons.patch(BEN, made.cron_id, CronChange(enabled=False)),
        crons.delete(BEN, made.cron_id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await crons.count(BEN, CronQuery()) == 0
    assert (await crons.search(BEN, CronQuery(), Page())).items == []
    assert (await crons.search(ADA, CronQuery(), Page())).items == [made]


async def test_a_cron_on_a_thread_that_is_not_theirs(crons: Crons, storage: Storage):
    thread = await storage.threads.create("t", {"owner": "ada"})
    wanted = CronRequest("a", "@daily", thread_id=thread.thread_id)

    with pytest.raises(NotFound, match="Thread"):
        await crons.create(BEN, wanted)
    assert (await crons.create(ADA, wanted)).thread_id == thread.thread_id


async def test_who_may_do_nothing(crons: Crons):
    made = await crons.create(ADA, DAILY)

    for attempt in (
        crons.create(NOBODY, DAILY),
        crons.get(NOBODY, made.cron_id),
        crons.patch(NOBODY, made.cron_id, CronChange()),
        crons.delete(NOBODY, made.cron_id),
        crons.search(NOBODY, CronQuery(), Page()),
        crons.count(NOBODY, CronQuery()),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert await crons.count(ADA, CronQuery()) == 1


async def test_what_the_rule_is_shown(storage: Storage):
    seen: list[tuple[str, str, dict[str, Any]]] = []

    async def rule(_: Caller, resource: Resource, action: Action, value: dict[str, Any]) -> Verdict:
        seen.append((resource, action, value))
        return None

    crons = Crons(storage, Access(rule))
    thread = await storage.threads.create(str(uuid4()), {})
    wanted = CronRequest(
        "a", "@daily", thread_id=thread.thread_id, metadata={"m": 1}, payload={"input": 1}
    )
    made = await crons.create(ADA, wanted)
    by_id = {"cron_id": made.cron_id}
    await crons.get(ADA, made.cron_id)
    await crons.patch(ADA, made.cron_id, CronChange(schedule="@hourly", payload={"input": 2}))
    await crons.search(ADA, CronQuery(assistant_id="a"), Page(limit=3, offset=1))
    await crons.count(ADA, CronQuery(metadata={"m": 1}))
    await crons.delete(ADA, made.cron_id)

    nothing: dict[str, Any] = {"assistant_id": None, "thread_id": None, "metadata": {}}
    assert seen == [
        ("threads", "read", {"thread_id": thread.thread_id}),
        (
            "crons",
            "create",
            {
                **by_id,
                "thread_id": thread.thread_id,
                "user_id": "ada",
                "schedule": "@daily",
                "end_time": None,
                "payload": {"input": 1},
                "metadata": {"m": 1},
            },
        ),
        ("crons", "read", by_id),
        (
            "crons",
            "update",
            {
                **by_id,
                "schedule": "@hourly",
                "end_time": None,
                "payload": {"input": 2},
                "metadata": {},
            },
        ),
        ("crons", "search", {**nothing, "assistant_id": "a", "limit": 3, "offset": 1}),
        ("crons", "search", {**nothing, "metadata": {"m": 1}}),
        ("crons", "delete", by_id),
    ]
