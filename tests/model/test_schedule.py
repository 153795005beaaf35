from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from slackwater.model.schedule import Missed, Schedule, due_times, longest_gap

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _due(schedule: Schedule, after: str, until: str) -> list[str]:
    return [f"{due:%m-%dT%H:%M}" for due in due_times(schedule, _utc(after), _utc(until))]


def test_defaults():
    schedule = Schedule(cron="0 2 * * *")

    assert (schedule.timezone, schedule.jitter, schedule.missed, schedule.window) == (
        "UTC",
        timedelta(0),
        Missed.LATEST,
        None,
    )


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("0 */2 * *", '"0 */2 * *" has 4 fields, 5 expected'),
        ("@daily", '"@daily" has 1 field, 5 expected'),
        ("0 0 0 * * *", '"0 0 0 * * *" has 6 fields, 5 expected'),
        ("", '"" has 0 fields, 5 expected'),
        ("60 * * * *", '"60 * * * *": its minute field cannot be read'),
        ("0 25 * * *", '"0 25 * * *": its hour field cannot be read'),
        ("0 0 30 2 *", '"0 0 30 2 *": its day-of-month field cannot be read, or never comes'),
        ("0 0 * * 9", '"0 0 * * 9": its day-of-week field cannot be read'),
        ("* " * 200, "expected a cron expression of five fields"),
    ],
)
def test_a_cron_expression_that_cannot_be_read_is_refused(cron, message):
    with pytest.raises(ValidationError) as caught:
        Schedule(cron=cron)

    assert message in str(caught.value)


@given(st.text(alphabet="0123456789*/,-L#WMONJAN @²", max_size=25))
def test_any_text_is_read_or_refused(text):
    try:
        schedule = Schedule(cron=text)
    except ValidationError:
        return
    assert longest_gap(schedule, NOW) is not None


@pytest.mark.parametrize(
    "zone", ["Europe", "Europe/Brlin", "../etc/passwd", "/etc/localtime", "", "a\0b"]
)
def test_a_zone_that_is_none_is_refused(zone):
    with pytest.raises(ValidationError, match="no such time zone"):
        Schedule(cron="0 2 * * *", timezone=zone)


@pytest.mark.parametrize("window", ["22-6", "22:00-24:00", "22:00", "22:00-22:00", "22:00 - 06:00"])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(ValidationError, match="expected a window"):
        Schedule(cron="0 2 * * *", window=window)


def test_due_times_lie_after_the_first_and_up_to_the_last_moment():
    schedule = Schedule(cron="0 */2 * * *")

    assert _due(schedule, "2026-11-21T12:00", "2026-11-21T16:00") == ["11-21T14:00", "11-21T16:00"]


def test_due_times_are_read_in_the_zone_and_told_in_utc():
    schedule = Schedule(cron="0 2 * * *", timezone="Europe/Berlin")

    assert _due(schedule, "2026-06-30T23:00", "2026-07-02T00:00") == ["07-01T00:00", "07-02T00:00"]


def test_a_time_that_the_clocks_skip_is_due_after_the_gap():
    schedule = Schedule(cron="30 2 * * *", timezone="Europe/Berlin")

    assert _due(schedule, "2026-03-28T12:00", "2026-03-30T12:00") == ["03-29T01:00", "03-30T00:30"]


def test_two_times_that_fall_together_after_the_gap_are_due_once():
    schedule = Schedule(cron="0 2,3 * * *", timezone="Europe/Berlin")

    assert _due(schedule, "2026-03-28T12:00", "2026-03-29T12:00") == ["03-29T01:00"]


def test_a_time_that_comes_twice_is_due_once():
    schedule = Schedule(cron="30 2 * * *", timezone="Europe/Berlin")

    assert _due(schedule, "2026-10-24T12:00", "2026-10-26T12:00") == ["10-25T00:30", "10-26T01:30"]
    assert _due(schedule, "2026-10-25T00:45", "2026-10-26T12:00") == ["10-26T01:30"]
    assert _due(schedule, "2026-10-25T01:10", "2026-10-26T12:00") == ["10-26T01:30"]


def test_a_short_step_goes_on_through_the_hour_that_comes_twice():
    schedule = Schedule(cron="*/30 * * * *", timezone="Europe/Berlin")

    assert _due(schedule, "2026-10-25T00:00", "2026-10-25T02:00") == [
        "10-25T00:30",
        "10-25T01:00",
        "10-25T01:30",
        "10-25T02:00",
    ]


def test_only_due_times_within_the_window_count():
    schedule = Schedule(cron="0 */3 * * *", window="22:00-06:00")

    assert _due(schedule, "2026-11-21T12:00", "2026-11-22T12:00") == ["11-22T00:00", "11-22T03:00"]


@pytest.mark.parametrize(
    ("window", "local", "open_"),
    [
        ("22:00-06:00", "2026-11-21T22:00", True),
        ("22:00-06:00", "2026-11-21T05:59", True),
        ("22:00-06:00", "2026-11-21T06:00", False),
        ("09:00-17:00", "2026-11-21T09:00", True),
        ("09:00-17:00", "2026-11-21T17:00", False),
    ],
)
def test_a_window_holds_its_begin_and_not_its_end(window, local, open_):
    assert Schedule(cron="0 * * * *", window=window).allows(_utc(local)) is open_


@pytest.mark.parametrize(
    ("cron", "window", "gap"),
    [
        ("*/5 * * * *", None, timedelta(minutes=5)),
        ("0 */2 * * *", None, timedelta(hours=2)),
        ("0 */7 * * *", None, timedelta(hours=7)),
        ("0 2 * * *", None, timedelta(days=1)),
        ("* 9-17 * * 1-5", None, timedelta(days=2, hours=15, minutes=1)),
        ("0 0 1 * *", None, timedelta(days=31)),
        ("0 0 1 1 *", None, timedelta(days=366)),
        ("0 * * * *", "22:00-06:00", timedelta(hours=17)),
        ("0 12 * * *", "22:00-06:00", None),
    ],
)
def test_the_longest_gap(cron, window, gap):
    assert longest_gap(Schedule(cron=cron, window=window), NOW) == gap


@settings(max_examples=30)
@given(
    cron=st.sampled_from(["*/20 * * * *", "15 1,13 * * *", "0 8-18/2 * * 1-5", "5 4 * * 0,3"]),
    window=st.sampled_from([None, "07:00-19:00", "18:00-05:00"]),
    day=st.integers(0, 700),
)
def test_no_two_due_times_are_further_apart_than_the_longest_gap(cron, window, day):
    schedule = Schedule(cron=cron, window=window)
    start = NOW + timedelta(days=day)
    due = list(due_times(schedule, start, start + timedelta(days=15)))

    widest = max((b - a for a, b in itertools.pairwise(due)), default=None)

    assert widest == longest_gap(schedule, start)
