"""Schedules: when a policy is due, in which zone, and when it is allowed to begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise, takewhile
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from slackwater.model.duration import Duration
from slackwater.model.frozen import Frozen
from slackwater.model.zones import zone_named

_LOOK_AHEAD = timedelta(days=1500)
"""Long enough to meet a 29 February."""
_WINDOW = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"


def _check_cron(text: str) -> str:
    if len(text) > 200:
        raise ValueError("expected a cron expression of five fields, such as 0 */2 * * *")
    count = len(text.split())
    if count != 5:
        plural = "" if count == 1 else "s"
        raise ValueError(f'"{text}" has {count} field{plural}, 5 expected')
    try:
        CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise ValueError(f'"{text}": its {field} field cannot be read, or never comes') from error
    return text


def _check_zone(name: str) -> str:
    if zone_named(name) is None:
        near = get_close_matches(name, available_timezones(), n=1) or ["UTC"]
        raise ValueError(f'no such time zone; did you mean "{near[0]}"? (IANA names)')
    return name


def _check_window(text: str) -> str:
    if not re.fullmatch(_WINDOW, text):
        raise ValueError('expected a window like "22:00-06:00"')
    begin, end = _ends(text)
    if begin == end:
        raise ValueError("expected a window that ends at another time than it begins")
    return text


class Missed(StrEnum):
    """What happens to due times that passed while nobody ran."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class Schedule(Frozen):
    """When backups are due."""

    cron: Annotated[str, AfterValidator(_check_cron)] = Field(
        description="Five fields: minute, hour, day of month, month, day of week.",
        examples=["0 */2 * * *"],
    )
    timezone: Annotated[str, AfterValidator(_check_zone)] = Field(
        default="UTC",
        description="The IANA name of the zone in which cron and window are read.",
        examples=["Europe/Berlin"],
    )
    jitter: Duration = Field(
        default=timedelta(0),
        description="The most by which a start is put off, so that clusters do not begin together.",
    )
    missed: Missed = Field(
        default=Missed.LATEST,
        description="What happens to due times that passed while nobody ran.",
    )
    window: Annotated[str, AfterValidator(_check_window)] | None = Field(
        default=None,
        description="Only due times within it count; its end is outside.",
        examples=["22:00-06:00"],
        json_schema_extra={"pattern": _WINDOW},
    )

    def allows(self, moment: datetime) -> bool:
        """Whether the window is open at this moment."""
        return self._open_at(moment.astimezone(ZoneInfo(self.timezone)).time())

    def _open_at(self, local: time) -> bool:
        if self.window is None:
            return True
        begin, end = _ends(self.window)
        if begin < end:
            return begin <= local < end
        return local >= begin or local < end


def _ends(window: str) -> tuple[time, time]:
    begin, _, end = window.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)


def due_times(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the due times with ``after`` < due <= ``until``, in UTC, jitter left aside.

    As Debian's cron does: a time that a change of clocks skips is due right after the gap, and a
    fixed time that comes twice is due once.
    """
    last = after
    for local in CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.timezone))):
        due = local.astimezone(UTC)
        if due > until:
            return
        # Right after a change of clocks the iterator can step back, or name one instant twice.
        if due > last and schedule.allows(due):
            last = due
            yield due


def longest_gap(schedule: Schedule, start: datetime) -> timedelta | None:
    """Return the longest time between two due times after ``start``; None if none comes.

    Counted on the wall clock: a change of clocks can add an hour. Never more than 1500 days.
    """
    times = _times_of_day(schedule)
    days = _due_days(schedule, start)
    if not times or not days:
        return None
    if len(days) == 1:
        return _LOOK_AHEAD
    within = max((later - earlier for earlier, later in pairwise(times)), default=timedelta(0))
    between = max(later - earlier for earlier, later in pairwise(days))
    return max(within, between - (times[-1] - times[0]))


def _times_of_day(schedule: Schedule) -> list[timedelta]:
    """The due times of one due day, as distances from midnight."""
    cron = CronSim(schedule.cron, datetime(2000, 1, 1, tzinfo=UTC))
    return [
        timedelta(hours=hour, minutes=minute)
        for hour in sorted(cron.hours)
        for minute in sorted(cron.minutes)
        if schedule._open_at(time(hour, minute))
    ]


def _due_days(schedule: Schedule, start: datetime) -> list[datetime]:
    """The due days after ``start``: midnights, counted in UTC so that a day has 24 hours."""
    daily = " ".join(["0 0", *schedule.cron.split()[2:]])
    end = start + _LOOK_AHEAD
    return list(takewhile(lambda day: day <= end, CronSim(daily, start.astimezone(UTC))))
