"""What becomes of a cron's next time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from moorage.domain.caller import ANONYMOUS, Caller
from moorage.domain.crons import (
    AfterRun,
    Cron,
    CronChange,
    CronRequest,
    advanced,
    changed,
    fired,
    made,
)
from moorage.errors import Invalid

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)


def hourly(**options: Any) -> Cron:
    wanted = CronRequest(**{"assistant_id": "a", "schedule": "@hourly", **options})
    return made(wanted, "c", ANONYMOUS, NEW_YEAR)


def test_a_new_one_waits_for_the_first_time_to_come():
    assert hourly().next_run_date == NEW_YEAR + HOUR


def test_its_owner_has_a_name_if_anybody_knows_it():
    wanted = CronRequest("a", "@daily")

    assert made(wanted, "c", Caller("ada", "jwt"), NEW_YEAR).user_id == "ada"
    assert made(wanted, "c", ANONYMOUS, NEW_YEAR).user_id is None


def test_only_what_has_threads_of_its_own_does_something_with_them():
    assert hourly().on_run_completed is AfterRun.DELETE
    assert hourly(on_run_completed=AfterRun.KEEP).on_run_completed is AfterRun.KEEP

    on_a_thread = hourly(thread_id="t")
    assert on_a_thread.on_run_completed is None
    wanted = CronChange(on_run_completed=AfterRun.KEEP)
    assert changed(on_a_thread, wanted, NEW_YEAR).on_run_completed is None
    assert changed(hourly(), wanted, NEW_YEAR).on_run_completed is AfterRun.KEEP


class TestAdvancing:
    def test_the_next_time_is_that_after_the_one_that_came(self):
        late_by_a_moment = NEW_YEAR + HOUR + timedelta(seconds=2)

        assert advanced(hourly(), late_by_a_moment).next_run_date == NEW_YEAR + 2 * HOUR

    def test_a_clock_that_is_behind_does_not_bring_a_time_back(self):
        assert advanced(hourly(), NEW_YEAR + HALF).next_run_date == NEW_YEAR + 2 * HOUR

    def test_times_that_were_missed_are_passed_over(self):
        assert advanced(hourly(), NEW_YEAR + 5 * HOUR + HALF).next_run_date == NEW_YEAR + 6 * HOUR

    def test_a_cron_that_was_valid_once_waits_for_nothing(self):
        renamed = Cron("c", "a", "@daily", NEW_YEAR, NEW_YEAR, "No/Where", next_run_date=NEW_YEAR)

        assert fired(renamed, NEW_YEAR).next_run_date is None


class TestEnd:
    @pytest.mark.parametrize(
        ("end", "next_time"),
        [
            (NEW_YEAR + HOUR, NEW_YEAR + HOUR),
            (NEW_YEAR + HALF, None),
            (NEW_YEAR - HOUR, None),
        ],
    )
    def test_no_time_comes_after_it(self, end: datetime, next_time: datetime | None):
        assert hourly(end_time=end).next_run_date == next_time
        assert changed(hourly(), CronChange(end_time=end), NEW_YEAR).next_run_date == next_time

    def test_the_last_time_before_it_has_no_next(self):
        ending = hourly(end_time=NEW_YEAR + HOUR + HALF)

        assert fired(ending, NEW_YEAR + HOUR).next_run_date is None

    def test_without_it_times_come_again(self):
        over = hourly(end_time=NEW_YEAR)
        later = NEW_YEAR + 3 * HOUR + HALF

        endless = changed(over, CronChange(is_endless=True), later)
        postponed = changed(over, CronChange(end_time=later + HOUR), later)
        assert (endless.end_time, endless.next_run_date) == (None, NEW_YEAR + 4 * HOUR)
        assert postponed.next_run_date == NEW_YEAR + 4 * HOUR


class TestChanging:
    LATER = NEW_YEAR + 2 * HOUR + HALF

    def test_what_is_not_named_stays(self):
        known = hourly(metadata={"a": 1, "b": 1}, payload={"input": 1, "webhook": "w"})
        new = changed(
            known, CronChange(metadata={"b": 2}, payload={"input": 2}), known.created_at + HALF
        )

        assert new.metadata == {"a": 1, "b": 2}
        assert new.payload == {"input": 2, "webhook": "w"}
        assert (new.schedule, new.created_at) == (known.schedule, known.created_at)
        assert new.updated_at == NEW_YEAR + HALF

    def test_a_time_that_has_come_and_was_not_seen_to_is_not_lost(self):
        assert changed(hourly(), CronChange(metadata={}), self.LATER).next_run_date == (
            NEW_YEAR + HOUR
        )

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (CronChange(schedule="@daily"), NEW_YEAR + 24 * HOUR),
            (CronChange(timezone="Asia/Kolkata"), NEW_YEAR + 3 * HOUR + HALF),
        ],
    )
    def test_another_rhythm_is_that_from_now_on(self, wanted: CronChange, expected: datetime):
        assert changed(hourly(), wanted, self.LATER).next_run_date == expected

    def test_what_was_missed_while_it_was_off_stays_missed(self):
        off = changed(hourly(), CronChange(enabled=False), NEW_YEAR)

        assert changed(off, CronChange(enabled=True), self.LATER).next_run_date == (
            NEW_YEAR + 3 * HOUR
        )

    @pytest.mark.parametrize(
        "wanted", [CronChange(schedule="often"), CronChange(timezone="No/Where")]
    )
    def test_it_must_make_sense(self, wanted: CronChange):
        with pytest.raises(Invalid):
            changed(hourly(), wanted, NEW_YEAR)
