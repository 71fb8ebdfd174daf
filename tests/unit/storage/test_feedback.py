"""Feedback in a file: what is kept, what replaces what, and what happens when it cannot be."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from moorage.domain.feedback import Feedback, Opinion
from moorage.errors import Unavailable
from moorage.storage.feedback import MOST_WAITING, FeedbackFile
from moorage.testing import ManualClock

pytestmark = pytest.mark.anyio

RUN = uuid4()
GOOD = Opinion(
    runnable="/r", run_id=RUN, key="correctness", identity="ann", score=1, comment="Good."
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep/feedback.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def file(path: Path, clock: ManualClock) -> AsyncIterator[FeedbackFile]:
    opened = FeedbackFile(path, clock=clock, patience=0.05)
    yield opened
    await opened.close()


async def test_an_opinion_is_kept_and_found(file: FeedbackFile, clock: ManualClock):
    kept = await file.keep(GOOD)

    assert (kept.score, kept.comment, kept.identity) == (1, "Good.", "ann")
    assert kept.created_at == kept.modified_at == clock.now()
    assert await file.of_run("/r", RUN, "ann") == [kept]
    assert await file.of_run("/r", RUN, "bob") == []
    assert await file.of_run("/other", RUN, "ann") == []
    assert await file.of_run("/r", uuid4(), "ann") == []


async def test_a_second_opinion_replaces_the_first(file: FeedbackFile, clock: ManualClock):
    first = await file.keep(GOOD)
    clock.advance(timedelta(minutes=1))
    second = await file.keep(replace(GOOD, score=0, comment=None, value={"why": ["it", None]}))

    assert second == Feedback(
        id=first.id,
        runnable="/r",
        run_id=RUN,
        key="correctness",
        identity="ann",
        score=0,
        value={"why": ["it", None]},
        comment=None,
        created_at=first.created_at,
        modified_at=clock.now(),
    )
    assert await file.of_run("/r", RUN, "ann") == [second]


async def test_other_people_and_other_keys_have_opinions_of_their_own(file: FeedbackFile):
    mine = await file.keep(GOOD)
    other = await file.keep(replace(GOOD, key="tone"))
    theirs = await file.keep(replace(GOOD, identity="bob", score=0))

    assert len({mine.id, other.id, theirs.id}) == 3
    assert {one.key for one in await file.of_run("/r", RUN, "ann")} == {"correctness", "tone"}


@pytest.mark.parametrize("score", [None, 0, 1, 0.25, -3, 2**100])
@pytest.mark.parametrize("value", [None, 0, False, "", "é\u2028'; DROP", {"a": [1.5]}])
async def test_every_score_and_value_comes_back(
    file: FeedbackFile, score: float | None, value: object
):
    kept = await file.keep(replace(GOOD, score=score, value=value))

    assert (kept.score, kept.value) == (score, value)


async def test_it_is_there_after_a_restart_and_for_other_processes(file: FeedbackFile, path: Path):
    kept = await file.keep(GOOD)
    other = FeedbackFile(path)
    try:
        assert await other.of_run("/r", RUN, "ann") == [kept]
        changed = await other.keep(replace(GOOD, score=0))
        assert await file.of_run("/r", RUN, "ann") == [changed]
    finally:
        await other.close()


async def test_a_service_that_starts_again_in_one_process_opens_it_again(file: FeedbackFile):
    await file.close()
    kept = await file.keep(GOOD)
    await file.close()
    await file.close()

    assert await file.of_run("/r", RUN, "ann") == [kept]


async def test_many_at_once_are_all_kept(file: FeedbackFile):
    opinions = [replace(GOOD, key=f"key-{n}") for n in range(MOST_WAITING)]
    kept = await asyncio.gather(*map(file.keep, opinions))

    assert {one.key for one in kept} == {one.key for one in opinions}


async def test_more_than_can_wait_are_turned_away(file: FeedbackFile):
    opinions = [replace(GOOD, key=f"key-{n}") for n in range(MOST_WAITING + 5)]
    outcomes = await asyncio.gather(*map(file.keep, opinions), return_exceptions=True)

    assert sum(isinstance(one, Unavailable) for one in outcomes) == 5


async def test_a_locked_file_is_unavailable_and_free_again_later(file: FeedbackFile, path: Path):
    await file.keep(GOOD)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="try again later"):
            await file.keep(replace(GOOD, score=0))
        other.rollback()
    other.close()

    assert (await file.keep(replace(GOOD, score=0))).score == 0


async def test_a_full_disk_is_unavailable(path: Path):
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    full = FeedbackFile(path)
    try:
        with pytest.raises(Unavailable):
            await full.keep(GOOD)
    finally:
        await full.close()


async def test_a_file_that_is_something_else_is_unavailable(file: FeedbackFile, path: Path):
    path.parent.mkdir()
    path.write_text("This is no database, although it is long enough to look like one." * 20)

    with pytest.raises(Unavailable):
        await file.keep(GOOD)


async def test_it_says_whether_it_could_be_written(tmp_path: Path):
    (tmp_path / "taken").write_text("")

    assert FeedbackFile(tmp_path / "a/b/feedback.db").is_writable()
    assert not FeedbackFile(tmp_path / "taken/feedback.db").is_writable()
    assert not FeedbackFile(tmp_path).is_writable()
