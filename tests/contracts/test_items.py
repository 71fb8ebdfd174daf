"""The promise of the long-term memory: LangGraph's store, and what moorage adds to it."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    PutOp,
    SearchOp,
    TTLConfig,
)
from langgraph.store.sqlite.aio import AsyncSqliteStore

from moorage.storage.interface import ItemStore, Storage
from moorage.storage.items import ItemTerms
from moorage.storage.opening import open_storage
from moorage.storage.sql.storage import Terms
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
HERE = ("here",)
Opens = Callable[..., AbstractAsyncContextManager[Storage]]

# What a model could make of these words: the closer in meaning, the closer their vectors.
WORDS = {"cat": [1.0, 0.0, 0.0], "kitten": [0.9, 0.1, 0.0], "car": [0.0, 0.0, 1.0]}


def embed(texts: Sequence[str]) -> list[list[float]]:
    return [WORDS.get(text, [0.0, 0.0, 0.0]) for text in texts]


def embed_alike(texts: Sequence[str]) -> list[list[float]]:
    return [[1.0, 2.0] for _ in texts]


async def embed_later(texts: Sequence[str]) -> list[list[float]]:
    return embed(texts)


INDEX: IndexConfig = {"dims": 3, "embed": embed, "fields": ["text"]}


@pytest.fixture(params=["file", "memory"])
def opens(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Opens:
    url = f"sqlite:///{tmp_path}/moorage.db" if request.param == "file" else "memory:"

    def opening(
        index: IndexConfig | None = None, ttl: TTLConfig | None = None
    ) -> AbstractAsyncContextManager[Storage]:
        return open_storage(
            url, terms=Terms(), clock=clock, item_terms=ItemTerms(index=index, ttl=ttl)
        )

    return opening


@pytest.fixture
async def items(opens: Opens) -> AsyncIterator[ItemStore]:
    async with opens() as storage:
        yield storage.items


@pytest.fixture
async def indexed(opens: Opens) -> AsyncIterator[ItemStore]:
    async with opens(index=INDEX) as storage:
        yield storage.items


async def keys(store: BaseStore, *prefix: str, **options: Any) -> list[str]:
    return [item.key for item in await store.asearch(prefix, **options)]


async def existing(item: Any) -> Item:
    found = await item
    assert isinstance(found, Item)
    return found


class TestItems:
    async def test_what_is_put_is_got(self, items: ItemStore, clock: ManualClock):
        value = {"text": "é𝄞\u0000", "n": 2**70, "deep": {"list": [1, None, 2.5, True]}}
        await items.aput(("users", "1"), "prefs", value)
        item = await existing(items.aget(("users", "1"), "prefs"))
        assert (item.namespace, item.key, item.value) == (("users", "1"), "prefs", value)
        assert item.created_at == item.updated_at == clock.now()

    async def test_what_is_not_there(self, items: ItemStore):
        await items.aput(HERE, "a", {})
        assert await items.aget(HERE, "b") is None
        assert await items.aget(("there",), "a") is None
        assert await items.aget((*HERE, "below"), "a") is None

    async def test_overwriting_keeps_the_time_of_creation(
        self, items: ItemStore, clock: ManualClock
    ):
        made = clock.now()
        await items.aput(HERE, "a", {"v": 1, "old": True})
        clock.advance(MINUTE)
        await items.aput(HERE, "a", {"v": 2})
        item = await existing(items.aget(HERE, "a"))
        assert item.value == {"v": 2}
        assert (item.created_at, item.updated_at) == (made, made + MINUTE)

    async def test_what_was_deleted_is_made_anew(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "a", {"v": 1})
        await items.adelete(HERE, "a")
        assert await items.aget(HERE, "a") is None
        await items.adelete(HERE, "a")
        clock.advance(MINUTE)
        await items.aput(HERE, "a", {"v": 2})
        assert (await existing(items.aget(HERE, "a"))).created_at == clock.now()

    @pytest.mark.parametrize("namespace", [("",), ("a", ""), ("a.b",), ("a", "b.c")])
    async def test_labels_are_not_empty_and_have_no_dots(
        self, items: ItemStore, namespace: tuple[str, ...]
    ):
        for op in (PutOp(namespace, "k", {}), GetOp(namespace, "k"), SearchOp(namespace)):
            with pytest.raises(ValueError, match="amespace"):
                await items.abatch([op])

    async def test_labels_that_look_like_sql_or_patterns(self, items: ItemStore):
        odd = ("%", "_*?[]", "' OR 1=1 --", "é/-")
        await items.aput(odd, "k'\"", {"a": 1})
        await items.aput(("x", *odd[1:]), "k", {})
        assert await keys(items, "%") == ["k'\""]
        assert await keys(items, *odd) == ["k'\""]
        assert await keys(items, "_") == []
        assert await items.alist_namespaces(prefix=("%",)) == [odd]

    async def test_the_empty_namespace_and_the_empty_key(self, items: ItemStore):
        await items.abatch([PutOp((), "", {"a": 1})])
        [item] = await items.abatch([GetOp((), "")])
        assert isinstance(item, Item)
        assert (item.namespace, item.key, item.value) == ((), "", {"a": 1})
        assert [one.namespace for one in await items.asearch(())] == [()]
        assert await items.alist_namespaces() == [()]


class TestBatches:
    async def test_each_result_is_in_the_place_of_its_operation(self, items: ItemStore):
        await items.aput(HERE, "a", {"n": 1})
        await items.aput(HERE, "b", {"n": 2})
        b, put, found, spaces, none, a = await items.abatch(
            [
                GetOp(HERE, "b"),
                PutOp(HERE, "c", {"n": 3}),
                SearchOp(HERE, filter={"n": 1}),
                ListNamespacesOp(),
                GetOp(HERE, "none"),
                GetOp(HERE, "a"),
            ]
        )
        assert isinstance(a, Item)
        assert isinstance(b, Item)
        assert isinstance(found, list)
        assert (a.value, b.value) == ({"n": 1}, {"n": 2})
        assert [one.key for one in found if isinstance(one, Item)] == ["a"]
        assert (put, spaces, none) == (None, [HERE], None)

    async def test_reads_see_what_was_there_before(self, items: ItemStore):
        await items.aput(HERE, "a", {"n": 1})
        results = await items.abatch(
            [PutOp(HERE, "a", {"n": 2}), GetOp(HERE, "a"), PutOp(HERE, "b", {})]
        )
        assert isinstance(results[1], Item)
        assert results[1].value == {"n": 1}
        assert (await existing(items.aget(HERE, "a"))).value == {"n": 2}

    async def test_the_last_write_wins(self, items: ItemStore):
        await items.abatch([PutOp(HERE, "a", {"n": 1}), PutOp(HERE, "a", {"n": 2})])
        assert (await existing(items.aget(HERE, "a"))).value == {"n": 2}
        await items.abatch([PutOp(HERE, "a", {"n": 3}), PutOp(HERE, "a", None)])
        assert await items.aget(HERE, "a") is None

    async def test_all_of_one_or_nothing(self, items: ItemStore):
        with pytest.raises(TypeError):
            await items.abatch([PutOp(HERE, "a", {}), PutOp(HERE, "b", {"v": object()})])
        assert await keys(items) == []

    async def test_one_that_is_wrong_does_not_harm_others_of_its_time(self, items: ItemStore):
        await items.aput(HERE, "a", {"n": 1})
        wrong, right = await asyncio.gather(
            items.asearch(HERE, filter={"n": {"$like": 1}}),
            items.asearch(HERE, filter={"n": 1}),
            return_exceptions=True,
        )
        assert isinstance(wrong, ValueError)
        assert isinstance(right, list)
        assert [item.key for item in right] == ["a"]

    async def test_a_hundred_at_once(self, items: ItemStore):
        await asyncio.gather(*(items.aput(("n", str(n % 7)), str(n), {"n": n}) for n in range(100)))
        found = await items.asearch(("n",), limit=1000)
        assert {item.key: item.value["n"] for item in found} == {str(n): n for n in range(100)}

    async def test_a_hundred_of_one_key(self, items: ItemStore):
        await asyncio.gather(*(items.aput(HERE, "k", {"n": n}) for n in range(100)))
        [item] = await items.asearch(HERE)
        assert item.value == {"n": 99}


class TestSynchronousCalls:
    async def test_from_another_thread(self, items: ItemStore):
        def work() -> Any:
            items.put(HERE, "a", {"n": 1})
            items.put(HERE, "b", {"n": 2})
            items.delete(HERE, "b")
            found = [item.key for item in items.search(HERE)]
            return items.get(HERE, "a"), found, items.list_namespaces()

        async with asyncio.timeout(10):
            item, found, spaces = await asyncio.to_thread(work)
        assert (item.value, found, spaces) == ({"n": 1}, ["a"], [HERE])

    async def test_from_many_threads(self, items: ItemStore):
        def work(n: int) -> None:
            items.put(HERE, str(n), {"n": n})
            assert items.get(HERE, str(n)) is not None

        async with asyncio.timeout(20):
            await asyncio.gather(*(asyncio.to_thread(work, n) for n in range(40)))
        assert len(await items.asearch(HERE, limit=100)) == 40

    async def test_in_the_event_loop_they_are_refused(self, items: ItemStore):
        with pytest.raises(asyncio.InvalidStateError, match="aget"):
            items.get(HERE, "a")

    async def test_nodes_find_it(self, items: ItemStore):
        class State(TypedDict):
            seen: list[str]

        def remembers(state: State, runtime: Runtime[None]) -> State:
            assert runtime.store is not None
            runtime.store.put(HERE, "sync", {"n": 1})
            return {"seen": [item.key for item in runtime.store.search(HERE)]}

        async def remembers_too(state: State, runtime: Runtime[None]) -> State:
            assert runtime.store is not None
            await runtime.store.aput(HERE, "async", {"n": 2})
            found = await runtime.store.asearch(HERE, filter={"n": {"$lt": 2}})
            return {"seen": state["seen"] + [item.key for item in found]}

        graph = StateGraph(State).add_node(remembers).add_node(remembers_too)
        graph.add_edge(START, "remembers").add_edge("remembers", "remembers_too")
        async with asyncio.timeout(10):
            result = await graph.compile(store=items).ainvoke({"seen": []})
        assert result == {"seen": ["sync", "sync"]}
        assert set(await keys(items)) == {"sync", "async"}


class TestSearches:
    async def test_a_prefix_means_whole_labels(self, items: ItemStore):
        for namespace in [("a",), ("a", "b"), ("a", "b", "c"), ("ab",), ("A",), ("a-", "b")]:
            await items.aput(namespace, "/".join(namespace), {})
        assert set(await keys(items, "a")) == {"a", "a/b", "a/b/c"}
        assert set(await keys(items, "a", "b")) == {"a/b", "a/b/c"}
        assert len(await keys(items)) == 6

    async def test_the_latest_come_first(self, items: ItemStore, clock: ManualClock):
        for key in "abc":
            await items.aput(HERE, key, {})
            clock.advance(MINUTE)
        await items.aput(HERE, "a", {})
        assert await keys(items) == ["a", "c", "b"]

    async def test_pages(self, items: ItemStore):
        for n in range(25):
            await items.aput(HERE, f"{n:02}", {})
        whole = await keys(items, limit=100)
        assert whole == [f"{n:02}" for n in range(25)]  # those of one time in a fixed order
        assert await keys(items) == whole[:10]
        pages = [await keys(items, limit=10, offset=n) for n in (0, 10, 20, 30)]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert [key for page in pages for key in page] == whole

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, "abcdefgh"),
            ({"n": 1}, "a"),
            ({"n": 1.0}, "a"),
            ({"n": True}, "f"),
            ({"n": None}, "e"),
            ({"n": "2"}, "c"),
            ({"n": 1, "s": "x"}, "a"),
            ({"n": 1, "s": "y"}, ""),
            ({"none": None}, ""),
            ({"n.m": 1}, ""),
            ({"o": {"p": {"q": 1}}}, "g"),
            ({"o": {"p": {}}}, "gh"),
            ({"o": {"r": [1, 2]}}, "g"),
            ({"o": {"r": [1]}}, ""),
            ({"o": {"none": None}}, ""),
            ({"o": {"p": {"q": {"$gt": 1}}}}, "h"),
            ({"n": {"$eq": 2}}, "b"),
            ({"n": {"$ne": 2}}, "acdef"),
            ({"n": {"$gt": 1}}, "bd"),
            ({"n": {"$gte": 1}}, "abd"),
            ({"n": {"$lt": 2.5}}, "ab"),
            ({"n": {"$lte": 2}}, "ab"),
            ({"n": {"$gt": 1, "$lt": 3}}, "b"),
            ({"n": {"$gt": "1"}}, "c"),
            ({"s": {"$gte": "x"}}, "ab"),
            ({"s": {"$gt": 0}}, ""),
            ({"none": {"$ne": 1}}, ""),
            ({"none": {"$eq": None}}, ""),
            ({"n": {"$gt": None}}, ""),
        ],
    )
    async def test_filters(self, items: ItemStore, wanted: dict[str, Any], found: str):
        values: dict[str, dict[str, Any]] = {
            "a": {"n": 1, "s": "x"},
            "b": {"n": 2, "s": "y"},
            "c": {"n": "2"},
            "d": {"n": 3.5},
            "e": {"n": None},
            "f": {"n": True},
            "g": {"o": {"p": {"q": 1}, "r": [1, 2]}},
            "h": {"o": {"p": {"q": 2}, "r": []}},
        }
        for key, value in values.items():
            await items.aput(HERE, key, value)
        assert sorted(await keys(items, "here", filter=wanted)) == list(found)

    @pytest.mark.parametrize(
        "wanted", [{"n": {"$like": 1}}, {"n": {"$gt": 1, "x": 2}}, {"o": {"p": [{"$in": []}]}}]
    )
    async def test_operators_that_there_are_not(self, items: ItemStore, wanted: dict[str, Any]):
        with pytest.raises(ValueError, match=r"Unsupported operator: .*\$eq"):
            await items.asearch(HERE, filter=wanted)

    async def test_filters_come_before_pages(self, items: ItemStore):
        for n in range(20):
            await items.aput(HERE, f"{n:02}", {"even": n % 2 == 0})
        assert await keys(items, filter={"even": True}, limit=3, offset=2) == ["04", "06", "08"]

    async def test_without_an_index_a_query_is_ignored(self, items: ItemStore):
        await items.aput(HERE, "a", {"text": "cat"}, index=["text"])
        [item] = await items.asearch(HERE, query="car")
        assert (item.key, item.score) == ("a", None)


class TestNamespaces:
    SPACES = (
        ("a", "b", "c"),
        ("a", "b", "d"),
        ("a", "x", "c"),
        ("a",),
        ("a-z", "b"),
        ("b", "c"),
    )

    @pytest.fixture
    async def spaces(self, items: ItemStore) -> ItemStore:
        for namespace in self.SPACES:
            await items.aput(namespace, "k1", {})
            await items.aput(namespace, "k2", {})
        return items

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, sorted(SPACES)),
            ({"prefix": ("a",)}, [("a",), SPACES[0], SPACES[1], SPACES[2]]),
            ({"prefix": ("a", "b")}, [SPACES[0], SPACES[1]]),
            ({"prefix": ("a", "*", "c")}, [SPACES[0], SPACES[2]]),
            ({"prefix": ("*", "b")}, [SPACES[0], SPACES[1], SPACES[4]]),
            ({"suffix": ("c",)}, [SPACES[0], SPACES[2], SPACES[5]]),
            ({"suffix": ("b", "*")}, [SPACES[0], SPACES[1], SPACES[5]]),
            ({"prefix": ("a",), "suffix": ("c",)}, [SPACES[0], SPACES[2]]),
            ({"prefix": ("none",)}, []),
            ({"max_depth": 1}, [("a",), ("a-z",), ("b",)]),
            ({"max_depth": 2, "prefix": ("a",)}, [("a",), ("a", "b"), ("a", "x")]),
            ({"limit": 2}, sorted(SPACES)[:2]),
            ({"limit": 2, "offset": 4}, sorted(SPACES)[4:]),
            ({"max_depth": 1, "limit": 1, "offset": 1}, [("a-z",)]),
        ],
    )
    async def test_they_are_listed(
        self, spaces: ItemStore, asked: dict[str, Any], found: list[tuple[str, ...]]
    ):
        assert await spaces.alist_namespaces(**asked) == found

    async def test_empty_ones_are_gone(self, spaces: ItemStore):
        for key in ("k1", "k2"):
            await spaces.adelete(("b", "c"), key)
        assert ("b", "c") not in await spaces.alist_namespaces()


class TestMeaning:
    async def scores(self, store: BaseStore, query: str, **options: Any) -> dict[str, float | None]:
        found = await store.asearch((), query=query, **options)
        return {item.key: item.score and round(item.score, 3) for item in found}

    async def test_the_nearest_come_first(self, indexed: ItemStore):
        await indexed.aput(HERE, "car", {"text": "car"})
        await indexed.aput(HERE, "kitten", {"text": "kitten"})
        await indexed.aput(HERE, "cat", {"text": "cat"})
        found = await self.scores(indexed, "cat")
        near = round(0.9 / math.hypot(0.9, 0.1), 3)
        assert list(found.items()) == [("cat", 1.0), ("kitten", near), ("car", 0.0)]

    async def test_those_without_a_vector_come_last(self, indexed: ItemStore, clock: ManualClock):
        await indexed.aput(HERE, "car", {"text": "car"})
        clock.advance(MINUTE)
        await indexed.aput(HERE, "hidden", {"text": "cat"}, index=False)
        await indexed.aput(HERE, "silent", {"other": "cat"})
        found = await self.scores(indexed, "cat")
        assert list(found.items()) == [("car", 0.0), ("hidden", None), ("silent", None)]
        assert await self.scores(indexed, "cat", limit=1, offset=1) == {"hidden": None}

    async def test_an_item_may_name_its_own_fields(self, indexed: ItemStore):
        await indexed.aput(HERE, "a", {"text": "car", "tags": ["car", "cat"]}, index=["tags[*]"])
        await indexed.aput(HERE, "b", {"text": "car", "deep": {"er": "kitten"}}, index=["deep.er"])
        found = await self.scores(indexed, "cat")
        assert list(found) == ["a", "b"]
        assert found["a"] == 1.0

    async def test_the_whole_item_counts_without_fields(self, opens: Opens):
        async with opens(index={"dims": 2, "embed": embed_alike}) as storage:
            await storage.items.aput(HERE, "a", {"anything": 1})
            assert await self.scores(storage.items, "x") == {"a": 1.0}

    async def test_filters_and_prefixes_hold(self, indexed: ItemStore):
        for n, namespace in enumerate([HERE, HERE, ("there",)]):
            await indexed.aput(namespace, str(n), {"text": "cat", "n": n})
        found = await indexed.asearch(HERE, query="cat", filter={"n": {"$gt": 0}})
        assert [item.key for item in found] == ["1"]

    async def test_what_is_overwritten_or_deleted_is_not_found_by_what_it_was(
        self, indexed: ItemStore
    ):
        await indexed.aput(HERE, "a", {"text": "cat"})
        await indexed.aput(HERE, "a", {"text": "cat"}, index=False)
        assert await self.scores(indexed, "cat") == {"a": None}
        await indexed.aput(HERE, "a", {"text": "cat"})
        await indexed.adelete(HERE, "a")
        await indexed.aput(HERE, "a", {}, index=False)
        assert await self.scores(indexed, "cat") == {"a": None}

    async def test_a_text_without_meaning_has_no_score(self, indexed: ItemStore):
        await indexed.aput(HERE, "a", {"text": "unheard of"})
        assert await self.scores(indexed, "cat") == {"a": None}

    async def test_an_asynchronous_model(self, opens: Opens):
        async with opens(index={**INDEX, "embed": embed_later}) as storage:
            await storage.items.aput(HERE, "a", {"text": "cat"})
            assert await self.scores(storage.items, "cat") == {"a": 1.0}
            found = await asyncio.to_thread(storage.items.search, HERE, query="kitten")
            assert [item.key for item in found] == ["a"]

    async def test_vectors_of_another_length_than_agreed(self, opens: Opens):
        async with opens(index={**INDEX, "dims": 4}) as storage:
            with pytest.raises(ValueError, match=r"store\.index\.dims is 4.* 3 numbers"):
                await storage.items.aput(HERE, "a", {"text": "cat"})
            assert await keys(storage.items) == []

    async def test_another_model_later(self, tmp_path: Path):
        url = f"sqlite:///{tmp_path}/moorage.db"
        shorter: IndexConfig = {"dims": 2, "embed": embed_alike}
        async with open_storage(url, terms=Terms(), item_terms=ItemTerms(INDEX)) as storage:
            await storage.items.aput(HERE, "old", {"text": "cat"})
        async with open_storage(url, terms=Terms(), item_terms=ItemTerms(shorter)) as storage:
            await storage.items.aput(HERE, "new", {"text": "cat"})
            found = await self.scores(storage.items, "cat")
        assert found == {"new": 1.0, "old": None}


class TestTimeToLive:
    async def test_what_has_expired_is_gone(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "short", {"n": 1}, ttl=1)
        await items.aput(HERE, "long", {"n": 1})
        clock.advance(MINUTE)
        assert await items.aget(HERE, "short") is None
        assert await keys(items) == ["long"]
        await items.adelete(HERE, "long")
        assert await items.alist_namespaces() == []

    async def test_until_then_it_is_there(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "a", {}, ttl=0.5)
        clock.advance(MINUTE / 2 - timedelta(microseconds=1))
        assert await keys(items) == ["a"]

    async def test_the_sweep_deletes_it(self, indexed: ItemStore, clock: ManualClock):
        for n in range(3):
            await indexed.aput(HERE, str(n), {"text": "cat"}, ttl=n + 1)
        await indexed.aput(HERE, "stays", {"text": "cat"})
        assert await indexed.sweep_ttl() == 0
        clock.advance(2 * MINUTE)
        assert await indexed.sweep_ttl() == 2
        assert await indexed.sweep_ttl() == 0
        assert set(await keys(indexed, query="cat")) == {"2", "stays"}

    async def test_a_long_sweep(self, items: ItemStore, clock: ManualClock):
        await items.abatch([PutOp(HERE, str(n), {}, ttl=1) for n in range(2500)])
        clock.advance(MINUTE)
        assert await items.sweep_ttl() == 2500

    async def test_an_expired_item_is_made_anew(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "a", {}, ttl=1)
        clock.advance(MINUTE)
        await items.aput(HERE, "a", {})
        assert (await existing(items.aget(HERE, "a"))).created_at == clock.now()
        assert await items.sweep_ttl() == 0

    async def test_reading_renews_it(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "got", {}, ttl=2)
        await items.aput(("there",), "found", {}, ttl=2)
        await items.aput(HERE, "left", {}, ttl=2)
        for _ in range(3):
            clock.advance(MINUTE)
            await items.aget(HERE, "got")
            await items.asearch(("there",))
        assert set(await keys(items)) == {"got", "found"}

    async def test_unless_it_is_not_to(self, items: ItemStore, clock: ManualClock):
        await items.aput(HERE, "a", {}, ttl=2)
        clock.advance(MINUTE)
        await items.aget(HERE, "a", refresh_ttl=False)
        await items.asearch(HERE, refresh_ttl=False)
        clock.advance(MINUTE)
        assert await keys(items) == []

    async def test_the_stores_own_terms(self, opens: Opens, clock: ManualClock):
        async with opens(ttl={"default_ttl": 2, "refresh_on_read": False}) as storage:
            store = storage.items
            await store.aput(HERE, "usual", {})
            await store.aput(HERE, "longer", {}, ttl=10)
            await store.aput(HERE, "for ever", {}, ttl=None)
            clock.advance(MINUTE)
            await store.aget(HERE, "usual")
            clock.advance(MINUTE)
            assert set(await keys(store)) == {"longer", "for ever"}
            clock.advance(7 * MINUTE)
            await store.aget(HERE, "longer", refresh_ttl=True)
            clock.advance(9 * MINUTE)
            assert set(await keys(store)) == {"longer", "for ever"}


class TestFiles:
    async def test_what_was_put_outlives_the_service(self, tmp_path: Path, clock: ManualClock):
        url = f"sqlite:///{tmp_path}/moorage.db"
        async with open_storage(url, terms=Terms(), clock=clock) as storage:
            await storage.items.aput(HERE, "a", {"n": 1}, ttl=5)
        clock.advance(MINUTE)
        async with open_storage(url, terms=Terms(), clock=clock) as storage:
            item = await existing(storage.items.aget(HERE, "a", refresh_ttl=False))
            assert (item.value, item.created_at) == ({"n": 1}, clock.now() - MINUTE)
            clock.advance(4 * MINUTE)
            assert await storage.items.aget(HERE, "a") is None

    async def test_the_official_store_opens_it(self, tmp_path: Path):
        path = tmp_path / "moorage.db"
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            await storage.items.aput(HERE, "ours", {"text": "cat", "n": 1})
            await storage.items.aput(HERE, "short", {}, ttl=-1)
        async with AsyncSqliteStore.from_conn_string(str(path)) as official:
            assert (await existing(official.aget(HERE, "ours"))).value == {"text": "cat", "n": 1}
            assert await official.sweep_ttl() == 1
            await official.aput(HERE, "theirs", {"n": 2})
            await official.aput(HERE, "soon", {"n": 3}, ttl=5)
            assert set(await keys(official, "here", filter={"n": {"$lt": 3}})) == {"ours", "theirs"}
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            found = await keys(storage.items, "here", filter={"n": {"$gte": 2}})
            assert set(found) == {"soon", "theirs"}
            item = await existing(storage.items.aget(HERE, "theirs"))
            assert abs(item.created_at - datetime.now(UTC)) < timedelta(minutes=5)

    async def test_it_makes_a_file_that_becomes_ours(self, tmp_path: Path):
        path = tmp_path / "theirs.db"
        async with AsyncSqliteStore.from_conn_string(str(path)) as official:
            await official.aput(HERE, "a", {"n": 1})
        async with open_storage(f"sqlite:///{path}", terms=Terms()) as storage:
            assert await keys(storage.items, filter={"n": 1}) == ["a"]
            await storage.items.aput(HERE, "b", {})
