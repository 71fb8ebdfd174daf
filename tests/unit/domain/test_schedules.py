"""When times come, by the clocks of people."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from moorage.domain.schedules import next_time
from moorage.errors import Invalid

BERLIN = "Europe/Berlin"
# Clocks go from 2:00 to 3:00 in the first night, and from 3:00 back to 2:00 in the second.
SPRING = datetime(2026, 3, 29, tzinfo=ZoneInfo(BERLIN))
AUTUMN = datetime(2026, 10, 25, tzinfo=ZoneInfo(BERLIN))
SECOND = timedelta(seconds=1)


def times(schedule: str, timezone: str | None, after: datetime) -> Iterator[str]:
    """The times after ``after``, as the clocks of the zone show them, with the distance to UTC."""
    while True:
        after = next_time(schedule, timezone, after)
        assert after.tzinfo is UTC
        shown = after.astimezone(ZoneInfo(timezone or "UTC"))
        yield shown.isoformat(" ", "minutes")


def first(count: int, schedule: str, after: datetime, timezone: str | None = BERLIN) -> list[str]:
    found = times(schedule, timezone, after.astimezone(UTC) - SECOND)
    return [next(found) for _ in range(count)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 9 * * MON-FRI", "2026-01-05 09:00"),
        ("*/15 * * * *", "2026-01-03 10:15"),
        ("30 8 1 * *", "2026-02-01 08:30"),
        ("0 0 L * *", "2026-01-31 00:00"),
        ("0 12 * * 0", "2026-01-04 12:00"),
        ("0 12 * * 7", "2026-01-04 12:00"),
        ("@hourly", "2026-01-03 11:00"),
        ("@daily", "2026-01-04 00:00"),
        ("@midnight", "2026-01-04 00:00"),
        ("@weekly", "2026-01-04 00:00"),
        ("@monthly", "2026-02-01 00:00"),
        (" @Yearly ", "2027-01-01 00:00"),
        ("@annually", "2027-01-01 00:00"),
    ],
)
def test_crontabs_and_names(schedule: str, expected: str):
    saturday = datetime(2026, 1, 3, 10, 1, tzinfo=UTC)

    assert next(times(schedule, None, saturday)) == f"{expected}+00:00"


def test_a_sixth_field_is_the_second_and_comes_first():
    after = datetime(2026, 1, 1, tzinfo=UTC)

    assert next_time("*/20 * * * * *", None, after) == after + timedelta(seconds=20)
    assert next_time("30 0 9 * * *", None, after) == datetime(2026, 1, 1, 9, 0, 30, tzinfo=UTC)


def test_the_next_time_is_later_also_by_less_than_a_second():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert next_time("0 12 * * *", None, noon) == noon + timedelta(days=1)
    assert next_time("0 12 * * *", None, noon - timedelta(microseconds=1)) == noon


def test_days_are_those_of_the_zone():
    evening = datetime(2026, 1, 1, 20, tzinfo=UTC)

    assert next(times("0 9 * * *", "Asia/Tokyo", evening)) == "2026-01-02 09:00+09:00"


class TestSpring:
    def test_a_time_that_is_skipped_comes_after_the_change(self):
        assert first(3, "30 2 * * *", SPRING - timedelta(days=1)) == [
            "2026-03-28 02:30+01:00",
            "2026-03-29 03:00+02:00",
            "2026-03-30 02:30+02:00",
        ]

    def test_several_that_are_skipped_come_once(self):
        assert first(2, "0,20,40 2 * * *", SPRING) == [
            "2026-03-29 03:00+02:00",
            "2026-03-30 02:00+02:00",
        ]

    def test_a_second_of_0_makes_no_difference(self):
        assert first(2, "0 30 2 * * *", SPRING) == first(2, "30 2 * * *", SPRING)

    def test_what_comes_every_so_often_goes_on_counting(self):
        assert first(3, "*/30 * * * *", SPRING + timedelta(hours=1, minutes=30)) == [
            "2026-03-29 01:30+01:00",
            "2026-03-29 03:00+02:00",
            "2026-03-29 03:30+02:00",
        ]


class TestAutumn:
    def test_a_time_that_comes_twice_counts_once(self):
        assert first(2, "30 2 * * *", AUTUMN) == [
            "2026-10-25 02:30+02:00",
            "2026-10-26 02:30+01:00",
        ]

    def test_nor_does_it_come_again_for_who_looks_between_the_two(self):
        between = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo(BERLIN), fold=1)

        assert first(1, "30 2 * * *", between) == ["2026-10-26 02:30+01:00"]

    def test_what_comes_every_so_often_goes_on_counting(self):
        half_past = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN))
        assert first(4, "*/30 * * * *", half_past) == [
            "2026-10-25 02:30+02:00",
            "2026-10-25 02:00+01:00",
            "2026-10-25 02:30+01:00",
            "2026-10-25 03:00+01:00",
        ]


class TestInvalid:
    @pytest.mark.parametrize(
        ("schedule", "reason"),
        [
            ("", "wrong number of fields"),
            ("nonsense", "wrong number of fields"),
            ("@often", "wrong number of fields"),
            ("* * * *", "wrong number of fields"),
            ("* * * * * * *", "wrong number of fields"),
            ("61 * * * *", "bad minute"),
            ("* 24 * * *", "bad hour"),
            ("* * 0 * *", "bad day-of-month"),
            ("* * * 13 *", "bad month"),
            ("* * * * 8", "bad day-of-week"),
            ("*/0 * * * *", "bad minute"),
            ("5-1 * * * *", "bad minute"),
            ("99 * * * * *", "bad second"),
            ("0 0 31 2 *", "bad day-of-month"),
            ("٣ * * * *", "bad minute"),
            ("1" * 5_000 + " * * * *", "it is too long"),
        ],
    )
    def test_schedules(self, schedule: str, reason: str):
        with pytest.raises(Invalid, match=r"^Invalid cron schedule: ") as refused:
            next_time(schedule, None, SPRING)

        assert f"({reason})" in str(refused.value)
        assert len(str(refused.value)) < 600

    @pytest.mark.parametrize(
        "name", ["", "Mars/Base", "Europe", "../etc/passwd", "/etc/passwd", "a\0"]
    )
    def test_time_zones(self, name: str):
        with pytest.raises(Invalid, match=r"^Invalid timezone: .*IANA"):
            next_time("@daily", name, SPRING)
