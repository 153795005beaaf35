"""Velero's own schedules, read only: what is due next, and which ones are paused.

Velero reads them with robfig/cron: five fields, ``@daily`` and the like, ``@every 1h``, and a zone
in front (``CRON_TZ=Europe/Berlin``); without one, the zone of the server's process, which is UTC
in its image.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from slackwater.backend import NativeSchedule
from slackwater_velero.objects import Schedule, ScheduleStatus

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE = re.compile(r"^(?:CRON_TZ|TZ)=(?P<zone>\S+)\s+(?P<rest>.*)$")
_SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def native_schedule(schedule: Schedule, cluster: str) -> NativeSchedule:
    """Return a Schedule as core speaks of it."""
    status, spec = schedule.status or ScheduleStatus(), schedule.spec
    return NativeSchedule(
        name=schedule.metadata.name,
        cluster=cluster,
        cron=spec.schedule,
        paused=spec.paused,
        namespaces=tuple(spec.template.included_namespaces or ("*",)),
        last=status.last_backup,
        next=None if spec.paused else _next_of(schedule, status),
        message="; ".join(status.validation_errors or ()),
    )


def _next_of(schedule: Schedule, status: ScheduleStatus) -> datetime | None:
    """Velero counts from the newest of its last backup (else its creation) and its last skip."""
    began = status.last_backup or schedule.metadata.creation_timestamp
    known = [moment for moment in (began, status.last_skipped) if moment]
    return next_due(schedule.spec.schedule, max(known)) if known else None


def next_due(expression: str, after: datetime) -> datetime | None:
    """Return the first due time after a moment, in UTC; None where the expression is not ours to
    understand. A time that has passed already means: due at the server's next look.
    """
    zone, cron = _split_zone(expression.strip())
    if zone is None:
        return None
    if cron.startswith("@every "):
        span = _span(cron.removeprefix("@every ").strip())
        return after + span if span else None
    try:
        return next(CronSim(_SHORTHANDS.get(cron, cron), after.astimezone(zone))).astimezone(UTC)
    except (CronSimError, StopIteration):
        return None


def _split_zone(expression: str) -> tuple[ZoneInfo | None, str]:
    found = _ZONE.match(expression)
    if found is None:
        return ZoneInfo("UTC"), expression
    try:
        return ZoneInfo(found["zone"]), found["rest"]
    except (ZoneInfoNotFoundError, ValueError):
        return None, found["rest"]


def _span(text: str) -> timedelta | None:
    """A Go duration such as ``1h30m``."""
    parts = list(_SPAN.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return timedelta(seconds=sum(float(part["number"]) * _UNITS[part["unit"]] for part in parts))
