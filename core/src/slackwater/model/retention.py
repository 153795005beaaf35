"""Retention: which recovery points are kept, and how long the longest of them may live."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from slackwater.model.duration import LONGEST, PositiveDuration
from slackwater.model.frozen import Frozen

Count = Annotated[int, Field(ge=1, le=100_000, strict=True)]

_LONGEST_PERIOD = {
    "last": timedelta(0),
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=31),
    "yearly": timedelta(days=366),
}


class Keep(Frozen):
    """The keep rule. A recovery point is kept as long as any line of it keeps it.

    ``last`` keeps the newest so many; ``hourly`` to ``yearly`` the newest of each of so many
    hours, days, weeks, months, years that have one; ``within`` everything younger.
    """

    last: Count | None = None
    hourly: Count | None = None
    daily: Count | None = None
    weekly: Count | None = None
    monthly: Count | None = None
    yearly: Count | None = None
    within: PositiveDuration | None = None

    @model_validator(mode="after")
    def _keeps_something(self) -> Keep:
        names = type(self).model_fields
        if all(getattr(self, name) is None for name in names):
            raise ValueError(f"expected at least one of {', '.join(names)}")
        return self


def horizon(keep: Keep, schedule_interval: timedelta) -> timedelta:
    """Return the longest time that a kept recovery point may live; at most 100 years.

    ``schedule_interval`` is the longest time between two backups: where it is longer than a
    period, each period that has a point at all lies that far from the next.
    """
    spans = [keep.within or timedelta(0)]
    for name, period in _LONGEST_PERIOD.items():
        count: int = getattr(keep, name) or 0
        spans.append(count * min(max(period, schedule_interval), LONGEST))
    return min(max(spans), LONGEST)
