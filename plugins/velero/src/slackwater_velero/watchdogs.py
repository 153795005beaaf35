"""Notices what Velero itself does not report: work that stands still.

Thresholds are in minutes. Velero keeps no time of the last change of a phase, so the age of the
object, or the time it was started, stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from slackwater.model.finding import Finding
from slackwater_velero.access import Velero
from slackwater_velero.objects import Backup, Restore
from slackwater_velero.resources import BACKUPS
from slackwater_velero.voice import Voice

UNSEEN = timedelta(minutes=2)
"""New for so long: no server looks at it."""
QUEUED = timedelta(minutes=5)
"""Queued for so long while nothing runs: the queue is dead (issue 10519, up to 1.18.3)."""
SLOW = timedelta(hours=4)
"""The time that Velero gives to files of volumes and to each data movement by default."""

_BUSY = frozenset(("InProgress", "ReadyToStart"))
_ON_THE_WAY = frozenset(
    (
        "InProgress",
        "WaitingForPluginOperations",
        "WaitingForPluginOperationsPartiallyFailed",
        "Finalizing",
        "FinalizingPartiallyFailed",
    )
)


def backup_stuck(
    backup: Backup, velero: Velero, voice: Voice, now: datetime
) -> tuple[Finding, ...]:
    """Return why a Backup of ours does not get on. Lists the others only if it is queued long."""
    if backup.state.phase == "Queued" and _age(backup, now) > QUEUED:
        return tuple(queue_findings(velero.list(BACKUPS, Backup), voice, now))
    return tuple(_alone(backup, voice, now))


def queue_findings(backups: Iterable[Backup], voice: Voice, now: datetime) -> Iterator[Finding]:
    """Yield findings about all Backups of a cluster that do not get on."""
    seen = [each for each in backups if not _ended(each)]
    waiting = [each for each in seen if each.state.phase == "Queued"]
    stale = [each for each in waiting if _age(each, now) > QUEUED]
    if stale and not any(each.state.phase in _BUSY for each in seen):
        yield voice.error(
            "queue-stuck",
            "backups",
            f"{len(waiting)} backups are Queued and none is running: the queue of this Velero has "
            "stopped (velero issue 10519) and will not go on by itself",
            f"{voice.kubectl('rollout restart deployment velero')}; upgrade to 1.18.4",
        )
    if stale:
        yield from _held_up(seen, voice)
    for backup in seen:
        yield from _alone(backup, voice, now)


def _held_up(seen: Iterable[Backup], voice: Voice) -> Iterator[Finding]:
    """What all others wait for, and perhaps in vain: the server works on what *it* has begun."""
    for backup in seen:
        if backup.state.phase == "InProgress":
            name, began = backup.metadata.name, backup.state.start_timestamp
            since = f" since {began:%Y-%m-%d %H:%M}Z" if began else ""
            yield voice.info(
                "queue-waits",
                name,
                f"others have been Queued behind it for long: it is InProgress{since}; where the "
                "control plane was turned back since then, no server works on it",
                voice.kubectl("rollout restart deployment velero")
                + ", if its log does not name it: it then fails, and the others go on",
            )


def restore_stuck(restore: Restore, voice: Voice, now: datetime) -> tuple[Finding, ...]:
    """Return why a Restore does not get on."""
    name, state = restore.metadata.name, restore.state
    if state.phase in _ON_THE_WAY and _since(state.start_timestamp, now) > SLOW:
        return (_slow(name, state.phase, state.start_timestamp, voice),)
    return ()


def _alone(backup: Backup, voice: Voice, now: datetime) -> Iterator[Finding]:
    """What one Backup shows by itself."""
    name, state, age = backup.metadata.name, backup.state, _age(backup, now)
    if state.phase in ("", "New") and age > UNSEEN:
        yield voice.warning(
            "not-seen",
            name,
            f"no Velero server has looked at it for {_minutes(age)}",
            voice.kubectl("get deployment velero"),
        )
    if state.phase == "ReadyToStart" and age > QUEUED:
        # Its controller ignores everything but updates, so a restarted server never starts it.
        yield voice.warning(
            "start-stuck",
            name,
            f"ReadyToStart for up to {_minutes(age)}: a restarted Velero does not start it",
            voice.kubectl(f"annotate backup {name} slackwater.dev/nudge=1"),
        )
    if state.phase in _ON_THE_WAY and _since(state.start_timestamp, now) > SLOW:
        yield _slow(name, state.phase, state.start_timestamp, voice)


def _slow(name: str, phase: str, since: datetime | None, voice: Voice) -> Finding:
    began = f"{since:%Y-%m-%d %H:%M}Z" if since else "long ago"
    return voice.warning(
        "slow",
        name,
        f"{phase} since {began}, longer than Velero waits for volumes by default",
        voice.kubectl(
            f"get podvolumebackups,podvolumerestores,datauploads,datadownloads | grep {name}"
        ),
    )


def _ended(backup: Backup) -> bool:
    return backup.state.completion_timestamp is not None or backup.state.phase in (
        "FailedValidation",
        "Deleting",
    )


def _age(backup: Backup, now: datetime) -> timedelta:
    return _since(backup.metadata.creation_timestamp, now)


def _since(moment: datetime | None, now: datetime) -> timedelta:
    return now - moment if moment else timedelta(0)


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} minutes"
