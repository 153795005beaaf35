"""Is this still the cluster that the plan was made for?"""

from __future__ import annotations

import threading
import time

from slackwater.clusters import ClusterIdentity
from slackwater.errors import PlanChanged
from slackwater.model.restore_plan import Pin
from slackwater.model.run import Run
from slackwater.runs.world import World


class Identities:
    """Clusters' identities, each believed for ``lasting`` seconds. Usable from several threads."""

    def __init__(self, world: World, lasting: float) -> None:
        self._world = world
        self._lasting = lasting
        self._known: dict[str, tuple[float, ClusterIdentity]] = {}
        self._lock = threading.Lock()

    def check(self, run: Run, cluster: str) -> None:
        """Raise ``PlanChanged`` where the cluster is not the one that the run is pinned to."""
        for pin in run.pins:
            if pin.cluster == cluster:
                compare(pin, self._identity(cluster))

    def _identity(self, cluster: str) -> ClusterIdentity:
        with self._lock:
            asked, identity = self._known.get(cluster, (0.0, None))
        if identity is None or time.monotonic() > asked + self._lasting:
            identity = self._world.cluster(cluster).identity()
            with self._lock:
                self._known[cluster] = time.monotonic(), identity
        return identity


def compare(pin: Pin, found: ClusterIdentity) -> None:
    """Raise ``PlanChanged`` where the identity is not the pinned one."""
    if (pin.ca_hash, pin.uid) != (found.ca_hash, found.uid):
        raise PlanChanged(
            f"{pin.cluster} is another cluster than the planned one"
            f" (kube-system was {pin.uid}, is {found.uid}); nothing was done there",
            hint="see which cluster the name and its kubeconfig context mean now; plan again",
        )
