"""Volume snapshots, emulated: snapshot-controller, csi-snapshotter, csi-provisioner and a driver
over an emulated Kubernetes API, in this process.

For the demo and for tests without engines. What such a module offers is an object ``EMULATOR``,
whose ``install(apis)`` is a context manager (see the emulator of any other tool). Volumes are
PersistentVolumes with ``spec.csi``; the annotation ``emulator.slackwater.dev/data`` stands for the
data on them.

Which behaviour is documented, measured or guessed is said at the head of ``snapshotting``,
``provisioning`` and ``grouping``. Not emulated: secrets of classes, topology, changed blocks,
validation by the schemas, statuses that are late to be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater_csi.emulator.installing import CsiServer, Installation, add_objects, install

__all__ = ["EMULATOR", "CsiServer", "Emulator", "Installation", "add_objects", "install"]


class Emulator:
    """What ``slackwater demo`` needs to know of a tool."""

    tool = "csi"
    title = "CSI volume snapshots"
    clusters = ("prod-us", "edge")
    """Where it plays on the stage of the demo."""

    def install(
        self, apis: Mapping[str, KubernetesApi], *, pace: float | None = 0.2
    ) -> AbstractContextManager[Installation]:
        """Install the controllers into the clusters until the block is left."""
        return install(apis, pace=pace)


EMULATOR = Emulator()
