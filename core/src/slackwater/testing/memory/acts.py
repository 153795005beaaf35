"""The acts of the in-memory backend. Pure functions."""

from __future__ import annotations

from slackwater.model.act import Act, ActKind
from slackwater.model.recovery_point import PointId
from slackwater.model.request import BackupRequest, RestoreRequest, Store
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater.testing.memory.records import OperationKind, Wanted

SHOW = "show-store"
HIDE = "hide-store"
ONE_RESTORE = "restore"
"""The limit that restores count against: the tool takes one at a time."""


def backup(request: BackupRequest, store: str) -> Act:
    """Return the act that backs a workload up into a store."""
    wanted = Wanted(
        kind=OperationKind.BACKUP,
        store=store,
        scope=scope(request.workload),
        stamp=request.stamp,
        keep_for=request.keep_for.total_seconds() if request.keep_for else None,
    )
    subject = request.workload.namespace or request.workload.kind
    return Act(
        id="backup",
        kind=ActKind.OPERATED,
        title=f"back up {request.workload}",
        effects=(f"adds a recovery point to {store}",),
        undo="delete the recovery point",
        payload=_payload(f"sw-{request.workload.cluster}-{subject}-{request.due:%d%H%M}", wanted),
    )


def restore(request: RestoreRequest, *, shown: bool) -> Act:
    """Return the act that applies a recovery point; ``shown`` if its store must be shown first."""
    wanted = Wanted(
        kind=OperationKind.RESTORE,
        store=request.point.id.store,
        point=request.point.name,
        scope=scope(request.workload),
        mapping=request.mapping,
        existing=request.existing,
    )
    place = f"{request.target}/{request.namespace}".rstrip("/")
    return Act(
        id="restore",
        kind=ActKind.OPERATED,
        title=f"restore {request.workload} → {place}",
        needs=(SHOW,) if shown else (),
        effects=(f"writes the objects and volumes of {request.point.name} into {place}",),
        undo=f"delete {place}",
        writes=(request.namespace,) if request.namespace else (),
        limit=ONE_RESTORE,
        payload=_payload(f"sw-{request.target}-{request.namespace}", wanted),
    )


def deletion(point: PointId) -> Act:
    """Return the act that deletes a recovery point."""
    wanted = Wanted(kind=OperationKind.DELETION, store=point.store, point=point.name)
    return Act(
        id="delete",
        kind=ActKind.OPERATED,
        title=f"delete {point.name}",
        effects=(f"removes {point.name} and its data from {point.store}",),
        payload=_payload(f"sw-delete-{point.name}", wanted),
    )


def show(store: Store) -> Act:
    """Return the act that shows another cluster's store here; equal for all points in it."""
    return Act(
        id=SHOW,
        kind=ActKind.PERFORMED,
        title=f"show the store of {store.cluster}",
        effects=(f"adds the store {_shown_name(store)}, read-only",),
        undo="it is removed at the end",
        payload={"name": _shown_name(store), "identity": store.identity},
    )


def hide(store: Store) -> Act:
    """Return the act that hides it again, whatever came in between."""
    return Act(
        id=HIDE,
        kind=ActKind.PERFORMED,
        title=f"remove {_shown_name(store)}",
        needs=("restore",),
        always=True,
        effects=(f"removes the store {_shown_name(store)}; its recovery points stay",),
        payload={"name": _shown_name(store)},
    )


def scope(workload: Workload) -> Scope:
    """Return the scope that holds the whole workload and nothing else."""
    match workload.kind:
        case WorkloadKind.CONTROL_PLANE:
            return Scope(control_plane=True)
        case WorkloadKind.CLUSTER_OBJECTS:
            return Scope(cluster_objects=True)
        case _:
            return Scope(namespaces=(workload.namespace,))


def _shown_name(store: Store) -> str:
    return f"{store.cluster}-{store.name}-readonly"


def _payload(stem: str, wanted: Wanted) -> dict[str, object]:
    return {"stem": stem.lower(), "wanted": wanted.model_dump(mode="json")}
