"""Velero's own schedules are read as Velero reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from slackwater_velero.objects import Schedule
from slackwater_velero.schedules import native_schedule, next_due

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("0 3 * * *", "2026-11-22T03:00:00+00:00"),
        ("@daily", "2026-11-22T00:00:00+00:00"),
        ("@hourly", "2026-11-21T13:00:00+00:00"),
        ("@weekly", "2026-11-22T00:00:00+00:00"),
        ("@every 1h30m", "2026-11-21T13:30:00+00:00"),
        ("@every 90s", "2026-11-21T12:01:30+00:00"),
        ("CRON_TZ=Europe/Berlin 0 3 * * *", "2026-11-22T02:00:00+00:00"),
        ("TZ=Asia/Tokyo 0 3 * * *", "2026-11-21T18:00:00+00:00"),
    ],
)
def test_the_next_due_time_is_computed(expression, due):
    assert next_due(expression, NOON) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    "expression",
    ["", "* *", "@every soon", "@never", "CRON_TZ=No/Town 0 3 * * *", "61 * * * *"],
)
def test_what_cannot_be_understood_has_no_due_time(expression):
    assert next_due(expression, NOON) is None


def test_a_recorded_paused_schedule_has_no_next_time(recorded):
    read = native_schedule(recorded("schedule-paused.json", Schedule), "east")

    assert (read.name, read.paused, read.next) == ("their-nightly", True, None)
    assert read.namespaces == ("shop",)


def test_a_recorded_schedule_is_due_a_minute_after_its_last_backup(recorded):
    read = native_schedule(recorded("schedule.json", Schedule), "east")

    assert read.last is not None
    assert read.next == read.last + timedelta(minutes=1)


def test_a_schedule_that_never_ran_counts_from_its_creation():
    raw = {
        "metadata": {"name": "s", "creationTimestamp": "2026-11-21T12:00:00Z"},
        "spec": {"schedule": "@every 1h", "template": {}},
    }
    read = native_schedule(msgspec.convert(raw, Schedule), "east")

    assert (read.last, read.next) == (None, NOON + timedelta(hours=1))
    assert read.namespaces == ("*",)


def test_a_skipped_time_is_counted_from():
    raw = {
        "metadata": {"name": "s", "creationTimestamp": "2026-11-20T12:00:00Z"},
        "spec": {"schedule": "@every 1h", "template": {}},
        "status": {"lastBackup": "2026-11-21T10:00:00Z", "lastSkipped": "2026-11-21T12:00:00Z"},
    }

    assert native_schedule(msgspec.convert(raw, Schedule), "east").next == NOON + timedelta(hours=1)
