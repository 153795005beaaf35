"""Retention: which recovery points are kept, and how long the longest of them may live."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

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


def _newest_of(periods: str) -> Any:  # noqa: ANN401  as Field itself
    return Field(
        default=None,
        description=f"Keeps the newest point of each of the last so many {periods} that have one.",
    )


class Keep(Frozen):
    """The keep rule. A recovery point is kept as long as any line of it keeps it."""

    last: Count | None = Field(default=None, description="Keeps the newest so many.")
    hourly: Count | None = _newest_of("hours")
    daily: Count | None = _newest_of("days")
    weekly: Count | None = _newest_of("weeks")
    monthly: Count | None = _newest_of("months")
    yearly: Count | None = _newest_of("years")
    within: PositiveDuration | None = Field(
        default=None, description="Keeps everything younger than this."
    )

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
