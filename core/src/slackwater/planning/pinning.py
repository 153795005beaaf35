"""Which cluster is meant: pinned when a plan is made, compared before it runs and between steps.

A control plane is restored when its API server is down, or will be. Then the store of the control
plane says who it is, by the role ``ControlPlane``.
"""

from __future__ import annotations

from collections.abc import Iterable

from slackwater.backend import Backend, ControlPlane
from slackwater.backend.connections import Connections
from slackwater.backend.wrappers import as_role
from slackwater.clusters import ClusterIdentity
from slackwater.errors import ClusterError, ClusterUnreachable, PlanChanged, SlackwaterError
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import Pin


def pin_cluster(connections: Connections, name: str) -> Pin:
    """Pin a cluster by its API server. Raises as the cluster does."""
    cluster = connections.cluster(name)
    identity = cluster.identity()
    return Pin(cluster=name, url=cluster.url, ca_hash=identity.ca_hash, uid=identity.uid)


def pin_control_plane(
    connections: Connections, name: str, point: RecoveryPoint, ca_hash: str
) -> Pin:
    """Pin a cluster that is to be turned back to a point, whether its API server answers or not.

    Where it is silent, the cluster is taken for the one that the point was taken from; ``ca_hash``
    is what is remembered of it. Raises as the cluster does where it is not silent.
    """
    store = store_id([connections.backend(name, tool) for tool in connections.tools(name)])
    try:
        seen = pin_cluster(connections, name)
    except ClusterError as error:
        if not is_silence(error):
            raise
        uid = point.stamp.cluster_uid if point.stamp else ""
        url = connections.cluster(name).url
        return Pin(cluster=name, url=url, ca_hash=ca_hash, uid=uid, control_plane=store, seen=False)
    return seen.model_copy(update={"control_plane": store})


def is_silence(error: SlackwaterError) -> bool:
    """Whether an API server is down; without the store of its control plane it answers 5xx."""
    if isinstance(error, ClusterUnreachable):
        return True
    return isinstance(error, ClusterError) and error.status >= 500


def store_id(backends: Iterable[Backend]) -> str:
    """Ask the tools who the store of the control plane is; empty where none can tell."""
    keepers = (as_role(backend, ControlPlane) for backend in backends)
    return next((found for k in keepers if k and (found := k.control_plane_id())), "")


def compare(pin: Pin, found: ClusterIdentity) -> None:
    """Raise ``PlanChanged`` where the API server's identity is not the pinned one.

    What could not be pinned, because nothing was known of it, is not compared.
    """
    same_ca = (not pin.ca_hash and not pin.seen) or pin.ca_hash == found.ca_hash
    same_uid = not pin.uid or pin.uid == found.uid
    if not (same_ca and same_uid):
        raise PlanChanged(
            f"{pin.cluster} is another cluster now: kube-system was {pin.uid}, is {found.uid};"
            " nothing was done there",
            hint="see which cluster the name and its kubeconfig context mean now; plan again",
        )


def compare_store(pin: Pin, found: str, restored: Iterable[str] = ()) -> None:
    """Raise ``PlanChanged`` where the store is neither the pinned one nor what the run restored.

    Nothing is compared where nothing answers, or where nothing answered when it was pinned.
    """
    if found and pin.control_plane and found not in (pin.control_plane, *restored):
        raise PlanChanged(
            f"{pin.cluster} has another control plane now: its store was {pin.control_plane},"
            f" is {found}; nothing was done to it",
            hint="see which hosts the tool's settings mean now; plan again",
        )
