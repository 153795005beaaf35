"""Whether the data of volumes came back, and no restored pod waits for data that never comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slackwater.errors import BackendError
from slackwater.model.finding import Finding
from slackwater_velero.access import Velero
from slackwater_velero.movement import Pod
from slackwater_velero.movers import (
    BACK,
    OF_RESTORE,
    movements,
    not_brought_back,
    unfinished,
)
from slackwater_velero.objects import Restore
from slackwater_velero.resources import PODS
from slackwater_velero.voice import Voice

WAITER = "restore-wait"
"""The container that Velero puts before the others of a pod: it waits for the pod's volumes."""


def verify_volumes(
    velero: Velero, restores: Sequence[Restore], target: str, voice: Voice
) -> Iterator[Finding]:
    """Yield volumes that did not come back in a namespace, by all Restores of one run.

    A Restore that was tried anew keeps the pods of the one before, and says nothing of them.
    """
    found = [
        each
        for restore in restores
        for each in movements(velero, BACK, OF_RESTORE, restore.metadata.name)
    ]
    yield from not_brought_back(unfinished(found), voice)
    known = {each.spec.pod.name for each in found if each.spec.pod is not None}
    yield from _waiting(velero, known, target, voice)


def _waiting(velero: Velero, known: set[str], target: str, voice: Voice) -> Iterator[Finding]:
    """Yield pods for whose data nothing was begun at all: the server ended just before.

    The others are `known`: named already, or about to go on.
    """
    try:
        pods = list(velero.list_at(PODS.path(namespace=target), f"list {PODS}", Pod))
    except BackendError as error:
        yield voice.warning("pods-unknown", target, f"its pods could not be listed: {error}")
        return
    for pod in pods:
        name = pod.metadata.name
        if pod.waits_in(WAITER) and name not in known:
            yield voice.error(
                "pod-waits",
                f"{target}/{name}",
                f"pod {name} waits in {WAITER} for volumes that nobody brings back",
                "remove what was restored, and restore again",
            )
