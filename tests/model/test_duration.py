from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from slackwater.model.duration import (
    LONGEST,
    Duration,
    PositiveDuration,
    format_duration,
    parse_duration,
)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0s", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("3w", timedelta(weeks=3)),
        ("1h30m", timedelta(minutes=90)),
        ("1d 3h", timedelta(hours=27)),
    ],
)
def test_durations_are_read(text, span):
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-5m", "1.5h", "1h,", "15M", "٣h"])
def test_other_text_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected a duration like 15m"):
        parse_duration(text)


def test_what_would_leave_the_calendar_is_refused():
    with pytest.raises(ValueError, match="at most 100 years"):
        parse_duration("999999999w")


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST))
def test_what_is_written_is_read_again_to_the_second(span):
    assert parse_duration(format_duration(span)) == span - timedelta(microseconds=span.microseconds)


def test_durations_are_written_in_their_largest_units():
    assert format_duration(timedelta(days=1, hours=3, seconds=5)) == "1d3h5s"
    assert format_duration(-timedelta(minutes=90)) == "-1h30m"


def test_fields_take_text_and_spans_but_no_numbers():
    field = TypeAdapter(Duration)

    assert field.validate_python("15m") == field.validate_python(timedelta(minutes=15))
    assert field.dump_json(timedelta(minutes=15)) == b'"15m"'
    with pytest.raises(ValidationError, match="expected a duration like 15m"):
        field.validate_python(15)


def test_a_positive_duration_is_longer_than_nothing():
    with pytest.raises(ValidationError, match="longer than 0s"):
        TypeAdapter(PositiveDuration).validate_python("0s")
