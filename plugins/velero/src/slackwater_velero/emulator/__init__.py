"""Velero, emulated: its controllers over an emulated Kubernetes API, in this process.

For the demo and for tests without engines. It is found by the entry point group
``slackwater.emulators``; what such a module offers is an object ``EMULATOR``::

    EMULATOR.tool                      the name of the backend type: "velero"
    EMULATOR.title                     what is emulated, in words
    EMULATOR.clusters                  in which clusters of the demo's stage it is
    EMULATOR.install(apis, pace=0.4)   context manager; ``apis`` by cluster name. Gives

        .settings                      what stands under the tool in the fleet file
        .tick(times=1)                 take every server further (with pace=None nothing else does)
        .pause(cluster) .resume(cluster)
        .kill(cluster)  .start(cluster)

``install`` creates what the tool's installation would: definitions, namespace, server objects, and
for each cluster a store of its own in one object storage that all of them can reach. ``pace`` is
the time of one step in seconds; a backup takes four or five steps, a restore three.
Volumes are PersistentVolumes with ``spec.csi``; the annotation ``emulator.slackwater.dev/data``
stands for the data on them.

Read in Velero's source or documentation (1.18), and emulated so: phases and their order; the queue
(one at a time, none that shares a namespace with an earlier one); spec completed by the server;
validation and its words; a name taken in the bucket; BSL validation; sync by name only, and removal
of orphans; the collector by age alone; DeleteBackupRequest, its refusals, both objects vanishing;
download requests signed whether or not the file exists; restores one at a time, too early ones
failed for good; finalizer of restores; existing objects kept or updated; namespaces mapped;
resource modifiers (JSON patches); what a restarted server makes of work in progress; schedules.

Guessed, or simpler than the real one: one step per tick instead of minutes; the contents are JSON
instead of a tarball; volumes without CSI are skipped with a reason in Velero's style; claims are
bound, and data arrives, at once; native snapshots, hooks, repositories and node agents are absent;
the sync period of a location is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater_velero.emulator.installing import Installation, add_objects, install, location
from slackwater_velero.emulator.requests import VERSION
from slackwater_velero.emulator.server import VeleroServer
from slackwater_velero.emulator.serving import serve_files

__all__ = [
    "EMULATOR",
    "Emulator",
    "Installation",
    "VeleroServer",
    "add_objects",
    "install",
    "location",
    "serve_files",
]


class Emulator:
    """What ``slackwater demo`` needs to know of a tool."""

    tool = "velero"
    title = f"Velero {VERSION}"
    clusters = ("prod-eu", "dr-eu")
    """Where it plays on the stage of the demo."""

    def install(
        self,
        apis: Mapping[str, KubernetesApi],
        *,
        pace: float | None = 0.4,
        sync_every: timedelta = timedelta(seconds=2),
    ) -> AbstractContextManager[Installation]:
        """Install the tool into the clusters until the block is left."""
        return install(apis, pace=pace, sync_every=sync_every)


EMULATOR = Emulator()
