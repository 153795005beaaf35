"""Durations as people write them: ``15m``, ``4h``, ``2d``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,9})([wdhms])")
_PATTERN = r"^[0-9]{1,9}[wdhms]( ?[0-9]{1,9}[wdhms])*$"

EXPECTED = "expected a duration like 15m, 4h, 2d or 1h30m"
LONGEST = timedelta(days=36_525)
"""A hundred years: a longer duration is a slip, and would leave the calendar when added to now."""


def parse_duration(text: str) -> timedelta:
    """Read numbers with units: weeks, days, hours, minutes, seconds.

    Raises ``ValueError`` with what was expected; the text itself is not repeated in it.
    """
    if not re.fullmatch(_PATTERN, text):
        raise ValueError(EXPECTED)
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise ValueError("expected a duration of at most 100 years")
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Write a duration so that ``parse_duration`` reads it again, to the second: ``1d3h``."""
    left = abs(int(span.total_seconds()))
    text = ""
    for unit in "dhms":
        number, left = divmod(left, _UNITS[unit])
        text += f"{number}{unit}" if number else ""
    return ("-" if span < timedelta(0) else "") + (text or "0s")


def _read(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(EXPECTED)


def _positive(span: timedelta) -> timedelta:
    if span <= timedelta(0):
        raise ValueError("expected a duration longer than 0s")
    return span


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["15m", "4h", "1h30m"]}),
]
"""A ``timedelta`` that is written as text in files and in JSON."""

PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
"""A duration longer than nothing."""
