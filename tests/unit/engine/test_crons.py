"""Crons behind the one door: what the deployment's rule sees, and what its verdict does."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from moorage.domain.assistants import default_assistant_id
from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.crons import AfterRun, CronChange, CronQuery, CronRequest
from moorage.domain.search import Page
from moorage.engine.access import Access, Action, Resource, Rule, Verdict
from moorage.engine.assistants import Assistants
from moorage.engine.crons import Crons
from moorage.engine.graphs import Graphs, GraphSource
from moorage.engine.queue import Queue
from moorage.engine.run_config import Asked
from moorage.engine.runs import NewRun, Runs
from moorage.engine.streams import Streams
from moorage.errors import BadRequest, Forbidden, Invalid, NotFound
from moorage.storage.interface import Storage
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ADA = Caller("ada", "jwt")
BEN = Caller("ben", "jwt")
NOBODY = Caller("nobody", "jwt")
GRAPH = "agent"
DAILY = CronRequest(GRAPH, "@daily")


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    clock = ManualClock()
    async with open_storage("memory:", terms=Terms(), clock=clock) as opened:
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


def read(assistant_id: str, payload: Mapping[str, Any]) -> NewRun:
    """As a protocol does."""
    asked = Asked(payload.get("config") or {}, payload.get("context") or {})
    return NewRun(assistant_id=assistant_id, input=payload.get("input"), asked=asked)


def echo(state: MessagesState) -> MessagesState:
    return state


def crons_of(storage: Storage, rule: Rule | None = None) -> Crons:
    graph = StateGraph(MessagesState).add_node(echo).add_edge(START, "echo").compile()
    graphs = Graphs([GraphSource(GRAPH, None, graph, graph)])
    access, streams = Access(rule), Streams()
    assistants = Assistants(storage, graphs, access)
    queue = Queue(storage, streams)
    runs = Runs(storage, queue, streams, assistants, access)
    return Crons(storage, assistants, runs, access, read)


@pytest.fixture
def crons(storage: Storage) -> Crons:
    return crons_of(storage, owners_only)


async def test_without_a_rule_everybody_has_everything(storage: Storage):
    crons = crons_of(storage)
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
    wanted = CronRequest(GRAPH, "@daily", thread_id=thread.thread_id)

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

    crons = crons_of(storage, rule)
    thread = await storage.threads.create(str(uuid4()), {})
    wanted = CronRequest(
        GRAPH, "@daily", thread_id=thread.thread_id, metadata={"m": 1}, payload={"input": 1}
    )
    made = await crons.create(ADA, wanted)
    by_id = {"cron_id": made.cron_id}
    await crons.get(ADA, made.cron_id)
    await crons.patch(ADA, made.cron_id, CronChange(schedule="@hourly", payload={"input": 2}))
    await crons.search(ADA, CronQuery(assistant_id=GRAPH), Page(limit=3, offset=1))
    await crons.count(ADA, CronQuery(metadata={"m": 1}))
    await crons.delete(ADA, made.cron_id)

    part = {"limit": 3, "offset": 1}
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
        (
            "crons",
            "search",
            {**nothing, "assistant_id": made.assistant_id, **part},
        ),
        ("crons", "search", {**nothing, "metadata": {"m": 1}}),
        ("crons", "delete", by_id),
    ]


async def test_an_assistant_may_be_named_by_its_graph(storage: Storage):
    made = await crons_of(storage).create(ADA, DAILY)

    assert made.assistant_id == default_assistant_id(GRAPH)
    with pytest.raises(Invalid, match="name of a graph"):
        await crons_of(storage).create(ADA, CronRequest("other", "@daily"))
    with pytest.raises(NotFound, match="Assistant"):
        await crons_of(storage).create(ADA, CronRequest(str(uuid4()), "@daily"))


class TestRequest:
    """What a cron asks for when its time comes."""

    async def test_it_is_its_owners_and_says_whose_it_is(self, storage: Storage):
        crons = crons_of(storage)
        wanted = CronRequest(GRAPH, "@daily", metadata={"m": 1}, payload={"input": [1]})
        request = await crons.request(await crons.create(ADA, wanted))

        assert request.assistant_id == default_assistant_id(GRAPH)
        assert request.kwargs["input"] == [1]
        assert request.kwargs["config"]["configurable"]["langgraph_auth_user_id"] == "ada"
        assert request.metadata["m"] == request.new_thread_metadata["m"] == 1

    @pytest.mark.parametrize("after_run", list(AfterRun))
    async def test_each_has_a_thread_of_its_own(self, storage: Storage, after_run: AfterRun):
        crons = crons_of(storage)
        cron = await crons.create(ADA, CronRequest(GRAPH, "@daily", on_run_completed=after_run))
        requests = [await crons.request(cron) for _ in range(2)]

        assert (
            len({one.thread_id for one in requests}) == len({one.run_id for one in requests}) == 2
        )
        assert {one.creates_thread for one in requests} == {True}
        assert {one.is_temporary for one in requests} == {after_run is AfterRun.DELETE}

    async def test_or_all_have_one_that_stays(self, storage: Storage):
        crons = crons_of(storage)
        await storage.threads.create("t", {})
        request = await crons.request(
            await crons.create(ADA, CronRequest(GRAPH, "@daily", thread_id="t"))
        )

        assert (request.thread_id, request.creates_thread) == ("t", False)
        assert request.is_temporary is False

    async def test_the_rule_is_asked_about_each_run(self, storage: Storage):
        asked: list[tuple[str, str]] = []

        async def rule(
            caller: Caller, _: Resource, action: Action, value: dict[str, Any]
        ) -> Verdict:
            asked.append((caller.identity, action))
            return action != "create_run"

        crons = crons_of(storage, rule)
        cron = await crons.create(ADA, DAILY)

        with pytest.raises(Forbidden):
            await crons.request(cron)
        assert asked == [("ada", "create"), ("ada", "create_run")]


class TestPayload:
    """What would fail each time is refused at once."""

    CONFIGURED: Mapping[str, Any] = {"config": {"configurable": {"a": 1}}}
    CONTEXT: Mapping[str, Any] = {"context": {"a": 1}}

    async def test_of_a_new_one(self, crons: Crons):
        wanted = CronRequest(GRAPH, "@daily", payload={**self.CONFIGURED, **self.CONTEXT})
        with pytest.raises(BadRequest, match="configurable or context"):
            await crons.create(ADA, wanted)

    async def test_of_a_change(self, crons: Crons):
        made = await crons.create(ADA, CronRequest(GRAPH, "@daily", payload=self.CONFIGURED))
        with pytest.raises(BadRequest, match="configurable or context"):
            await crons.patch(ADA, made.cron_id, CronChange(payload=self.CONTEXT))
        assert (await crons.get(ADA, made.cron_id)).payload == self.CONFIGURED
