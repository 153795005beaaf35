"""Reads what a backup holds from the cluster: objects, and the data of volumes.

Shapes of artefacts as public scripts read them: ``resource``, ``artifact``, ``volumeSnapshot``,
and ``meta.kanister`` for data in a location. Guessed: a volume without CSI is passed over, and so
has neither.
"""

from __future__ import annotations

from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_kasten.emulator.catalog import Inside, Object
from slackwater_kasten.emulator.world import World

CLAIMS = "persistentvolumeclaims"
_LEFT_OUT = frozenset(("events", "pods", "replicasets.apps", "endpoints", "leases"))
_BOUND = "pv.kubernetes.io/"
"""Annotations that bind a claim to its volume: the one that is restored gets another."""
_GIVEN_TO_ALL = frozenset((("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")))


def collect(world: World, namespace: str, filters: Object) -> Inside:
    """Return everything that a backup of a namespace holds."""
    inside = Inside()
    for kind in world.namespaced_kinds():
        if kind in _LEFT_OUT:
            continue
        for found in world.list(kind, namespace):
            name = found["metadata"]["name"]
            if (kind, name) in _GIVEN_TO_ALL or not _chosen(kind, name, filters):
                continue
            inside.artifacts.append(_artifact(world, kind, found, inside))
    return inside


def exported(inside: Inside, profile: str) -> Inside:
    """Return the copy that an export makes: data of claims lies in the location."""
    copy = deepcopy(inside)
    for artifact in copy.artifacts:
        if artifact.pop("volumeSnapshot", None) is not None:
            claim = artifact["resource"]["name"]
            size = len(copy.data.get(claim, ""))
            artifact["meta"] = {"kanister": _kanister(claim, size, profile)}
    return copy


def _artifact(world: World, kind: str, found: Object, inside: Inside) -> Object:
    plural, _, group = kind.partition(".")
    name = found["metadata"]["name"]
    artifact: Object = {
        "resource": {
            "group": group,
            "version": str(found["apiVersion"]).rpartition("/")[2],
            "resource": plural,
            "name": name,
            "namespace": found["metadata"]["namespace"],
        },
        "artifact": _plain(found),
    }
    if kind == CLAIMS:
        data = data_of(world, found)
        if data is not None:
            inside.data[name] = data
            artifact["volumeSnapshot"] = {"snapshotId": f"k10-csi-snap-{name}"}
    return artifact


def data_of(world: World, claim: Object) -> str | None:
    """Return the data on a claim's volume; None where K10 takes none."""
    volume = world.find("persistentvolumes", (claim.get("spec") or {}).get("volumeName", ""))
    if volume is None or "csi" not in (volume.get("spec") or {}):
        return None
    return str((volume["metadata"].get("annotations") or {}).get(DATA, ""))


def _kanister(claim: str, size: int, profile: str) -> Object:
    return {
        "profileRef": {"name": profile},
        "meta": {"k8sVolume": {"pvcName": claim}, "storageUsage": {"logical": size}},
        "values": [{"key": "backupIdentifier", "value": f"kopia-{claim}"}],
    }


def _plain(found: Object) -> Object:
    kept = {key: value for key, value in found.items() if key != "status"}
    metadata: dict[str, Any] = found["metadata"]
    notes = metadata.get("annotations") or {}
    kept["metadata"] = {
        "name": metadata["name"],
        "labels": metadata.get("labels") or {},
        "annotations": {k: v for k, v in notes.items() if not k.startswith(_BOUND)},
    }
    return deepcopy(kept)


def _chosen(kind: str, name: str, filters: Object) -> bool:
    included, excluded = filters.get("includeResources"), filters.get("excludeResources") or []
    if included and not any(matches(each, kind, name) for each in included):
        return False
    return not any(matches(each, kind, name) for each in excluded)


def matches(rule: Object, kind: str, name: str) -> bool:
    """Whether a filter, or the subject of a transform, means an object."""
    plural, _, group = kind.partition(".")
    wanted = ((rule.get("group"), group), (rule.get("resource"), plural), (rule.get("name"), name))
    return all(not want or fnmatchcase(has, want) for want, has in wanted)
