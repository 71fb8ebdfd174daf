"""Items as callers use them: what is refused, and what the deployment's rule decides."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.items import ItemQuery, NamespaceQuery, NewItem
from moorage.engine.access import Access, Action, Resource, Verdict
from moorage.engine.items import Items
from moorage.errors import BadRequest, Forbidden, Invalid
from moorage.storage.interface import Storage
from moorage.storage.items import ItemTerms
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ADA, BOB = Caller("ada", "jwt"), Caller("bob", "jwt")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def storage(clock: ManualClock) -> AsyncIterator[Storage]:
    terms = ItemTerms(ttl={"default_ttl": 2, "refresh_on_read": False})
    async with open_storage("memory:", terms=Terms(), clock=clock, item_terms=terms) as opened:
        yield opened


@pytest.fixture
def items(storage: Storage) -> Items:
    return Items(storage.items, Access())


async def by_owner(
    caller: Caller, resource: Resource, action: Action, value: dict[str, Any]
) -> Verdict:
    """Give each caller a namespace of its own."""
    assert resource == "store"
    value["namespace"] = (caller.identity, *(value["namespace"] or ()))
    return None


async def keys(items: Items, **query: Any) -> list[str]:
    return [item.key for item in await items.search(ANONYMOUS, ItemQuery(**query))]


class TestRules:
    @pytest.fixture
    def owned(self, storage: Storage) -> Items:
        return Items(storage.items, Access(by_owner))

    async def test_each_has_its_own(self, owned: Items, items: Items):
        await owned.put(ADA, NewItem(("notes",), "k", {"of": "ada"}))
        await owned.put(BOB, NewItem(("notes",), "k", {"of": "bob"}))
        await owned.put(BOB, NewItem(("notes",), "other", {}))

        found = await owned.get(ADA, ("notes",), "k")
        assert found is not None
        assert (found.namespace, found.value) == (("ada", "notes"), {"of": "ada"})
        assert await owned.get(ADA, ("notes",), "other") is None
        assert [one.value for one in await owned.search(ADA, ItemQuery())] == [{"of": "ada"}]
        for query in (NamespaceQuery(), NamespaceQuery(prefix=("notes",))):
            assert await owned.namespaces(ADA, query) == [("ada", "notes")]
        await owned.delete(ADA, ("notes",), "other")
        await owned.delete(ADA, ("notes",), "k")
        assert await items.namespaces(ANONYMOUS, NamespaceQuery()) == [("bob", "notes")]
        assert len(await keys(items)) == 2

    async def test_what_a_rule_is_shown(self, storage: Storage):
        seen: list[tuple[str, dict[str, Any]]] = []

        async def rule(*asked: Any) -> Verdict:
            seen.append(asked[2:])
            return None

        items = Items(storage.items, Access(rule))
        await items.put(ADA, NewItem(("a",), "k", {"v": 1}, index=["v"], ttl=3))
        await items.get(ADA, ("a",), "k")
        await items.search(ADA, ItemQuery(("a",), {"v": 1}, "text", 5, 1, refresh_ttl=True))
        await items.namespaces(ADA, NamespaceQuery(("a",), ("b",), 2, 5, 1))
        await items.delete(ADA, ("a",), "k")
        assert seen == [
            ("put", {"namespace": ("a",), "key": "k", "value": {"v": 1}, "index": ["v"], "ttl": 3}),
            ("get", {"namespace": ("a",), "key": "k"}),
            (
                "search",
                {
                    "namespace": ("a",),
                    "filter": {"v": 1},
                    "limit": 5,
                    "offset": 1,
                    "query": "text",
                    "refresh_ttl": True,
                },
            ),
            (
                "list_namespaces",
                {
                    "namespace": ("a",),
                    "suffix": ("b",),
                    "max_depth": 2,
                    "limit": 5,
                    "offset": 1,
                },
            ),
            ("delete", {"namespace": ("a",), "key": "k"}),
        ]

    async def test_all_that_a_rule_changes_counts(self, storage: Storage, items: Items):
        async def rule(_: Caller, __: str, action: str, value: dict[str, Any]) -> Verdict:
            if action == "put":
                value.update(namespace=["b"], key="other", value={"v": 2})
            if action == "search":
                value.update(filter={"v": 2}, limit=1)
            return None

        ruled = Items(storage.items, Access(rule))
        await ruled.put(ADA, NewItem(("a",), "k", {"v": 1}))
        await items.put(ADA, NewItem(("b",), "k", {"v": 1}))
        found = await items.get(ADA, ("b",), "other")
        assert found is not None
        assert found.value == {"v": 2}
        assert [one.key for one in await ruled.search(ADA, ItemQuery())] == ["other"]

    async def test_what_a_rule_refuses_does_not_happen(self, storage: Storage, items: Items):
        async def rule(*_: object) -> Verdict:
            return False

        refused = Items(storage.items, Access(rule))
        await items.put(ANONYMOUS, NewItem(("a",), "there", {}))
        for asked in (
            refused.put(ADA, NewItem(("a",), "new", {})),
            refused.get(ADA, ("a",), "there"),
            refused.delete(ADA, ("a",), "there"),
            refused.search(ADA, ItemQuery()),
            refused.namespaces(ADA, NamespaceQuery()),
        ):
            with pytest.raises(Forbidden):
                await asked
        assert await keys(items) == ["there"]

    async def test_the_label_that_a_rule_adds_is_checked_too(self, storage: Storage):
        owned = Items(storage.items, Access(by_owner))
        with pytest.raises(Invalid, match="namespace"):
            await owned.put(Caller("ada@example.com", "jwt"), NewItem(("a",), "k", {}))


class TestRequests:
    @pytest.mark.parametrize("namespace", [("",), ("a", ""), ("a.b",)])
    async def test_labels(self, items: Items, namespace: tuple[str, ...]):
        for asked in (
            items.put(ADA, NewItem(namespace, "k", {})),
            items.get(ADA, namespace, "k"),
            items.delete(ADA, namespace, "k"),
            items.search(ADA, ItemQuery(namespace)),
            items.namespaces(ADA, NamespaceQuery(namespace)),
            items.namespaces(ADA, NamespaceQuery(suffix=namespace)),
        ):
            with pytest.raises(Invalid, match=r"^namespace: "):
                await asked

    async def test_no_namespace_is_reserved(self, items: Items):
        await items.put(ADA, NewItem(("langgraph",), "k", {}))
        await items.put(ADA, NewItem((), "", {}))
        assert set(await keys(items)) == {"k", ""}

    async def test_operators_that_there_are_not(self, items: Items):
        with pytest.raises(BadRequest, match=r"Unsupported operator: \$in; use \$eq, "):
            await items.search(ADA, ItemQuery(filter={"n": {"$in": [1]}}))

    async def test_depths(self, items: Items):
        deep: Any = 1
        for _ in range(200):
            deep = {"a": deep}
        await items.put(ADA, NewItem(("a",), "k", deep))
        assert await keys(items, filter=deep) == ["k"]
        for wanted in ({"a": deep}, {"a": [deep]}):
            with pytest.raises(Invalid, match=r"^value: .* 200 levels"):
                await items.put(ADA, NewItem(("a",), "k", wanted))
            with pytest.raises(Invalid, match=r"^filter: .* 200 levels"):
                await items.search(ADA, ItemQuery(filter=wanted))

    @pytest.mark.parametrize("ttl", [0, -1, float("nan")])
    async def test_a_life_has_a_length(self, items: Items, ttl: float):
        with pytest.raises(Invalid, match=r"^ttl: "):
            await items.put(ADA, NewItem(("a",), "k", {}, ttl=ttl))

    async def test_the_stores_own_terms(self, items: Items, clock: ManualClock):
        await items.put(ADA, NewItem(("a",), "usual", {}))
        await items.put(ADA, NewItem(("a",), "longer", {}, ttl=3))
        clock.advance(MINUTE)
        await items.get(ADA, ("a",), "usual")
        await items.search(ADA, ItemQuery())
        await items.get(ADA, ("a",), "longer", refresh_ttl=True)
        clock.advance(MINUTE)
        assert await keys(items) == ["longer"]
        clock.advance(MINUTE)
        assert await keys(items, refresh_ttl=True) == ["longer"]
        clock.advance(2 * MINUTE)
        assert await keys(items) == ["longer"]

    async def test_a_list_stands_in_nobodys_way(self, items: Items):
        await items.put(ADA, NewItem(("a",), "k", {"tags": ["x", "y"]}))
        assert await keys(items, filter={"tags": ["x", "y"]}) == ["k"]
        assert await keys(items, filter={"tags": ["x"]}) == []
