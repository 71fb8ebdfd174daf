"""``/runs/crons`` and ``/threads/{thread_id}/runs/crons`` through the official client."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import (
    BadRequestError,
    NotFoundError,
    UnprocessableEntityError,
)

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving
from tests.acceptance.processes import until

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).parent / "project"
EVERY_SECOND = "* * * * * *"
YEARLY = "0 0 1 1 *"


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestFiring:
    @pytest.fixture
    def client(self, url: str) -> Iterator[Any]:
        """The official client without asyncio: these tests ask until something has happened."""
        with get_sync_client(url=url) as client:
            yield client

    @pytest.fixture
    def mark(self) -> dict[str, str]:
        return {"mark": str(uuid4())}

    @pytest.fixture
    def every_second(self, client: Any) -> Iterator[Callable[..., Any]]:
        """Creates crons, which are deleted in the end."""
        made = []

        def create(**options: Any) -> Any:
            options = {"schedule": EVERY_SECOND, "input": {"words": ["go"]}, **options}
            if thread_id := options.pop("thread_id", None):
                cron = client.crons.create_for_thread(thread_id, "steps", **options)
            else:
                cron = client.crons.create("steps", **options)
            made.append(cron["cron_id"])
            return cron

        yield create
        for cron_id in made:
            client.crons.delete(cron_id)

    @pytest.mark.requirement("agents:crons:fires")
    def test_each_run_has_a_thread_of_its_own_and_the_crons_metadata(
        self, client: Any, every_second: Callable[..., Any], mark: dict[str, str]
    ):
        cron = every_second(metadata=mark, on_run_completed="keep")

        def two() -> Any:
            threads = client.threads.search(metadata=mark, status="idle")
            return threads if len(threads) > 1 else None

        for thread in until(two, "two runs"):
            [run] = client.runs.list(thread["thread_id"])
            assert thread["values"] == {"words": ["go", "first", "second"]}
            assert run["metadata"].items() >= mark.items()
            assert run["kwargs"]["config"]["configurable"]["cron_id"] == cron["cron_id"]

    @pytest.mark.requirement("agents:crons:on-completed")
    def test_threads_go_with_their_runs_unless_they_are_to_stay(
        self, client: Any, every_second: Callable[..., Any], mark: dict[str, str]
    ):
        cron = every_second(metadata=mark)

        def fired() -> bool:
            [now] = client.crons.search(metadata=mark)
            return time_of(now["next_run_date"]) > time_of(cron["next_run_date"])

        until(fired, "its time")
        client.crons.update(cron["cron_id"], enabled=False)
        until(lambda: not client.threads.count(metadata=mark), "the end of its threads")

    @pytest.mark.requirement("agents:crons:fires")
    def test_runs_on_a_thread_go_on_from_one_another(
        self, client: Any, every_second: Callable[..., Any]
    ):
        thread_id = client.threads.create()["thread_id"]
        cron = every_second(thread_id=thread_id, input={"words": []})

        def two() -> bool:
            runs = client.runs.list(thread_id)
            return [run["status"] for run in runs].count("success") > 1

        until(two, "two runs")
        assert cron["on_run_completed"] is None
        words = client.threads.get(thread_id)["values"]["words"]
        assert words[:4] == ["first", "second"] * 2

    @pytest.mark.requirement("agents:crons:change")
    def test_one_that_is_switched_off_waits_until_it_is_on_again(
        self, client: Any, every_second: Callable[..., Any], mark: dict[str, str]
    ):
        other = {"of": mark["mark"]}
        cron = every_second(metadata=mark, enabled=False, on_run_completed="keep")
        every_second(metadata=other, on_run_completed="keep")
        until(lambda: client.threads.search(metadata=other), "a run of the other")
        assert client.threads.search(metadata=mark) == []

        client.crons.update(cron["cron_id"], enabled=True)
        until(lambda: client.threads.search(metadata=mark), "a run")


def test_a_process_that_is_to_leave_crons_alone_leaves_their_runs_to_the_next(tmp_path: Path):
    options = {"MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path}/moorage.db"}
    mark = {"mark": str(uuid4())}

    def served(**more: str) -> AbstractContextManager[str]:
        settings = Settings.parse({**options, **more})
        return serving(create_app(settings, project=read(PROJECT)))

    with served(MOORAGE_RUN_CRONS="false") as url, get_sync_client(url=url) as client:
        client.crons.create(
            "steps",
            schedule=EVERY_SECOND,
            input={"words": []},
            metadata=mark,
            on_run_completed="keep",
        )
        [cron] = client.crons.search(metadata=mark)
        due = time_of(str(cron["next_run_date"]))
        until(lambda: datetime.now(UTC) > due + timedelta(seconds=1), "its time")
        assert client.threads.search(metadata=mark) == []
    with served() as url, get_sync_client(url=url) as client:
        until(lambda: client.threads.search(metadata=mark), "a run")


@pytest.mark.requirement("agents:crons:row")
async def test_a_cron_as_clients_read_it(client: Any):
    mark = {"mark": str(uuid4())}
    end = datetime(2100, 1, 1, 12, tzinfo=UTC)
    made = await client.crons.create(
        "steps",
        schedule="30 9 * * MON",
        timezone="America/New_York",
        input={"words": ["a"]},
        metadata=mark,
        config={"configurable": {"tone": "dry"}, "tags": ["t"]},
        stream_mode=["values", "updates"],
        interrupt_before=["second"],
        multitask_strategy="reject",
        durability="exit",
        end_time=end,
    )
    times = {name: made[name] for name in ("next_run_date", "created_at", "updated_at")}

    assert made == await client.http.get(f"/runs/crons/{made['cron_id']}")
    [assistant] = await client.assistants.search(graph_id="steps")
    assert made == {
        **times,
        "cron_id": made["cron_id"],
        "assistant_id": assistant["assistant_id"],
        "thread_id": None,
        "user_id": None,
        "schedule": "30 9 * * MON",
        "timezone": "America/New_York",
        "end_time": "2100-01-01T12:00:00+00:00",
        "enabled": True,
        "on_run_completed": "delete",
        "metadata": mark,
        "payload": {
            "assistant_id": assistant["assistant_id"],
            "input": {"words": ["a"]},
            "metadata": mark,
            "config": {
                "configurable": {"tone": "dry", "cron_id": made["cron_id"]},
                "tags": ["t"],
            },
            "stream_mode": ["values", "updates"],
            "interrupt_before": ["second"],
            "multitask_strategy": "reject",
            "durability": "exit",
        },
    }
    shown = time_of(made["next_run_date"])
    assert shown.utcoffset() == timedelta(0)
    assert (shown.hour, shown.minute, shown.weekday()) in {(13, 30, 0), (14, 30, 0)}
    await client.crons.delete(made["cron_id"])
    with pytest.raises(NotFoundError):
        await client.crons.delete(made["cron_id"])


class TestChanging:
    @pytest.fixture
    async def cron(self, client: Any) -> Any:
        return await client.crons.create(
            "steps",
            schedule=YEARLY,
            metadata={"a": 1, "b": 1},
            input={"words": ["a"]},
            stream_mode="values",
        )

    async def test_what_is_not_named_stays(self, client: Any, cron: Any):
        changed = await client.crons.update(
            cron["cron_id"], metadata={"b": 2}, input={"words": ["b"]}, on_run_completed="keep"
        )

        assert changed["metadata"] == changed["payload"]["metadata"] == {"a": 1, "b": 2}
        assert changed["payload"]["input"] == {"words": ["b"]}
        assert changed["payload"]["stream_mode"] == cron["payload"]["stream_mode"] == ["values"]
        assert changed["on_run_completed"] == "keep"
        assert changed["next_run_date"] == cron["next_run_date"]

    async def test_another_schedule_has_another_next_time(self, client: Any, cron: Any):
        hourly = await client.crons.update(cron["cron_id"], schedule="@hourly")
        shifted = await client.crons.update(cron["cron_id"], timezone="Asia/Kolkata")

        assert time_of(hourly["next_run_date"]).minute == 0
        assert time_of(shifted["next_run_date"]).minute == 30

    @pytest.mark.requirement("agents:crons:change")
    async def test_an_end_comes_and_goes(self, client: Any, cron: Any):
        over = await client.crons.update(cron["cron_id"], end_time=datetime(2001, 1, 1))  # noqa: DTZ001
        same = await client.crons.update(cron["cron_id"], schedule=YEARLY)
        endless = await client.crons.update(cron["cron_id"], end_time=None)

        assert over["end_time"] == same["end_time"] == "2001-01-01T00:00:00+00:00"
        assert (over["next_run_date"], same["next_run_date"]) == (None, None)
        assert endless["end_time"] is None
        assert endless["next_run_date"] == cron["next_run_date"]

    @pytest.mark.requirement("agents:crons:change")
    async def test_nothing_is_no_change(self, client: Any, cron: Any):
        with pytest.raises(BadRequestError, match="Nothing to change"):
            await client.crons.update(cron["cron_id"])


class TestSearching:
    @pytest.mark.requirement("agents:crons:search")
    async def test_by_each_condition(self, client: Any):
        mark = {"mark": str(uuid4())}
        thread_id = (await client.threads.create())["thread_id"]
        one = await client.crons.create("steps", schedule=YEARLY, metadata={**mark, "n": 1})
        two = await client.crons.create_for_thread(
            thread_id, "echo", schedule="@daily", metadata=mark, enabled=False
        )

        async def found(**conditions: Any) -> list[str]:
            query = {"metadata": mark, "sort_by": "next_run_date", "sort_order": "asc"}
            hits = await client.crons.search(**{**query, **conditions})
            return [cron["cron_id"] for cron in hits]

        assert await found() == [two["cron_id"], one["cron_id"]]
        assert await found(sort_order="desc") == [one["cron_id"], two["cron_id"]]
        assert await found(assistant_id="echo") == [two["cron_id"]]
        assert await found(assistant_id=one["assistant_id"]) == [one["cron_id"]]
        assert await found(thread_id=thread_id) == [two["cron_id"]]
        assert await found(enabled=True) == [one["cron_id"]]
        assert await found(metadata={**mark, "n": 1}) == [one["cron_id"]]
        assert await client.crons.count(metadata=mark) == 2
        assert await client.crons.count(metadata=mark, thread_id=thread_id) == 1

    @pytest.mark.requirement("agents:crons:search", "agents:conventions:pages")
    async def test_pages_lead_to_the_next_and_show_what_is_selected(
        self, client: Any, http: httpx.AsyncClient
    ):
        mark = {"mark": str(uuid4())}
        ids = [
            (await client.crons.create("steps", schedule=YEARLY, metadata=mark))["cron_id"]
            for _ in range(3)
        ]
        query = {"metadata": mark, "limit": 2, "sort_order": "asc", "select": ["cron_id"]}
        first = await http.post("/runs/crons/search", json=query)
        rest = await http.post("/runs/crons/search", json={**query, "offset": 2})

        assert [*first.json(), *rest.json()] == [{"cron_id": one} for one in ids]
        assert first.headers["x-pagination-total"] == "3"
        assert first.headers["x-pagination-next"] == "2"
        assert "x-pagination-next" not in rest.headers

    @pytest.mark.parametrize("wrong", [{"select": ["now"]}, {"sort_by": "schedule"}])
    async def test_only_for_what_there_is(self, http: httpx.AsyncClient, wrong: dict[str, Any]):
        reply = await http.post("/runs/crons/search", json=wrong)

        assert reply.status_code == 422
        assert isinstance(reply.json()["detail"], str)


class TestRefusals:
    @pytest.mark.requirement("agents:crons:refusals")
    @pytest.mark.parametrize(
        ("wrong", "detail"),
        [
            ({"schedule": "61 * * * *"}, "Invalid cron schedule: '61 * * * *' (bad minute)"),
            ({"schedule": "often"}, "Invalid cron schedule: 'often'"),
            ({"schedule": None}, "schedule"),
            ({"timezone": "Mars/Base"}, "Invalid timezone: 'Mars/Base'"),
            ({"end_time": "tomorrow"}, "end_time"),
            ({"end_time": "9999-12-31T23:59:59-12:00"}, "no such time in UTC"),
            ({"end_time": "0001-01-01T00:00:00+12:00"}, "no such time in UTC"),
            ({"on_run_completed": "burn"}, "on_run_completed"),
            ({"stream_mode": "loud"}, "stream_mode"),
            ({"webhook": "http://127.0.0.1/here"}, "loopback"),
        ],
    )
    async def test_what_makes_no_sense(
        self, http: httpx.AsyncClient, wrong: dict[str, Any], detail: str
    ):
        body = {"assistant_id": "steps", "schedule": YEARLY, **wrong}
        reply = await http.post("/runs/crons", json=body)

        assert (reply.status_code, detail in reply.json()["detail"]) == (422, True), reply.text

    async def test_what_is_not_there(self, client: Any, http: httpx.AsyncClient):
        for missing in (
            client.crons.create(str(uuid4()), schedule=YEARLY),
            client.crons.create_for_thread(str(uuid4()), "steps", schedule=YEARLY),
            client.crons.update(str(uuid4()), enabled=False),
            client.crons.delete(str(uuid4())),
        ):
            with pytest.raises(NotFoundError):
                await missing
        assert (await http.get(f"/runs/crons/{uuid4()}")).status_code == 404

    async def test_ids_that_are_none(self, client: Any):
        for wrong in (
            client.crons.delete("x"),
            client.crons.create_for_thread("x", "steps", schedule=YEARLY),
            client.crons.search(thread_id="x"),
        ):
            with pytest.raises(UnprocessableEntityError, match="must be a UUID"):
                await wrong

    async def test_one_thing_under_two_names(self, client: Any):
        with pytest.raises(BadRequestError, match="configurable or context"):
            await client.crons.create(
                "steps", schedule=YEARLY, config={"configurable": {"a": 1}}, context={"a": 1}
            )


@pytest.mark.requirement("agents:crons:gone")
async def test_crons_go_with_what_they_are_of(client: Any):
    assistant = await client.assistants.create("steps")
    thread_id = (await client.threads.create())["thread_id"]
    of_assistant = await client.crons.create(assistant["assistant_id"], schedule=YEARLY)
    of_thread = await client.crons.create_for_thread(thread_id, "steps", schedule=YEARLY)
    await client.assistants.delete(assistant["assistant_id"])
    await client.threads.delete(thread_id)

    for gone in (of_assistant, of_thread):
        with pytest.raises(NotFoundError):
            await client.crons.update(gone["cron_id"], enabled=False)
