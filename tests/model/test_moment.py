from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackwater.model.moment import MomentError, parse_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)


def _at(text: str) -> datetime:
    return parse_moment(text, NOW, BERLIN).at


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-21 14:05", "2026-11-21T13:05:00"),
        ("2026-11-21T14:05", "2026-11-21T13:05:00"),
        ("2026-11-21t14:05:07", "2026-11-21T13:05:07"),
        ("2026-11-21 14:05:07.25", "2026-11-21T13:05:07.250000"),
        ("2026-07-21 9:05", "2026-07-21T07:05:00"),
        ("2026-11-21T14:05Z", "2026-11-21T14:05:00"),
        ("2026-11-21 14:05:00+05:30", "2026-11-21T08:35:00"),
        ("2026-11-21T14:05-0800", "2026-11-21T22:05:00"),
        ("2026-11-21 14:05:00 Europe/Berlin", "2026-11-21T13:05:00"),
        ("2026-11-21 14:05 America/New_York", "2026-11-21T19:05:00"),
        ("2026-11-21 14:05 UTC", "2026-11-21T14:05:00"),
        ("now", "2026-11-22T05:05:00"),
        ("2h ago", "2026-11-22T03:05:00"),
        ("1d 3h ago", "2026-11-21T02:05:00"),
        ("1d3h ago", "2026-11-21T02:05:00"),
        ("today 06:00", "2026-11-22T05:00:00"),
        ("yesterday 14:05", "2026-11-21T13:05:00"),
        ("  Now  ", "2026-11-22T05:05:00"),
    ],
)
def test_a_moment_is_read(text, utc):
    assert _at(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "assumed"),
    [
        ("2026-11-21 14:05", "Europe/Berlin", True),
        ("yesterday 14:05", "Europe/Berlin", True),
        ("2026-11-21 14:05Z", "UTC", False),
        ("2026-11-21 14:05+02:00", "+02:00", False),
        ("2026-11-21 14:05 Asia/Tokyo", "Asia/Tokyo", False),
        ("2h ago", "Europe/Berlin", False),
        ("now", "Europe/Berlin", False),
    ],
)
def test_the_answer_says_which_zone_was_meant(text, zone, assumed):
    moment = parse_moment(text, NOW, BERLIN)

    assert (moment.zone, moment.assumed_zone, moment.text) == (zone, assumed, text)


def test_yesterday_is_the_readers_own():
    tokyo = ZoneInfo("Asia/Tokyo")  # where it is 14:05 of the 22nd

    assert parse_moment("yesterday 23:00", NOW, tokyo).at == datetime(2026, 11, 21, 14, tzinfo=UTC)


def test_hours_ago_count_real_hours_through_a_change_of_clocks():
    now = datetime(2026, 3, 29, 10, tzinfo=UTC)

    assert parse_moment("1d ago", now, BERLIN).at == now - timedelta(days=1)


def test_the_present_is_no_future():
    assert _at("2026-11-22T05:05:00Z") == NOW


def test_the_future_is_refused_with_the_distance_and_the_time_it_is():
    with pytest.raises(MomentError) as caught:
        _at("2026-11-22 14:05")

    assert str(caught.value) == (
        '"2026-11-22 14:05" is in the future, by 8h; now is 2026-11-22 06:05:00 Europe/Berlin'
    )


@pytest.mark.parametrize("time", ["02:00", "02:30", "02:59:59.9"])
def test_a_time_that_the_clocks_skipped_is_refused_with_what_stands_around_it(time):
    with pytest.raises(MomentError) as caught:
        _at(f"2026-03-29 {time}")

    assert str(caught.value) == (
        f'"2026-03-29 {time}" does not exist in Europe/Berlin: the clocks went from '
        "2026-03-29 01:59:59 straight to 2026-03-29 03:00:00"
    )


@pytest.mark.parametrize(("time", "hour"), [("01:59:59", 0), ("03:00", 1)])
def test_the_times_around_the_gap_exist(time, hour):
    assert _at(f"2026-03-29 {time}").hour == hour


def test_a_day_that_a_zone_skipped_is_refused():
    with pytest.raises(MomentError, match="2011-12-29 23:59:59 straight to 2011-12-31 00:00:00"):
        _at("2011-12-30 12:00 Pacific/Apia")


def test_a_time_that_came_twice_is_refused_with_both_ways_to_write_it():
    with pytest.raises(MomentError) as caught:
        _at("2026-10-25 02:30")

    assert str(caught.value) == (
        '"2026-10-25 02:30" came twice in Europe/Berlin: write '
        "2026-10-25T02:30:00+02:00 (00:30:00Z) or 2026-10-25T02:30:00+01:00 (01:30:00Z)"
    )


def test_the_ways_to_write_it_are_read():
    assert _at("2026-10-25T02:30:00+02:00").hour == 0
    assert _at("2026-10-25T02:30:00+01:00").hour == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-21", '"2026-11-21" needs a time of day, such as "2026-11-21 14:05"'),
        ("2026-02-30 10:00", '"2026-02-30 10:00": there is no such date or time of day'),
        ("2026-02-20 24:00", '"2026-02-20 24:00": there is no such date or time of day'),
        ("2026-02-20 10:00+99:00", '"2026-02-20 10:00+99:00": no zone is +99:00 away from UTC'),
        ("2026-02-20 10:00 Europe/Brlin", '"Europe/Brlin" is no IANA time zone'),
        ("yesterday", '"yesterday" is no moment; write it like "2026-11-21 14:05"'),
        ("three hours ago", '"three hours ago" is no moment; write it like'),
        ("0001-01-01 00:00", '"0001-01-01 00:00" is no moment'),
        ("", '"" is no moment'),
        ("x" * 500, f'"{"x" * 59}…" is no moment'),
    ],
)
def test_what_names_no_moment_is_refused_with_the_way_out(text, message):
    with pytest.raises(MomentError) as caught:
        _at(text)

    assert str(caught.value).startswith(message)


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d([+-]\d\d:\d\d|Z)?"))
def test_any_text_is_a_moment_in_the_past_or_refused(text):
    try:
        moment = parse_moment(text, NOW, BERLIN)
    except MomentError:
        return
    assert moment.at <= NOW


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2026, 11, 22)),  # noqa: DTZ001  walls
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_a_wall_clock_that_is_read_shows_the_same_again(wall, name):
    zone = ZoneInfo(name)
    refusal = ""
    try:
        moment = parse_moment(wall.isoformat(" "), NOW, zone)
    except MomentError as error:
        refusal = str(error)

    if refusal:
        assert "does not exist" in refusal or "came twice" in refusal
    else:
        assert moment.at.astimezone(zone).replace(tzinfo=None) == wall
