"""When a cron's time comes: crontab expressions, by the clock on the wall of a time zone."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from moorage.errors import Invalid

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MOST_CHARACTERS = 200
_HINT = (
    "Write minute, hour, day of the month, month and day of the week, such as '0 9 * * MON-FRI'; "
    f"or the second before them; or one of {', '.join(_NAMED)}."
)


def next_time(schedule: str, timezone: str | None, after: datetime) -> datetime:
    """Return the first time of a schedule after ``after``, in UTC.

    A time that the clocks skip in spring comes when they have been moved; one that they show twice
    in autumn comes once, unless minutes or hours begin with ``*``: those go on counting.

    Args:
        schedule: Five fields of a crontab, six with the second before them, or a name like
            ``@daily``.
        timezone: Whose clocks count, by its IANA name; None for UTC.
        after: Aware; the result is later.

    Raises:
        Invalid: It is no schedule, its time never comes, or there is no such time zone.
    """
    zone = _zone(timezone)
    try:
        times = CronSim(_fields(schedule), after.astimezone(zone))
        # Where clocks are set back it begins with the first of two equal times, which may be past.
        return next(time for each in times if (time := each.astimezone(UTC)) > after)
    except CronSimError as error:
        raise _invalid(schedule, str(error).lower()) from None
    except StopIteration:
        raise _invalid(schedule, "its time never comes") from None


def _fields(schedule: str) -> str:
    if len(schedule) > _MOST_CHARACTERS:
        raise _invalid(schedule[:_MOST_CHARACTERS], "it is too long")
    text = _NAMED.get(schedule.strip().lower(), schedule)
    # Only five fields are counted by the wall's clock, and a second of 0 says nothing.
    second, *others = text.split() or [""]
    return " ".join(others) if second == "0" and len(others) == 5 else text  # noqa: PLR2004


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of names
        raise Invalid(
            f"Invalid timezone: {name!r}. Write a name of the IANA database, such as Europe/Paris."
        ) from None


def _invalid(schedule: str, reason: str) -> Invalid:
    return Invalid(f"Invalid cron schedule: {schedule!r} ({reason}). {_HINT}")
