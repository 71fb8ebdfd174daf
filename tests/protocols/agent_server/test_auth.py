"""A project with an ``Auth`` object of its own: everybody has what is their own, and no more."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.errors import ConflictError, NotFoundError, PermissionDeniedError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from moorage import Settings, create_app
from moorage.auth.keys import digest
from moorage.project import read
from moorage.testing import serving
from tests.acceptance.processes import until

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
SAY: Any = {"messages": [{"role": "user", "content": "hi"}]}
KEY = "a-secret-of-a-service-0123456789"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("guarded") / "moorage.db"
    settings = Settings.parse({"MOORAGE_DATABASE_URL": f"sqlite:///{file}"})
    with serving(create_app(settings, project=read(HERE / "guarded"))) as url:
        yield url


class People(NamedTuple):
    ada: Any
    bob: Any
    guest: Any
    debtor: Any
    clumsy: Any


@pytest.fixture
async def people(guarded: str) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                get_client(url=guarded, headers={"Authorization": f"Bearer {name}"})
            )
            for name in People._fields
        ]
        yield People(*clients)


@pytest.fixture
async def http(guarded: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=guarded, timeout=20) as http:
        yield http


def as_(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def are_none(*attempts: Callable[[], Any]) -> None:
    for attempt in attempts:
        # The client raises its own error, or httpx's from what it streams.
        with pytest.raises((NotFoundError, httpx.HTTPStatusError)) as caught:
            await attempt()
        assert caught.value.response.status_code == 404


# Who is calling


@pytest.mark.requirement("agents:auth:closed", "agents:auth:studio")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("POST", "/threads"), ("POST", "/threads/search"), ("POST", "/runs/wait")],
        *[("GET", f"/threads/{uuid4()}"), ("GET", f"/threads/{uuid4()}/state")],
        *[("GET", f"/threads/{uuid4()}/runs/{uuid4()}/stream"), ("GET", "/no/such/path")],
        *[("POST", "/assistants/search"), ("GET", "/assistants/echo"), ("POST", "/runs/crons")],
        *[("PUT", "/store/items"), ("POST", "/store/items/search"), ("DELETE", "/threads")],
    ],
)
async def test_nothing_is_there_for_nobody(http: httpx.AsyncClient, method: str, path: str):
    nobody = await http.request(method, path)
    stranger = await http.request(method, path, headers=as_("eve"))
    studio = await http.request(method, path, headers={"x-auth-scheme": "langsmith"})

    assert (nobody.status_code, nobody.json()["detail"]) == (401, "The credentials are not valid.")
    assert (stranger.status_code, stranger.json()["detail"]) == (401, "Who are you?")
    assert stranger.headers["x-reason"] == "unknown"
    assert studio.status_code == 401


async def test_who_is_known_finds_what_is_there(http: httpx.AsyncClient):
    assert (await http.get("/no/such/path", headers=as_("ada"))).status_code == 404
    assert (await http.post("/threads", json={}, headers=as_("ada"))).status_code == 200


@pytest.mark.requirement("agents:auth:closed")
@pytest.mark.parametrize("path", ["/ok", "/info"])
async def test_some_pages_are_there_for_everybody(http: httpx.AsyncClient, path: str):
    assert (await http.get(path)).status_code == 200


async def test_options_need_no_credential(http: httpx.AsyncClient):
    assert (await http.options("/threads")).status_code not in {401, 500}


@pytest.mark.requirement("agents:auth:failing")
async def test_a_handler_that_fails_tells_nothing(http: httpx.AsyncClient):
    reply = await http.post("/threads", json={}, headers=as_("broken"))

    assert reply.status_code == 500
    assert "hunter2" not in reply.text


def test_a_websocket_is_refused_before_it_is_open(guarded: str):
    url = f"{guarded.replace('http', 'ws', 1)}/threads/{uuid4()}/stream/events"
    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers=as_("eve"), proxy=None)

    assert caught.value.response.status_code == 401
    assert b"Who are you?" in (caught.value.response.body or b"")


async def test_the_document_says_what_the_project_says_about_credentials(
    http: httpx.AsyncClient,
):
    document = (await http.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"] == {
        "name": {"type": "http", "scheme": "bearer"}
    }
    assert document["security"] == [{"name": []}]
    assert document["paths"]["/threads"]["post"]["security"] == []
    assert "security" not in document["paths"]["/threads/search"]["post"]


# Threads


@pytest.mark.requirement("agents:auth:created")
async def test_what_is_made_is_marked_with_who_made_it(people: People):
    thread = await people.ada.threads.create(metadata={"topic": "tea", "owner": "bob"})

    assert thread["metadata"] == {"topic": "tea", "owner": "ada"}
    assert await people.ada.threads.get(thread["thread_id"]) == thread


@pytest.mark.requirement("agents:auth:hidden")
async def test_a_thread_of_another_is_none(people: People):
    thread = (await people.ada.threads.create())["thread_id"]
    await people.ada.runs.wait(thread, "echo", input=SAY)

    await are_none(
        lambda: people.bob.threads.get(thread),
        lambda: people.bob.threads.update(thread, metadata={"a": 1}),
        lambda: people.bob.threads.delete(thread),
        lambda: people.bob.threads.copy(thread),
        lambda: people.bob.threads.get_state(thread),
        lambda: people.bob.threads.update_state(thread, SAY),
        lambda: people.bob.threads.get_history(thread),
        lambda: people.bob.runs.list(thread),
        lambda: people.bob.runs.wait(thread, "echo", input=SAY),
        lambda: people.bob.runs.create(thread, "echo", input=SAY),
        lambda: people.bob.runs.create(thread, "echo", input=SAY, if_not_exists="create"),
    )
    assert (await people.ada.threads.get(thread))["metadata"]["owner"] == "ada"
    assert len(await people.ada.runs.list(thread)) == 1


async def test_states_are_of_those_whose_threads_they_are(people: People):
    thread = (await people.ada.threads.create())["thread_id"]
    await people.ada.runs.wait(thread, "echo", input=SAY)
    await people.ada.threads.update_state(thread, SAY, as_node="__start__")
    copy = await people.ada.threads.copy(thread)
    history = await people.ada.threads.get_history(copy["thread_id"])

    threads = people.bob.threads
    await are_none(
        lambda: threads.get_state(thread),
        lambda: threads.get_history(thread),
        lambda: threads.update_state(thread, SAY),
        lambda: threads.copy(thread),
    )
    for strategy in ("keep_latest", "delete"):
        assert await threads.prune([thread], strategy=strategy) == {"pruned_count": 0}
    assert copy["metadata"]["owner"] == history[0]["metadata"]["langgraph_auth_user_id"] == "ada"
    assert "hunter2" not in str(history)
    assert len(await people.ada.threads.get_history(thread)) == len(history) > 1
    assert await people.ada.threads.prune([thread]) == {"pruned_count": 1}


@pytest.mark.requirement("agents:auth:hidden")
async def test_searching_and_counting_hide_what_is_of_others(people: People):
    mark = str(uuid4())
    own = [(await people.ada.threads.create(metadata={"m": mark}))["thread_id"] for _ in range(2)]
    other = (await people.bob.threads.create(metadata={"m": mark}))["thread_id"]

    found = await people.ada.threads.search(metadata={"m": mark})
    assert {one["thread_id"] for one in found} == set(own)
    assert await people.ada.threads.count(metadata={"m": mark}) == 2
    found = await people.bob.threads.search(metadata={"m": mark})
    assert [one["thread_id"] for one in found] == [other]
    forged = await people.bob.threads.search(metadata={"m": mark, "owner": "ada"})
    assert [one["thread_id"] for one in forged] == [other]


@pytest.mark.requirement("agents:auth:taken")
@pytest.mark.parametrize("if_exists", ["raise", "do_nothing"])
async def test_an_id_of_another_is_taken(people: People, if_exists: Any):
    thread = (await people.ada.threads.create())["thread_id"]

    with pytest.raises(ConflictError):
        await people.bob.threads.create(thread_id=thread, if_exists=if_exists)
    again = await people.ada.threads.create(thread_id=thread, if_exists="do_nothing")
    assert again["thread_id"] == thread


async def test_a_rule_that_cannot_be_followed_allows_nothing(people: People):
    thread = (await people.clumsy.threads.create())["thread_id"]

    with pytest.raises(Exception, match="Internal Server Error") as caught:
        await people.clumsy.threads.delete(thread)

    assert "$ne" not in str(caught.value)
    assert (await people.clumsy.threads.get(thread))["thread_id"] == thread


# Runs


@pytest.mark.requirement("agents:auth:forbidden")
async def test_who_may_not_run_is_told_so(people: People):
    thread = (await people.guest.threads.create())["thread_id"]

    for place in (thread, None):
        with pytest.raises(PermissionDeniedError, match="Forbidden"):
            await people.guest.runs.create(place, "echo", input=SAY)
        with pytest.raises(PermissionDeniedError):
            [part async for part in people.guest.runs.stream(place, "echo", input=SAY)]
    assert await people.guest.runs.list(thread) == []


@pytest.mark.requirement("agents:auth:forbidden")
async def test_a_rules_own_refusal_travels_as_it_is(http: httpx.AsyncClient):
    wanted = {"assistant_id": "echo", "input": SAY}
    for path in ("/runs/wait", "/runs/stream", "/runs"):
        reply = await http.post(path, json=wanted, headers=as_("debtor"))
        assert (reply.status_code, reply.json()["detail"]) == (402, "Pay first.")


@pytest.mark.requirement("agents:auth:nodes")
async def test_a_node_knows_who_is_calling(people: People):
    thread = (await people.ada.threads.create())["thread_id"]
    forged = {"configurable": {"user_id": "root", "langgraph_auth_user_id": "root"}}

    values = await people.ada.runs.wait(thread, "echo", input=SAY, config=forged)

    assert values["messages"][-1]["content"] == "ada ada Ada run 7 letters ada run ada ada"


@pytest.mark.requirement("agents:auth:secrets")
async def test_nothing_that_is_answered_shows_more_than_who_it_was(
    people: People, http: httpx.AsyncClient
):
    thread = (await people.ada.threads.create())["thread_id"]
    modes = ["values", "updates", "debug", "checkpoints", "tasks", "events"]
    wanted = {"assistant_id": "echo", "input": SAY, "stream_mode": modes, "stream_resumable": True}
    answers = [
        await http.post(f"/threads/{thread}/runs{path}", json=wanted, headers=as_("ada"))
        for path in ("", "/stream", "/wait")
    ]
    run = answers[0].json()["run_id"]
    answers += [
        await http.get(f"/threads/{thread}{path}", headers=as_("ada"))
        for path in ("", "/runs", f"/runs/{run}", f"/runs/{run}/join", f"/runs/{run}/stream")
    ]

    assert {answer.status_code for answer in answers} == {200}
    texts = "".join(answer.text for answer in answers)
    assert "7 letters" in texts
    assert "hunter2" not in texts


@pytest.mark.requirement("agents:auth:nodes")
def test_a_run_that_begins_after_a_restart_knows_its_caller(tmp_path: Path):
    settings = Settings.parse({"MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path}/moorage.db"})
    project = read(HERE / "guarded")
    with (
        serving(create_app(settings, project=project)) as url,
        get_sync_client(url=url, headers=as_("ada")) as ada,
    ):
        thread = ada.threads.create()["thread_id"]
        run = ada.runs.create(thread, "echo", input=SAY, after_seconds=1)
    with (
        serving(create_app(settings, project=project)) as url,
        get_sync_client(url=url, headers=as_("ada")) as ada,
    ):
        values = until(lambda: ada.threads.get(thread)["values"], "the end of the run")

    assert run["status"] == "pending"
    assert values["messages"][-1]["content"] == "ada ada Ada run 7 letters ada run ada ada"


@pytest.mark.requirement("agents:auth:hidden")
async def test_a_run_of_another_is_none(people: People, http: httpx.AsyncClient):
    thread = (await people.ada.threads.create())["thread_id"]
    run = (await people.ada.runs.create(thread, "waiting", input=SAY))["run_id"]
    try:
        await are_none(
            lambda: people.bob.runs.get(thread, run),
            lambda: people.bob.runs.join(thread, run),
            lambda: people.bob.runs.cancel(thread, run),
            lambda: people.bob.runs.delete(thread, run),
            lambda: people.bob.runs.cancel_many(status="all"),
            lambda: people.bob.runs.cancel_many(thread_id=thread, run_ids=[run]),
        )
        with pytest.raises(NotFoundError):
            [part async for part in people.bob.runs.join_stream(thread, run)]
        with pytest.raises(NotFoundError):
            [part async for part in await people.bob.threads.join_stream(thread)]
        for way in ("join", "stream"):
            reply = await http.get(f"/runs/{run}/{way}", headers=as_("bob"))
            assert (reply.status_code, reply.json()["detail"]) == (404, "Run not found")
        assert (await people.ada.runs.get(thread, run))["status"] in {"pending", "running"}
    finally:
        await people.ada.threads.delete(thread)


async def test_the_metadata_that_a_rule_gives_a_run_are_on_it(people: People):
    thread = (await people.ada.threads.create())["thread_id"]
    run = await people.ada.runs.create(thread, "echo", input=SAY, metadata={"owner": "bob", "a": 1})

    assert {"owner": "ada", "a": 1}.items() <= run["metadata"].items()


async def test_a_run_without_a_thread_is_of_who_began_it(people: People, http: httpx.AsyncClient):
    wanted = {"assistant_id": "echo", "input": SAY, "on_completion": "keep"}
    reply = await http.post("/runs/wait", json=wanted, headers=as_("ada"))
    thread = reply.headers["content-location"].split("/")[2]

    assert (await people.ada.threads.get(thread))["metadata"]["owner"] == "ada"
    await are_none(lambda: people.bob.threads.get(thread))


# Assistants


@pytest.mark.requirement("agents:auth:hidden")
async def test_an_assistant_of_another_is_none(people: People):
    made = await people.ada.assistants.create("echo", metadata={"m": "1"}, name="Ada's")
    assistant = made["assistant_id"]
    assert made["metadata"] == {"m": "1", "owner": "ada"}

    await are_none(
        lambda: people.bob.assistants.get(assistant),
        lambda: people.bob.assistants.get_graph(assistant),
        lambda: people.bob.assistants.get_schemas(assistant),
        lambda: people.bob.assistants.get_versions(assistant),
        lambda: people.bob.assistants.update(assistant, name="Bob's"),
        lambda: people.bob.assistants.set_latest(assistant, 1),
        lambda: people.bob.assistants.delete(assistant),
    )
    with pytest.raises(ConflictError):
        await people.bob.assistants.create("echo", assistant_id=assistant, if_exists="do_nothing")
    assert assistant not in {
        one["assistant_id"] for one in await people.bob.assistants.search(limit=100)
    }
    before = await people.ada.assistants.count()
    await people.bob.assistants.create("echo")
    assert await people.ada.assistants.count() == before
    assert (await people.ada.assistants.get(assistant))["name"] == "Ada's"


# Crons


@pytest.mark.requirement("agents:auth:nodes")
def test_a_cron_is_of_who_made_it_and_so_are_its_runs(guarded: str):
    mark = {"m": str(uuid4())}
    with (
        get_sync_client(url=guarded, headers=as_("ada")) as ada,
        get_sync_client(url=guarded, headers=as_("bob")) as bob,
    ):
        ada.crons.create(
            "echo", schedule="* * * * * *", input=SAY, metadata=mark, on_run_completed="keep"
        )
        [cron] = ada.crons.search(metadata=mark)
        threads = until(lambda: ada.threads.search(metadata=mark, status="idle"), "a run")

        assert cron["metadata"] == {**mark, "owner": "ada"}
        assert "hunter2" not in repr([cron, threads])
        assert threads[0]["metadata"]["owner"] == "ada"
        said = threads[0]["values"]["messages"][-1]["content"]
        assert said == "ada ada Ada run 7 letters ada run ada ada"
        assert bob.crons.search(metadata=mark) == []
        assert bob.crons.count(metadata=mark) == 0
        assert bob.threads.search(metadata=mark) == []
        with pytest.raises(NotFoundError):
            bob.crons.update(cron["cron_id"], enabled=False)
        with pytest.raises(NotFoundError):
            bob.crons.delete(cron["cron_id"])
        ada.crons.delete(cron["cron_id"])
        assert ada.crons.count(metadata=mark) == 0


def test_a_cron_of_one_who_may_not_run_begins_nothing(guarded: str):
    mark = {"m": str(uuid4())}
    with get_sync_client(url=guarded, headers=as_("guest")) as guest:
        guest.crons.create(
            "echo", schedule="* * * * * *", input=SAY, metadata=mark, on_run_completed="keep"
        )
        [cron] = guest.crons.search(metadata=mark)

        def has_passed() -> bool:
            [now] = guest.crons.search(metadata=mark)
            return now["next_run_date"] != cron["next_run_date"]

        until(has_passed, "its time")
        guest.crons.delete(cron["cron_id"])
        assert guest.threads.search(metadata=mark) == []


async def test_a_cron_on_a_thread_of_another_is_none(people: People):
    thread = (await people.ada.threads.create())["thread_id"]

    await are_none(
        lambda: people.bob.crons.create_for_thread(thread, "echo", schedule="0 0 1 1 *", input=SAY)
    )
    assert await people.bob.crons.count(thread_id=thread) == 0


# Items


@pytest.mark.requirement("agents:auth:store")
async def test_everybody_has_a_shelf_of_their_own(people: People):
    await people.ada.store.put_item(["notes"], "tea", {"text": "green"})
    await people.bob.store.put_item(["notes"], "tea", {"text": "black"})

    of_ada = await people.ada.store.get_item(["notes"], "tea")
    of_bob = await people.bob.store.search_items(["notes"])
    assert of_ada["value"] == {"text": "green"}
    assert [item["value"] for item in of_bob["items"]] == [{"text": "black"}]
    await people.bob.store.delete_item(["notes"], "tea")
    assert (await people.ada.store.get_item(["notes"], "tea"))["value"] == {"text": "green"}
    shelves = (await people.bob.store.list_namespaces())["namespaces"]
    assert all(shelf[0] == "bob" for shelf in shelves)


# The start


@pytest.mark.requirement("agents:auth:broken")
def test_an_auth_object_that_cannot_be_imported_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "agent.py").write_text("raise AssertionError('imported before its guard')")
    (tmp_path / "broken_guard.py").write_text("from langgraph_sdk import Auth\nauth = Auht()\n")
    (tmp_path / "langgraph.json").write_text(
        '{"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"},'
        ' "auth": {"path": "./broken_guard.py:auth"}}'
    )

    with pytest.raises(SystemExit) as caught:
        create_app(Settings.parse({}), project=read(tmp_path))

    told = capsys.readouterr().err
    assert caught.value.code == 2
    assert "auth.path: ./broken_guard.py:auth cannot be imported" in told
    assert 'broken_guard.py", line 2' in told
    assert "NameError: name 'Auht' is not defined" in told


# Projects without an Auth object


async def test_keys_of_the_service_count_where_the_project_has_no_auth(tmp_path: Path):
    settings = Settings.parse(
        {
            "MOORAGE_DATABASE_URL": f"sqlite:///{tmp_path}/moorage.db",
            "MOORAGE_API_KEYS": f"ci:sha256:{digest(KEY)}",
        }
    )
    with serving(create_app(settings, project=read(HERE / "project"))) as url:
        async with get_client(url=url, api_key=KEY) as client:
            assert await client.threads.count() == 0
        async with httpx.AsyncClient(base_url=url) as http:
            assert (await http.post("/threads/search", json={})).status_code == 401
            assert (await http.get("/ok")).status_code == 200


async def test_langserve_s_endpoints_ask_who_may_begin_runs(http: httpx.AsyncClient):
    body = {"input": SAY}

    let_in = await http.post("/echo/invoke", headers=as_("ada"), json=body)
    indebted = await http.post("/echo/invoke", headers=as_("debtor"), json=body)
    unknown = await http.post("/echo/invoke", json=body)

    assert [one.status_code for one in (let_in, indebted, unknown)] == [200, 402, 401]


# The newer protocol


async def test_nobody_follows_a_thread_of_another(
    guarded: str, people: People, http: httpx.AsyncClient
):
    thread = (await people.ada.threads.create())["thread_id"]
    body = {"channels": ["lifecycle"]}

    hers = await http.post(
        f"/threads/{thread}/stream/events", json={"channels": []}, headers=as_("ada")
    )
    his = await http.post(f"/threads/{thread}/stream/events", json=body, headers=as_("bob"))
    answers = [
        await http.post(
            f"/threads/{thread}/commands",
            json={"id": 1, "method": method, "params": params},
            headers=as_("bob"),
        )
        for method, params in (
            ("run.start", {"assistant_id": "echo", "input": SAY}),
            ("input.respond", {"interrupt_id": "x", "response": 1}),
        )
    ]
    address = f"{guarded.replace('http', 'ws')}/threads/{thread}/stream/events"
    with (
        connect(address, additional_headers=as_("bob")) as socket,
        pytest.raises(ConnectionClosed) as caught,
    ):
        socket.recv(timeout=20)

    assert (hers.status_code, his.status_code) == (400, 404)
    assert {answer.json()["error"] for answer in answers} == {"permission_denied"}
    assert caught.value.rcvd
    assert caught.value.rcvd.code == 4404


async def test_who_waits_for_a_thread_does_not_see_that_of_another(http: httpx.AsyncClient):
    thread = str(uuid4())
    async with http.stream(
        "POST",
        f"/threads/{thread}/stream/events",
        json={"channels": ["lifecycle"]},
        headers=as_("bob"),
    ) as reply:
        answer = await http.post(
            f"/threads/{thread}/commands",
            json={
                "id": 1,
                "method": "run.start",
                "params": {"assistant_id": "echo", "input": SAY},
            },
            headers=as_("ada"),
        )
        told = await reply.aread()

    assert answer.json()["type"] == "success"
    assert b"lifecycle" not in told
    assert b"NotFound" in told


async def test_who_may_not_run_is_told_so_in_the_answer(http: httpx.AsyncClient):
    codes = {}
    for name in ("guest", "debtor"):
        answer = await http.post(
            f"/threads/{uuid4()}/commands",
            json={
                "id": 1,
                "method": "run.start",
                "params": {"assistant_id": "echo", "input": SAY},
            },
            headers=as_(name),
        )
        codes[name] = answer.json()["error"]

    assert codes == {"guest": "permission_denied", "debtor": "unknown_error"}


async def test_a_run_that_leaves_nothing_is_its_owners_while_it_goes_on(http: httpx.AsyncClient):
    body = {"assistant_id": "waiting", "input": SAY, "on_disconnect": "cancel"}
    async with http.stream("POST", "/runs/stream", headers=as_("ada"), json=body) as stream:
        thread = stream.headers["location"].partition("/runs/")[0]

        seen = [(await http.get(thread, headers=as_(name))).status_code for name in ("ada", "bob")]

    assert seen == [200, 404]
