"""``/store`` through the official clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.errors import BadRequestError, UnprocessableEntityError

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).parent / "remembering"


@pytest.fixture(scope="session")
def remembering_url() -> Iterator[str]:
    """The base URL of a project with an index and a time to live, on a database in memory."""
    settings = Settings.parse({"MOORAGE_DATABASE_URL": "memory:"})
    with serving(create_app(settings, project=read(PROJECT))) as url:
        yield url


@pytest.fixture
async def remembering(remembering_url: str) -> AsyncIterator[Any]:
    """The official client of that project."""
    async with get_client(url=remembering_url) as client:
        yield client


@pytest.fixture
def space() -> str:
    """The first label of a test's own namespaces."""
    return uuid4().hex


def keys(found: Any) -> list[str]:
    return [item["key"] for item in found["items"]]


@pytest.mark.requirement("agents:store:items")
async def test_an_item_is_put_changed_and_deleted(client: Any, space: str):
    store, there = client.store, [space, "prefs"]
    await store.put_item(there, "k", {"v": 1, "deep": {"list": [1, None, "é𝄞"]}})
    made = await store.get_item(there, "k")
    await store.put_item(there, "k", {"v": 2})
    changed = await store.get_item(there, "k")
    await store.delete_item(there, "k")

    assert set(made) == {"namespace", "key", "value", "created_at", "updated_at"}
    assert (made["namespace"], made["key"]) == (there, "k")
    assert made["value"] == {"v": 1, "deep": {"list": [1, None, "é𝄞"]}}
    assert made["created_at"].endswith("+00:00")
    assert datetime.fromisoformat(made["created_at"]) == datetime.fromisoformat(made["updated_at"])
    assert (changed["value"], changed["created_at"]) == ({"v": 2}, made["created_at"])
    assert changed["updated_at"] > made["updated_at"]
    assert await store.get_item(there, "k") is None
    await store.delete_item(there, "k")


@pytest.mark.requirement("agents:clients:python")
def test_the_synchronous_client(url: str, space: str):
    with get_sync_client(url=url) as client:
        client.store.put_item([space], "k", {"v": 1}, index=["v"])
        assert client.store.get_item([space], "k")["value"] == {"v": 1}
        assert keys(client.store.search_items([space], filter={"v": 1})) == ["k"]
        found = client.store.list_namespaces(prefix=[space])
        assert found == {"namespaces": [[space]]}
        client.store.delete_item([space], "k")
        assert client.store.search_items([space]) == {"items": []}


@pytest.mark.requirement("agents:store:search")
async def test_searches(client: Any, space: str):
    store = client.store
    for n in range(15):
        await store.put_item([space, str(n % 3)], str(n), {"n": n, "tag": {"even": n % 2 == 0}})

    newest = [str(n) for n in range(14, -1, -1)]
    assert keys(await store.search_items([space])) == newest[:10]
    assert keys(await store.search_items([space], limit=4, offset=12)) == newest[12:]
    assert keys(await store.search_items([space, "1"])) == ["13", "10", "7", "4", "1"]
    found = await store.search_items([space], filter={"n": {"$gte": 3, "$lt": 5}})
    assert keys(found) == ["4", "3"]
    found = await store.search_items([space], filter={"tag": {"even": True}, "n": {"$gt": 11}})
    assert keys(found) == ["14", "12"]
    assert keys(await store.search_items([space], filter={"none": {"$gt": 1}})) == []
    [item] = (await store.search_items([space], query="ignored", limit=1))["items"]
    assert item["score"] is None


@pytest.mark.requirement("agents:store:namespaces")
async def test_namespaces(client: Any, space: str):
    for path in (["a", "x"], ["b", "x"], ["b", "y", "z"]):
        await client.store.put_item([space, *path], "k", {})

    async def listed(**asked: Any) -> list[list[str]]:
        found = await client.store.list_namespaces(prefix=[space], **asked)
        return [path[1:] for path in found["namespaces"]]

    assert await listed() == [["a", "x"], ["b", "x"], ["b", "y", "z"]]
    assert await listed(suffix=["x"]) == [["a", "x"], ["b", "x"]]
    assert await listed(max_depth=2) == [["a"], ["b"]]
    assert await listed(limit=1, offset=1) == [["b", "x"]]
    found = await client.store.list_namespaces(prefix=[space, "*", "x"])
    assert len(found["namespaces"]) == 2


async def test_a_hundred_clients_at_once(client: Any, space: str):
    await asyncio.gather(*(client.store.put_item([space], str(n), {"n": n}) for n in range(100)))
    found = await client.store.search_items([space], limit=1000)
    assert {item["value"]["n"] for item in found["items"]} == set(range(100))


@pytest.mark.requirement("agents:store:labels")
async def test_labels_that_there_cannot_be(client: Any):
    with pytest.raises(UnprocessableEntityError, match="namespace"):
        await client.store.put_item(["a", ""], "k", {})
    with pytest.raises(UnprocessableEntityError, match="namespace"):
        await client.store.search_items(["a.b"])


@pytest.mark.requirement("agents:store:operators")
async def test_operators_that_there_are_not(client: Any):
    with pytest.raises(BadRequestError, match=r"Unsupported operator: \$like"):
        await client.store.search_items(["a"], filter={"n": {"$like": "x"}})


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


async def test_deep_values(http: httpx.AsyncClient, space: str):
    for depth, status in ((200, 204), (201, 422), (1000, 422)):
        item = f'{{"namespace": ["{space}"], "key": "k", "value": {nested(depth)}}}'
        assert (await http.put("/store/items", content=item)).status_code == status
    got = await http.get("/store/items", params={"namespace": space, "key": "k"})
    assert f'"value":{nested(200)}' in got.text
    for depth, status in ((200, 200), (201, 422), (1000, 422)):
        asked = f'{{"namespace_prefix": ["{space}"], "filter": {nested(depth)}}}'
        assert (await http.post("/store/items/search", content=asked)).status_code == status


@pytest.mark.parametrize(
    ("asked", "body", "status", "detail"),
    [
        ("GET /store/items?namespace=a", None, 400, "Key is required"),
        ("GET /store/items?key=k", None, 422, "namespace"),
        ("GET /store/items?namespace=&key=k", None, 422, "namespace"),
        ("GET /store/items?namespace=a..b&key=k", None, 422, "namespace"),
        ("PUT /store/items", {"namespace": ["a"], "key": "k"}, 422, "value"),
        ("PUT /store/items", {"namespace": ["a"], "key": "k", "value": 1}, 422, "value"),
        ("PUT /store/items", {"namespace": [1], "key": "k", "value": {}}, 422, "namespace"),
        ("PUT /store/items", {"namespace": ["a.b"], "key": "k", "value": {}}, 422, "namespace"),
        ("PUT /store/items", {"key": "k", "value": {}}, 422, "namespace"),
        ("PUT /store/items", {"namespace": [], "key": "k", "value": {}, "ttl": -1}, 422, "ttl"),
        ("DELETE /store/items", {"namespace": ["a"]}, 422, "key"),
        ("POST /store/items/search", {"limit": 0}, 422, "limit"),
        ("POST /store/items/search", {"offset": -1}, 422, "offset"),
        ("POST /store/namespaces", {"max_depth": 0}, 422, "max_depth"),
        ("POST /store/namespaces", {"prefix": [""]}, 422, "namespace"),
    ],
)
async def test_what_is_refused(
    http: httpx.AsyncClient, asked: str, body: Any, status: int, detail: str
):
    method, path = asked.split()
    answer = await http.request(method, path, json=body)
    assert answer.status_code == status
    assert detail in answer.json()["detail"]


@pytest.mark.requirement("agents:store:no-prefix")
async def test_what_may_be_left_out(http: httpx.AsyncClient, space: str):
    item = {"namespace": [space], "key": "k", "value": {"a": None}, "index": None, "ttl": None}
    put = await http.put("/store/items", json={**item, "unknown": 1})
    assert (put.status_code, put.content) == (204, b"")
    got = await http.get("/store/items", params={"namespace": space, "key": "k"})
    assert got.json()["value"] == {"a": None}
    for body in ({"namespace_prefix": None, "filter": {"a": None}}, {"limit": 1000}):
        found = await http.post("/store/items/search", json=body)
        assert "k" in keys(found.json())
    assert (await http.post("/store/items/search", content=b"")).status_code == 200
    found = await http.post("/store/namespaces", json={"prefix": None, "limit": 1000})
    assert [space] in found.json()["namespaces"]
    gone = await http.request("DELETE", "/store/items", json={"namespace": [space], "key": "k"})
    assert (gone.status_code, gone.content) == (204, b"")


def test_a_model_that_cannot_be_had_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "agent.py").write_text("graph = str.upper\n")
    (tmp_path / "langgraph.json").write_text(
        '{"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"},'
        ' "store": {"index": {"dims": 3, "embed": "nobody:model"}}}'
    )
    with pytest.raises(SystemExit):
        create_app(Settings.parse({"MOORAGE_DATABASE_URL": "memory:"}), project=read(tmp_path))
    assert "store.index.embed: nobody:model cannot be used" in capsys.readouterr().err


class TestARememberingProject:
    """One with an index, a time to live, and nodes that use the store."""

    @pytest.mark.requirement("agents:store:semantic")
    async def test_the_nearest_come_first(self, remembering: Any, space: str):
        store = remembering.store
        await store.put_item([space], "car", {"text": "car"})
        await store.put_item([space], "cat", {"text": "cat"})
        await store.put_item([space], "kitten", {"text": "kitten"})
        await store.put_item([space], "hidden", {"text": "cat"}, index=False)
        found = await store.search_items([space], query="cat")
        cat, kitten, car, hidden = [item["score"] for item in found["items"]]
        assert keys(found) == ["cat", "kitten", "car", "hidden"]
        assert cat == pytest.approx(1)
        assert 1 > kitten > 0.9
        assert car == pytest.approx(0)
        assert hidden is None

    @pytest.mark.requirement("agents:store:nodes")
    @pytest.mark.parametrize("graph", ["remembers", "remembers_later"])
    async def test_nodes_and_clients_share_it(self, remembering: Any, space: str, graph: str):
        await remembering.store.put_item([space], "from the client", {"text": "cat"})
        asked = {"space": space, "key": "from the node", "seen": []}
        left = await remembering.runs.wait(None, graph, input=asked)
        item = await remembering.store.get_item([space], "from the node")
        assert left["seen"] == ["from the client", "from the node"]
        assert item["value"] == {"text": "kitten"}

    @pytest.mark.requirement("agents:store:ttl")
    async def test_what_does_not_live_long(self, remembering: Any, space: str):
        store = remembering.store
        await store.put_item([space], "short", {"text": "cat"}, ttl=1)
        await store.put_item([space], "gone", {"text": "cat"}, ttl=1e-9)
        got = await store.get_item([space], "short", refresh_ttl=True)
        found = await store.search_items([space], refresh_ttl=False)
        assert got["key"] == "short"
        assert keys(found) == ["short"]
        assert await store.get_item([space], "gone") is None
