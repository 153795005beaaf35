"""What moves the data of a volume, struck while it is at it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from slackwater import Fleet
from slackwater.clusters import Resource
from slackwater.model.run import Run

from .nodes_road import NodesRoad
from .road import RESTORES, Object, beside, ended

if TYPE_CHECKING:
    from slackwater_testbed.nodes.cluster import NodeCluster

MEGABYTES = 24
SLOW = "6mbit"
"""So that a volume is on its way for half a minute, if nothing happens to it."""
PATIENCE = 15
"""Seconds that a mover may be gone before our run gives it up."""

OUTWARDS = Resource("velero.io", "v1", "podvolumebackups")
BACK = Resource("velero.io", "v1", "podvolumerestores")
Fault = Callable[[Object], object]
"""What is done to a movement: the object that stands for it is given."""


def delete_mover(east: NodeCluster, movement: Object) -> None:
    name = movement["metadata"]["name"]
    east.kubectl("delete", "pod", name, "-n", "velero", "--force", "--grace-period=0")


def kill_mover(movement: Object) -> None:
    """Kill the process alone: its pod sees it end."""
    name = os.fsencode(movement["metadata"]["name"])
    killed = 0
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            program, *arguments = file.read_bytes().split(b"\0")
            if program == b"/velero" and any(name in each for each in arguments):
                os.kill(int(file.parent.name), signal.SIGKILL)
                killed += 1
    assert killed == 1


def restart_agents(east: NodeCluster) -> None:
    """Do what the finding says."""
    east.kubectl("-n", "velero", "rollout", "restart", "daemonset", "node-agent")


def backup_with(
    road: NodesRoad, fleet: Fleet, namespace: str, fault: Fault, kind: Resource = OUTWARDS
) -> Run:
    """Back up, and do something once a volume is on its way."""
    east = road.testbed["east"]
    east.slow_down(SLOW)
    handle = fleet.backup(cluster="east", namespace=namespace)

    def strike() -> None:
        fault(road.when_begun(kind))
        east.speed_up()

    with beside(strike):
        return ended(fleet, handle.id)


def restore_with(
    road: NodesRoad,
    fleet: Fleet,
    namespace: str,
    fault: Fault,
    *,
    kind: Resource = BACK,
    slow_to_the_end: bool = False,
) -> tuple[Run, str]:
    """Restore under another name, and do something once a volume is on its way."""
    there = road.named(f"{namespace}-b")
    plan = fleet.plan(at="now", namespace=namespace, map={namespace: there})
    road.testbed["east"].slow_down(SLOW)
    handle = fleet.restore(plan, confirm=plan.digest)

    def strike() -> None:
        fault(road.when_begun(kind))
        if not slow_to_the_end:
            road.testbed["east"].speed_up()

    with beside(strike):
        return ended(fleet, handle.id), there


def with_volumes(road: NodesRoad, made: Run) -> list[Object]:
    """Return the Restores of a run but for that of kinds, which comes before."""
    return [each for each in road.in_velero(RESTORES, made) if "namespaceMapping" in each["spec"]]
