from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slackwater.model.duration import LONGEST
from slackwater.model.retention import Keep, horizon

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("keep", "interval", "longest"),
    [
        (Keep(last=3), 2 * HOUR, 6 * HOUR),
        (Keep(hourly=24), 2 * HOUR, 48 * HOUR),
        (Keep(hourly=24), timedelta(minutes=5), DAY),
        (Keep(daily=7), 2 * HOUR, 7 * DAY),
        (Keep(daily=7), 7 * DAY, 49 * DAY),
        (Keep(weekly=4), DAY, 28 * DAY),
        (Keep(monthly=12), DAY, 372 * DAY),
        (Keep(yearly=2), DAY, 732 * DAY),
        (Keep(within="36h"), DAY, 36 * HOUR),
        (Keep(last=3, daily=7, weekly=4, monthly=12), 2 * HOUR, 372 * DAY),
        (Keep(yearly=100_000), DAY, LONGEST),
    ],
)
def test_the_horizon_is_the_longest_that_any_line_keeps(keep, interval, longest):
    assert horizon(keep, interval) == longest


def test_a_rule_that_keeps_nothing_is_refused():
    with pytest.raises(ValidationError, match="expected at least one of last, hourly"):
        Keep()


@pytest.mark.parametrize("count", [0, -1, True, "3", 1.0, 100_001])
def test_counts_are_whole_numbers_of_at_least_one(count):
    with pytest.raises(ValidationError):
        Keep(daily=count)


@given(
    count=st.integers(1, 60),
    times=st.lists(st.integers(0, 24 * 200), min_size=2, max_size=80, unique=True),
)
def test_no_daily_point_is_kept_longer_than_the_horizon(count, times):
    """Against the rule itself: the newest point of each of the last so many days that have one."""
    times = sorted(times)
    interval = max(b - a for a, b in itertools.pairwise(times)) * HOUR
    longest = timedelta(0)
    for seen, now in enumerate(times, start=1):
        newest_of_day = {hours // 24: hours for hours in times[:seen]}
        kept = sorted(newest_of_day.values())[-count:]
        longest = max(longest, (now - kept[0]) * HOUR)

    # A period counts from its own beginning, so the first and the last day may both be partial.
    assert longest <= horizon(Keep(daily=count), interval) + DAY
