"""Reads what a backup is to hold from the emulated API: objects, and what becomes of volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_velero.emulator.choosing import (
    Policy,
    is_excluded,
    is_left_out,
    matches,
    selected,
    wants_kind,
)
from slackwater_velero.emulator.objects import Object, name_of

NAMESPACES = "namespaces"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_NOT_COLLECTED = frozenset(("volumesnapshots.snapshot.storage.k8s.io",))


@dataclass
class Collected:
    """What was read: objects, and volume information. A volume passed over is no warning.

    ``kinds`` are those of objects in namespaces.
    """

    objects: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def known(self) -> set[tuple[str, str]]:
        """Return kind and name of what was read of cluster-scoped objects so far."""
        return {
            (each["kind"], name_of(each))
            for each in self.objects
            if "namespace" not in each["metadata"]
        }

    def resource_list(self) -> dict[str, list[str]]:
        """Return the list that Velero writes: ``apps/v1/Deployment`` to ``namespace/name``."""
        listed: dict[str, list[str]] = {}
        for found in self.objects:
            namespace = found["metadata"].get("namespace", "")
            entry = f"{namespace}/{name_of(found)}" if namespace else name_of(found)
            listed.setdefault(f"{found['apiVersion']}/{found['kind']}", []).append(entry)
        return {kind: sorted(names) for kind, names in sorted(listed.items())}


def collect(api: KubernetesApi, spec: Object, policy: Policy) -> Collected:
    """Return everything that a Backup with this spec holds."""
    collected, spec = Collected(), policy.completed(spec)
    for namespace in chosen_namespaces(api, spec):
        _collect_namespace(api, namespace, spec, policy, collected)
    for kind in api.kinds.tables(namespaced=False):
        for found in api.list(kind):
            if _comes_along(kind, found, spec, collected) and policy.wants(kind, found):
                collected.objects.append(found)
    return collected


def _comes_along(kind: str, found: Object, spec: Object, collected: Collected) -> bool:
    """Whether a cluster-scoped object is chosen, or is what chosen objects are defined by."""
    if is_left_out(found) or (found["kind"], name_of(found)) in collected.known():
        return False
    if kind == _DEFINITIONS and name_of(found) in collected.kinds and not is_excluded(kind, spec):
        return True
    return wants_kind(kind, spec, namespaced=False) and selected(found, spec)


def chosen_namespaces(api: KubernetesApi, spec: Object) -> list[str]:
    """Return the namespaces that a Backup includes, globs resolved."""
    included = spec.get("includedNamespaces") or ["*"]
    excluded = spec.get("excludedNamespaces") or []
    return [
        name
        for name in map(name_of, api.list(NAMESPACES))
        if matches(name, included) and not matches(name, excluded)
    ]


def _collect_namespace(
    api: KubernetesApi, namespace: str, spec: Object, policy: Policy, collected: Collected
) -> None:
    collected.objects.append(api.get(NAMESPACES, namespace))
    for kind in api.kinds.tables(namespaced=True):
        if kind in _NOT_COLLECTED or not wants_kind(kind, spec, namespaced=True):
            continue
        for found in api.list(kind, namespace):
            gone = "deletionTimestamp" in found["metadata"] or is_left_out(found)
            if not gone and selected(found, spec) and policy.wants(kind, found):
                collected.objects.append(found)
                collected.kinds.add(kind)
    for claim in [each for each in collected.objects if _is_claim(each, namespace)]:
        _collect_volume(api, claim, spec, collected)


def _collect_volume(api: KubernetesApi, claim: Object, spec: Object, collected: Collected) -> None:
    """A claim without a volume leaves no trace in the volume information."""
    name = (claim.get("spec") or {}).get("volumeName")
    volume = next((each for each in api.list("persistentvolumes") if name_of(each) == name), None)
    if volume is None:
        return
    collected.objects.append(volume)
    place = {
        "pvcName": name_of(claim),
        "pvcNamespace": claim["metadata"]["namespace"],
        "pvName": name_of(volume),
    }
    info = _volume_info(api, claim, volume, spec)
    if info is not None:
        collected.volumes.append(place | info)


def _volume_info(api: KubernetesApi, claim: Object, volume: Object, spec: Object) -> Object | None:
    """What Velero's volume information says of one volume."""
    source = volume.get("spec") or {}
    size = len(str((volume["metadata"].get("annotations") or {}).get(DATA, ""))) or 1
    if spec.get("defaultVolumesToFsBackup"):
        return _by_files(api, claim, source, size)
    if spec.get("snapshotVolumes") is False and not spec.get("snapshotMoveData"):
        return None
    if "csi" not in source:
        return _skipped("volumeSnapshot: no applicable volumesnapshotter found;")
    moved = bool(spec.get("snapshotMoveData"))
    details = {"snapshotHandle": f"snap-{name_of(volume)}", "size": size}
    return {
        "backupMethod": "CSISnapshot",
        "snapshotDataMoved": moved,
        "skipped": False,
        "result": "succeeded",
        "snapshotDataMovementInfo" if moved else "csiSnapshotInfo": details,
    }


def _by_files(api: KubernetesApi, claim: Object, source: Object, size: int) -> Object | None:
    """Files are read from pods that run: without one there is nothing to read from."""
    if "hostPath" in source:
        return None
    pod = next(_pods_of(api, claim), None)
    if pod is None:
        return None
    details = {"podName": name_of(pod), "podNamespace": pod["metadata"]["namespace"], "size": size}
    return {
        "backupMethod": "PodVolumeBackup",
        "snapshotDataMoved": False,
        "skipped": False,
        "result": "succeeded",
        "pvbInfo": details,
    }


def _pods_of(api: KubernetesApi, claim: Object) -> Iterator[Object]:
    for pod in api.list("pods", claim["metadata"]["namespace"]):
        volumes = (pod.get("spec") or {}).get("volumes") or ()
        claims = [(each.get("persistentVolumeClaim") or {}).get("claimName") for each in volumes]
        if name_of(claim) in claims:
            yield pod


def _skipped(reason: str) -> Object:
    return {"snapshotDataMoved": False, "skipped": True, "skippedReason": reason}


def _is_claim(found: Object, namespace: str) -> bool:
    claim = found["kind"] == "PersistentVolumeClaim"
    return claim and bool(found["metadata"].get("namespace") == namespace)
