"""Notices what becomes of volume data when Velero does not.

Since 1.17 each volume is moved by a pod of its own, named like the object that stands for the
movement. The node agent only hears of pods that *change*: one that vanished leaves its object
``InProgress`` for ever, and the Backup or Restore with it until Velero gives up, by default after
four hours (seen on 1.18.3; a restart of the node agent ends it at once, as cancelled).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slackwater.clusters import Resource
from slackwater.errors import ObjectNotFound, PermissionDenied
from slackwater.model.finding import Finding
from slackwater.model.operation import Operation, Phase
from slackwater_velero.access import Velero
from slackwater_velero.movement import Movement
from slackwater_velero.objects import Named
from slackwater_velero.resources import (
    DATA_DOWNLOADS,
    DATA_UPLOADS,
    POD_VOLUME_BACKUPS,
    POD_VOLUME_RESTORES,
    PODS,
)
from slackwater_velero.voice import Voice

OUTWARDS = (POD_VOLUME_BACKUPS, DATA_UPLOADS)
BACK = (POD_VOLUME_RESTORES, DATA_DOWNLOADS)
OF_BACKUP = "velero.io/backup-name"
OF_RESTORE = "velero.io/restore-name"

_MOVING = "InProgress"
_DONE = "Completed"
_NAMED = 5


@dataclass(frozen=True)
class Movers:
    """Looks at the movements of one installation at one time.

    ``gone_after``: how long a movement must have stood still, without a pod, to be given up.
    """

    velero: Velero
    now: datetime
    gone_after: timedelta

    def gone(
        self, kinds: Sequence[Resource], label: str, name: str, since: datetime | None
    ) -> list[Movement]:
        """Return the movements of a Backup or Restore whose pods are gone; cheap while it is young.

        What may not be read is not noticed.
        """
        if since is None or self.now - since < self.gone_after:
            return []
        still = [each for each in movements(self.velero, kinds, label, name) if self._still(each)]
        if not still:
            return []
        try:
            pods = {each.metadata.name for each in self.velero.list(PODS, Named)}
        except PermissionDenied:
            return []
        return [each for each in still if each.metadata.name not in pods]

    def _still(self, movement: Movement) -> bool:
        """Whether it should have a pod, and nobody has written how far it is for long."""
        state, last = movement.state, movement.last_write
        if state.phase != _MOVING or state.accepted_timestamp is None or last is None:
            return False
        return self.now - last >= self.gone_after


def movements(
    velero: Velero, kinds: Sequence[Resource], label: str, name: str
) -> Iterator[Movement]:
    """Yield the movements of a Backup or Restore; none of a kind that may not be read."""
    for kind in kinds:
        try:
            yield from velero.list(kind, Movement, selector=f"{label}={name}")
        except (ObjectNotFound, PermissionDenied):
            continue


def unfinished(found: Iterable[Movement]) -> list[Movement]:
    """Return the movements that did not bring everything, the newest of each volume counted."""
    newest: dict[str, Movement] = {}
    for each in sorted(found, key=lambda each: str(each.metadata.creation_timestamp)):
        newest[each.volume] = each
    return [each for each in newest.values() if each.state.phase != _DONE]


def given_up(operation: Operation, gone: Sequence[Movement], voice: Voice) -> Operation:
    """Return an operation that Velero waits for in vain as failed, with the way out."""
    volumes = _named(gone)
    said = (
        f"the pod that moves {volumes} is gone, and Velero has not noticed:"
        f" it is still {operation.tool_phase}, by default for four hours"
    )
    finding = voice.error(
        "mover-gone",
        operation.ref.handle,
        said,
        f"{voice.kubectl('rollout restart daemonset node-agent')}: it ends what has no pod any"
        " more as cancelled; then back up or restore again",
    )
    return operation.model_copy(
        update={
            "phase": Phase.FAILED,
            "message": said,
            "findings": (*operation.findings, finding),
            "retryable": False,
        }
    )


def not_brought_back(left: Sequence[Movement], voice: Voice) -> Iterator[Finding]:
    """Yield a finding for each volume whose data did not come back."""
    for each in left:
        state = each.state
        yield voice.error(
            "volume-not-restored",
            each.volume,
            f"the data of {each.volume} did not come back:"
            f" {each.metadata.name} is {state.phase or 'New'}"
            + (f", {state.message.strip()}" if state.message else ""),
            "a pod that waits for it waits for ever: remove what was restored, and restore again",
        )


def _named(found: Sequence[Movement]) -> str:
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(each.volume for each in found[:_NAMED]) + more
