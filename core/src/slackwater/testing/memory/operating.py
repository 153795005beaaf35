"""What the in-memory tool does by itself between two looks: its operations get on and end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater.testing.memory.records import (
    Held,
    Namespace,
    OperationKind,
    OperationRecord,
    Outcome,
    Volume,
    Wanted,
    Word,
)
from slackwater.testing.memory.shelves import Shelves


def begin(shelves: Shelves, operation: OperationRecord) -> OperationRecord:
    """Lay an operation into the tool's memory; restores wait for each other."""
    cluster, wanted = operation.cluster, operation.wanted
    outcome = shelves.get("outcome", cluster, Outcome) or Outcome()
    shelves.remove("outcome", cluster)
    backup = wanted.kind is OperationKind.BACKUP
    begun = operation.model_copy(
        update={
            "begins": _turn(shelves, cluster, wanted, operation.asked),
            "outcome": outcome,
            "captured": capture(shelves, cluster, wanted.scope) if backup else {},
        }
    )
    shelves.put("operation", f"{cluster}/{begun.name}", begun)
    return begun


def _turn(shelves: Shelves, cluster: str, wanted: Wanted, now: datetime) -> datetime:
    if wanted.kind is not OperationKind.RESTORE:
        return now
    others = shelves.all("operation", OperationRecord, f"{cluster}/").values()
    ends = [
        o.begins + _duration(shelves) for o in others if o.open and o.wanted.kind is wanted.kind
    ]
    return max([now, *ends])


def _duration(shelves: Shelves) -> timedelta:
    return timedelta(seconds=float(shelves.text("setting", "duration") or 0))


def settle(shelves: Shelves, now: datetime) -> None:
    """Bring every open operation to where it would be by now."""
    if shelves.text("setting", "idle"):
        return
    stalled = bool(shelves.text("setting", "stalled"))
    for key, operation in shelves.all("operation", OperationRecord).items():
        if not operation.open or operation.begins > now:
            continue
        end = operation.begins + _duration(shelves)
        if stalled or end > now:
            shelves.put("operation", key, operation.model_copy(update={"word": Word.WORKING}))
        else:
            shelves.put("operation", key, _ended(shelves, operation, end))


def _ended(shelves: Shelves, operation: OperationRecord, end: datetime) -> OperationRecord:
    outcome = operation.outcome
    word, message = outcome.word, outcome.message
    if word == Word.DONE and not _take_effect(shelves, operation, end):
        word, message = Word.BROKEN, f"recovery point {operation.wanted.point} is not there"
    return operation.model_copy(update={"word": word, "message": message, "ended": end})


def _take_effect(shelves: Shelves, operation: OperationRecord, end: datetime) -> bool:
    wanted = operation.wanted
    match wanted.kind:
        case OperationKind.BACKUP:
            point = _point(operation, end)
            shelves.put("point", f"{point.store}/{point.name}", point)
            return True
        case OperationKind.DELETION:
            shelves.remove("point", f"{wanted.store}/{wanted.point}")
            return True
        case OperationKind.RESTORE:
            return _restore(shelves, operation)


def _point(operation: OperationRecord, end: datetime) -> Held:
    wanted = operation.wanted
    kept = None if wanted.keep_for is None else end + timedelta(seconds=wanted.keep_for)
    return Held(
        tool=operation.tool,
        store=wanted.store,
        name=operation.name,
        scope=wanted.scope,
        begin=operation.begins,
        end=end,
        made_by="a request" if wanted.stamp is None else "slackwater",
        stamp=wanted.stamp,
        expires=kept,
        warnings=operation.outcome.warnings,
        namespaces=operation.captured,
    )


def capture(shelves: Shelves, cluster: str, scope: Scope) -> Mapping[str, Namespace]:
    """Return the namespaces of a cluster that lie within the scope, as they are now."""
    found = shelves.all("namespace", Namespace, f"{cluster}/")
    named = {key.partition("/")[2]: namespace for key, namespace in found.items()}
    return {name: held for name, held in named.items() if scope.touches(_workload(cluster, name))}


def _workload(cluster: str, namespace: str) -> Workload:
    if namespace:
        return Workload(cluster=cluster, namespace=namespace)
    return Workload(cluster=cluster, kind=WorkloadKind.CLUSTER_OBJECTS)


def _restore(shelves: Shelves, operation: OperationRecord) -> bool:
    wanted = operation.wanted
    point = shelves.get("point", f"{wanted.store}/{wanted.point}", Held)
    if point is None:
        return False
    for name, held in point.namespaces.items():
        if not wanted.scope.touches(_workload(operation.cluster, name)):
            continue
        target = wanted.mapping.namespaces.get(name, name)
        key = f"{operation.cluster}/{target}"
        standing = shelves.get("namespace", key, Namespace) or Namespace()
        changed = mapped(held, wanted.mapping)
        shelves.put("namespace", key, united(standing, changed, wanted.existing))
    return True


def mapped(namespace: Namespace, mapping: RestoreMapping) -> Namespace:
    """Return the namespace with classes, images and claims changed; skipped volumes are out."""
    volumes = [
        volume.model_copy(
            update={
                "claim": mapping.claims.get(volume.claim, volume.claim),
                "storage_class": mapping.storage_classes.get(
                    volume.storage_class, volume.storage_class
                ),
            }
        )
        for volume in namespace.volumes
        if not volume.skipped
    ]
    objects = {name: _with_image(body, mapping) for name, body in namespace.objects.items()}
    return Namespace(objects=objects, volumes=tuple(volumes))


def _with_image(body: Mapping[str, object], mapping: RestoreMapping) -> Mapping[str, object]:
    image = str(body.get("image", ""))
    return {**body, "image": mapping.images[image]} if image in mapping.images else body


def united(standing: Namespace, coming: Namespace, existing: Existing) -> Namespace:
    """Return what stands afterwards; volumes that stand already are never changed."""
    first, second = standing.objects, coming.objects
    if existing is Existing.KEEP:
        first, second = second, first
    volumes: dict[str, Volume] = {volume.claim: volume for volume in coming.volumes}
    volumes |= {volume.claim: volume for volume in standing.volumes}
    return Namespace(objects={**first, **second}, volumes=tuple(volumes.values()))
