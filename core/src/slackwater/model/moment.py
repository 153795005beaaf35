"""Moments: the time to which a restore goes back, as a person writes it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from slackwater.model.duration import format_duration, parse_duration
from slackwater.model.frozen import Frozen
from slackwater.model.zones import zone_named

EXAMPLES = (
    '"2026-11-21 14:05", 2026-11-21T14:05:00Z, 2026-11-21T14:05+01:00, '
    '"yesterday 14:05", "2h ago", now'
)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?"
_ZONE = r"(?:\s*(?P<zulu>[zZ])|\s*(?P<offset>[+-]\d{2}:?\d{2})|\s+(?P<name>[A-Za-z][\w/+-]*))?"
_ABSOLUTE = re.compile(
    rf"(?:(?P<date>\d{{4}}-\d{{2}}-\d{{2}})(?:[tT]|\s+)|(?P<day>today|yesterday)\s+){_CLOCK}{_ZONE}",
    re.ASCII,
)


class MomentError(ValueError):
    """A text that names no moment, or not one only; says why and how to write it."""


class Moment(Frozen):
    """A moment in UTC, and how it was asked for.

    ``zone`` is the zone it was read in: an IANA name, or an offset such as ``+01:00``.
    ``assumed_zone`` tells that the text named none, so that the reader's own was taken.
    """

    at: datetime
    zone: str
    assumed_zone: bool
    text: str


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> Moment:
    """Read a moment; ``zone`` is meant where the text names none.

    Raises ``MomentError`` where it cannot be read, lies in the future, falls into the gap or the
    repeated hour of a change of clocks.
    """
    text = " ".join(text.split())
    try:
        moment = _read(text, now, zone)
    except OverflowError:
        raise _unreadable(text) from None
    if moment.at > now:
        ahead = format_duration(moment.at - now)
        raise MomentError(f'"{text}" is in the future, by {ahead}; now is {_local(now, zone)}')
    return moment


def _read(text: str, now: datetime, zone: ZoneInfo) -> Moment:
    if text.lower() == "now":
        return Moment(at=now.astimezone(UTC), zone=zone.key, assumed_zone=False, text=text)
    if text.lower().endswith(" ago"):
        at = now.astimezone(UTC) - _ago(text)
        return Moment(at=at, zone=zone.key, assumed_zone=False, text=text)
    found = _ABSOLUTE.fullmatch(text)
    if found is None:
        raise _unreadable(text)
    meant = _zone(found, zone)
    at = _instant(_wall(found, now.astimezone(meant)), meant, text)
    named = any(found[key] for key in ("zulu", "offset", "name"))
    return Moment(at=at, zone=_zone_name(meant), assumed_zone=not named, text=text)


def _ago(text: str) -> timedelta:
    try:
        return parse_duration(text[:-4])
    except ValueError:
        raise _unreadable(text) from None


def _unreadable(text: str) -> MomentError:
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return MomentError(f'"{shown}" needs a time of day, such as "{shown} 14:05"')
    return MomentError(f'"{shown}" is no moment; write it like {EXAMPLES}')


def _zone(found: re.Match[str], default: ZoneInfo) -> tzinfo:
    if found["zulu"]:
        return ZoneInfo("UTC")
    if found["offset"]:
        return _offset(found["offset"], found[0])
    name = found["name"]
    if name is None:
        return default
    named = zone_named(name)
    if named is None:
        raise MomentError(f'"{name}" is no IANA time zone such as Europe/Berlin')
    return named


def _offset(offset: str, text: str) -> tzinfo:
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 15 or minutes > 59:
        raise MomentError(f'"{text}": no zone is {offset} away from UTC')
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if offset.startswith("-") else span, offset)


def _zone_name(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else str(zone)


def _wall(found: re.Match[str], now: datetime) -> datetime:
    """The time on the wall that was written, without a zone."""
    try:
        day = _named_day(found["day"], now) or date.fromisoformat(found["date"])
        fraction = int((found["fraction"] or "0").ljust(6, "0"))
        hour, minute, second = (int(found[key] or 0) for key in ("hour", "minute", "second"))
        return datetime.combine(day, time(hour, minute, second, fraction))
    except ValueError:
        raise MomentError(f'"{found[0]}": there is no such date or time of day') from None


def _named_day(name: str | None, now: datetime) -> date | None:
    days_back = {"today": 0, "yesterday": 1}
    return now.date() - timedelta(days=days_back[name]) if name else None


def _instant(wall: datetime, zone: tzinfo, text: str) -> datetime:
    earlier, later = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier.astimezone(zone).replace(tzinfo=None) != wall:
        raise _in_gap(later, earlier, zone, text)
    if earlier != later:
        raise _twice(earlier, later, zone, text)
    return earlier


def _in_gap(low: datetime, high: datetime, zone: tzinfo, text: str) -> MomentError:
    """Between the two instants the clocks jumped; find where, to the second."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset_at(middle, zone) == _offset_at(high, zone):
            high = middle
        else:
            low = middle
    before, after = (high - timedelta(seconds=1)).astimezone(zone), high.astimezone(zone)
    return MomentError(
        f'"{text}" does not exist in {_zone_name(zone)}: the clocks went from '
        f"{before:%Y-%m-%d %H:%M:%S} straight to {after:%Y-%m-%d %H:%M:%S}"
    )


def _offset_at(instant: datetime, zone: tzinfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def _twice(earlier: datetime, later: datetime, zone: tzinfo, text: str) -> MomentError:
    ways = " or ".join(
        f"{instant.astimezone(zone).isoformat()} ({instant:%H:%M:%S}Z)"
        for instant in (earlier, later)
    )
    return MomentError(f'"{text}" came twice in {_zone_name(zone)}: write {ways}')


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone.key}"
