"""The promise of assistants: every version stays, and callers see what they may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from moorage.domain.assistants import Assistant, AssistantChange, AssistantQuery
from moorage.domain.search import Page
from moorage.errors import AlreadyExists, NotFound
from moorage.storage.interface import Storage
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

ANN = {"owner": "ann"}
BEN = {"owner": "ben"}
SECOND = timedelta(seconds=1)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def described(**options: Any) -> Assistant:
    return Assistant(
        **{
            "assistant_id": str(uuid4()),
            "graph_id": "agent",
            "name": "Agent",
            "created_at": LONG_AGO,
            "updated_at": LONG_AGO,
            **options,
        }
    )


async def create(storage: Storage, **options: Any) -> Assistant:
    return await storage.assistants.create(described(**options))


async def found(storage: Storage, **conditions: Any) -> set[str]:
    """The ids that a search finds, which a count agrees with."""
    query = AssistantQuery(**conditions)
    hits = await storage.assistants.search(query, Page(limit=100))
    assert hits.total == len(hits.items) == await storage.assistants.count(query)
    return {assistant.assistant_id for assistant in hits.items}


async def versions(storage: Storage, assistant_id: str, **options: Any) -> list[int]:
    options = {"page": Page(), **options}
    kept = await storage.assistants.versions(assistant_id, **options)
    return [assistant.version for assistant in kept]


async def test_a_new_assistant_is_its_first_version(storage: Storage, clock: ManualClock):
    asked = described(
        description="Answers",
        config={"tags": ["t"], "configurable": {"model": "m"}},
        context={"user": "ann"},
        metadata={"a": {"b": [1]}},
        version=7,
    )
    made = await storage.assistants.create(asked)

    assert made == replace(asked, version=1, created_at=clock.now(), updated_at=clock.now())
    assert await storage.assistants.get(made.assistant_id) == made
    assert await storage.assistants.versions(made.assistant_id, page=Page()) == [made]


class TestCreating:
    async def test_an_id_is_given_once(self, storage: Storage):
        known = await create(storage)
        with pytest.raises(AlreadyExists):
            await create(storage, assistant_id=known.assistant_id, name="Other")
        assert await storage.assistants.get(known.assistant_id) == known

    async def test_one_that_is_there_is_returned_as_it_is(self, storage: Storage):
        known = await create(storage)
        other = replace(known, name="Other")
        assert await storage.assistants.create(other, returns_existing=True) == known

    @pytest.mark.parametrize("returns_existing", [True, False])
    async def test_a_hidden_one_is_not(self, storage: Storage, returns_existing: bool):
        known = await create(storage, metadata=ANN)
        with pytest.raises(AlreadyExists):
            await storage.assistants.create(known, returns_existing=returns_existing, filters=BEN)


class TestFilters:
    """What a caller may not see does not exist."""

    @pytest.fixture
    async def hidden(self, storage: Storage) -> str:
        return (await create(storage, metadata=ANN)).assistant_id

    async def test_get(self, storage: Storage, hidden: str):
        assert (await storage.assistants.get(hidden, ANN)).metadata == ANN
        with pytest.raises(NotFound):
            await storage.assistants.get(hidden, BEN)

    async def test_change(self, storage: Storage, hidden: str):
        with pytest.raises(NotFound):
            await storage.assistants.change(hidden, AssistantChange(name="x"), BEN)
        assert await versions(storage, hidden, filters=ANN) == [1]

    async def test_set_latest(self, storage: Storage, hidden: str):
        await storage.assistants.change(hidden, AssistantChange(name="x"), ANN)
        with pytest.raises(NotFound):
            await storage.assistants.set_latest(hidden, 1, BEN)
        assert (await storage.assistants.get(hidden)).version == 2

    async def test_versions(self, storage: Storage, hidden: str):
        with pytest.raises(NotFound):
            await versions(storage, hidden, filters=BEN)

    async def test_delete(self, storage: Storage, hidden: str):
        with pytest.raises(NotFound):
            await storage.assistants.delete(hidden, BEN)
        await storage.assistants.delete(hidden, ANN)
        with pytest.raises(NotFound):
            await storage.assistants.get(hidden)

    async def test_search_and_count(self, storage: Storage, hidden: str):
        await create(storage, metadata=BEN)
        await create(storage)
        assert await found(storage, filters=ANN) == {hidden}


class TestVersions:
    async def test_a_change_makes_a_version_of_all_that_it_leaves(
        self, storage: Storage, clock: ManualClock
    ):
        first = await create(
            storage, description="d", config={"a": 1}, context={"b": 1}, metadata={"c": 1, "d": 1}
        )
        clock.advance(SECOND)
        second = await storage.assistants.change(
            first.assistant_id, AssistantChange(name="New", metadata={"d": 2, "e": 2})
        )

        assert second == replace(
            first,
            version=2,
            name="New",
            metadata={"c": 1, "d": 2, "e": 2},
            updated_at=clock.now(),
        )
        assert await storage.assistants.get(first.assistant_id) == second

    async def test_what_is_given_replaces_all_but_metadata(self, storage: Storage):
        known = await create(storage, config={"a": 1}, context={"b": 1})
        wanted = AssistantChange(
            graph_id="other", name="New", description="d", config={"x": 1}, context={}
        )
        changed = await storage.assistants.change(known.assistant_id, wanted)
        assert (changed.graph_id, changed.name, changed.description) == ("other", "New", "d")
        assert (changed.config, changed.context) == ({"x": 1}, {})

    async def test_an_earlier_one_comes_back_in_everything(
        self, storage: Storage, clock: ManualClock
    ):
        first = await create(
            storage,
            description="d",
            config={"configurable": {"a": 1}},
            context={"b": [1]},
            metadata={"c": 1},
        )
        await storage.assistants.change(
            first.assistant_id,
            AssistantChange(
                graph_id="other",
                name="New",
                description="e",
                config={},
                context={"b": [2]},
                metadata={"c": 2, "d": 2},
            ),
        )
        clock.advance(SECOND)
        latest = await storage.assistants.set_latest(first.assistant_id, 1)

        assert latest == replace(first, updated_at=clock.now())
        assert await storage.assistants.get(first.assistant_id) == latest
        assert await versions(storage, first.assistant_id) == [2, 1]

    async def test_numbers_are_never_given_twice(self, storage: Storage):
        assistant_id = (await create(storage)).assistant_id
        for name in ("b", "c"):
            await storage.assistants.change(assistant_id, AssistantChange(name=name))
        await storage.assistants.set_latest(assistant_id, 1)
        changed = await storage.assistants.change(assistant_id, AssistantChange(name="d"))
        assert changed.version == 4
        assert await versions(storage, assistant_id) == [4, 3, 2, 1]

    async def test_they_are_searched_and_paged(self, storage: Storage):
        assistant_id = (await create(storage, metadata={"n": 1})).assistant_id
        for n in (2, 3):
            await storage.assistants.change(assistant_id, AssistantChange(metadata={"n": n}))
        assert await versions(storage, assistant_id, metadata={"n": 2}) == [2]
        assert await versions(storage, assistant_id, page=Page(limit=1, offset=1)) == [2]
        assert await versions(storage, assistant_id, page=Page(offset=3)) == []

    async def test_what_is_not_there(self, storage: Storage):
        assistant_id = (await create(storage)).assistant_id
        for missing in (
            storage.assistants.set_latest(assistant_id, 2),
            storage.assistants.set_latest(str(uuid4()), 1),
            storage.assistants.change(str(uuid4()), AssistantChange()),
            storage.assistants.versions(str(uuid4()), page=Page()),
            storage.assistants.delete(str(uuid4())),
            storage.assistants.get(str(uuid4())),
        ):
            with pytest.raises(NotFound):
                await missing

    async def test_they_go_with_their_assistant(self, storage: Storage):
        known = await create(storage)
        await storage.assistants.change(known.assistant_id, AssistantChange(name="New"))
        await storage.assistants.delete(known.assistant_id)
        with pytest.raises(NotFound):
            await versions(storage, known.assistant_id)
        assert await storage.assistants.create(known) == known
        assert await versions(storage, known.assistant_id) == [1]


class TestSearching:
    async def test_by_graph_and_metadata(self, storage: Storage):
        one = await create(storage, graph_id="a", metadata={"x": {"y": [1, 2]}, "z": 1})
        two = await create(storage, graph_id="b", metadata={"x": {"y": [2]}})
        ids = {one.assistant_id, two.assistant_id}
        assert await found(storage) == ids
        assert await found(storage, graph_id="a") == {one.assistant_id}
        assert await found(storage, metadata={"x": {"y": [2]}}) == ids
        assert await found(storage, metadata={"x": {"y": [2]}}, graph_id="b") == {two.assistant_id}
        assert await found(storage, metadata={"z": 2}) == set()

    @pytest.mark.parametrize(
        ("name", "others"),
        [
            ("100%", ["100 percent", "100"]),
            ("a_b", ["aXb"]),
            ("a\\b", ["ab", "a/b"]),
            ("a/b", ["ab"]),
            ("[x]", ["x"]),
            ("it's", ["its"]),
        ],
    )
    async def test_a_name_is_searched_as_it_is_written(
        self, storage: Storage, name: str, others: list[str]
    ):
        wanted = await create(storage, name=f"The {name} one")
        for other in others:
            await create(storage, name=f"The {other} one")
        assert await found(storage, name=name) == {wanted.assistant_id}

    async def test_a_part_of_a_name_is_enough_in_capitals_or_not(self, storage: Storage):
        wanted = await create(storage, name="Customer Support")
        await create(storage, name="Sales")
        for part in ("support", "CUSTOMER", "er Su"):
            assert await found(storage, name=part) == {wanted.assistant_id}

    async def test_only_the_latest_version_is_found(self, storage: Storage):
        known = await create(storage, name="Old", metadata={"n": 1})
        await storage.assistants.change(
            known.assistant_id, AssistantChange(name="New", metadata={"n": 2})
        )
        assert await found(storage, name="Old") == set()
        assert await found(storage, metadata={"n": 1}) == set()
        assert await found(storage, name="New", metadata={"n": 2}) == {known.assistant_id}


class TestPages:
    @pytest.fixture
    async def made(self, storage: Storage, clock: ManualClock) -> list[Assistant]:
        """Assistants, oldest first; each two were made at one time."""
        made = []
        for n in range(6):
            made.append(await create(storage, name=f"n{n % 3}", graph_id=f"g{n % 2}"))
            if n % 2:
                clock.advance(SECOND)
        return made

    async def page(self, storage: Storage, **options: Any) -> list[Assistant]:
        hits = await storage.assistants.search(AssistantQuery(), Page(**options))
        assert hits.total == 6
        return list(hits.items)

    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize(
        "sort_by", ["assistant_id", "graph_id", "name", "created_at", "updated_at"]
    )
    async def test_every_order_is_stable(
        self, storage: Storage, made: list[Assistant], sort_by: str, descending: bool
    ):
        expected = sorted(made, key=lambda one: one.assistant_id)
        expected.sort(key=lambda one: getattr(one, sort_by), reverse=descending)
        order = {"sort_by": sort_by, "descending": descending}
        assert await self.page(storage, **order) == expected
        pages = [await self.page(storage, limit=2, offset=n, **order) for n in (0, 2, 4, 6)]
        assert [one for page in pages for one in page] == expected
