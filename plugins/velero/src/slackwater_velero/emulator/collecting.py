"""Reads what a backup is to hold from the emulated API: objects, and what becomes of volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from slackwater.testing.kubernetes_api import KubernetesApi
from slackwater_velero.emulator.objects import Object, name_of

NAMESPACES = "namespaces"
_NOT_COLLECTED = frozenset(("volumesnapshots.snapshot.storage.k8s.io",))

DATA = "emulator.slackwater.dev/data"
"""Annotation on a PersistentVolume that stands for its data: there are no disks here."""


@dataclass
class Collected:
    """What was read: objects, and volume information. A volume passed over is no warning."""

    objects: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)

    def resource_list(self) -> dict[str, list[str]]:
        """Return the list that Velero writes: ``apps/v1/Deployment`` to ``namespace/name``."""
        listed: dict[str, list[str]] = {}
        for found in self.objects:
            namespace = found["metadata"].get("namespace", "")
            entry = f"{namespace}/{name_of(found)}" if namespace else name_of(found)
            listed.setdefault(f"{found['apiVersion']}/{found['kind']}", []).append(entry)
        return {kind: sorted(names) for kind, names in sorted(listed.items())}


def collect(api: KubernetesApi, spec: Object) -> Collected:
    """Return everything that a Backup with this spec holds."""
    collected = Collected()
    namespaces = chosen_namespaces(api, spec)
    if "*" not in (spec.get("excludedNamespaceScopedResources") or ()):
        for namespace in namespaces:
            _collect_namespace(api, namespace, spec, collected)
    if wants_cluster_objects(spec):
        known = {(each["kind"], name_of(each)) for each in collected.objects}
        for found in _cluster_scoped(api):
            if (found["kind"], name_of(found)) not in known:
                collected.objects.append(found)
    return collected


def chosen_namespaces(api: KubernetesApi, spec: Object) -> list[str]:
    """Return the namespaces that a Backup includes, globs resolved."""
    included = spec.get("includedNamespaces") or ["*"]
    excluded = spec.get("excludedNamespaces") or []
    return [
        name
        for name in map(name_of, api.list(NAMESPACES))
        if _matches(name, included) and not _matches(name, excluded)
    ]


def wants_cluster_objects(spec: Object) -> bool:
    """Whether cluster-scoped objects are chosen by themselves."""
    if spec.get("includeClusterResources") is not None:
        return bool(spec["includeClusterResources"])
    if spec.get("includedClusterScopedResources"):
        return True
    return (spec.get("includedNamespaces") or ["*"]) == ["*"]


def _collect_namespace(
    api: KubernetesApi, namespace: str, spec: Object, collected: Collected
) -> None:
    collected.objects.append(api.get(NAMESPACES, namespace))
    for kind in api.kinds.tables(namespaced=True):
        if kind in _NOT_COLLECTED or not _wants_kind(kind, spec):
            continue
        for found in api.list(kind, namespace):
            if "deletionTimestamp" not in found["metadata"] and _selected(found, spec):
                collected.objects.append(found)
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


def _cluster_scoped(api: KubernetesApi) -> Iterator[Object]:
    for kind in api.kinds.tables(namespaced=False):
        if kind != NAMESPACES:
            yield from api.list(kind)


def _wants_kind(kind: str, spec: Object) -> bool:
    included = (
        spec.get("includedResources") or spec.get("includedNamespaceScopedResources") or ["*"]
    )
    excluded = spec.get("excludedResources") or spec.get("excludedNamespaceScopedResources") or []
    names = (kind, kind.partition(".")[0])
    return any(_matches(name, included) for name in names) and not any(
        name in excluded for name in names
    )


def _selected(found: Object, spec: Object) -> bool:
    wanted = (spec.get("labelSelector") or {}).get("matchLabels") or {}
    labels = found["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _is_claim(found: Object, namespace: str) -> bool:
    claim = found["kind"] == "PersistentVolumeClaim"
    return claim and bool(found["metadata"].get("namespace") == namespace)


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
