"""Takes from an object what belongs to its old place: identity, status, what servers assigned."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from slackwater.clusters import Object, Resource
from slackwater_csi import labels
from slackwater_csi.resources import CLAIMS

_METADATA = ("name", "namespace", "labels", "annotations", "finalizers")
_BOUND = ("pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/")
"""Annotations by which controllers tie a claim to its volume: the one that comes has another."""
_OTHERS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    labels.HELD,
    *labels.OF_A_HOLD,
)
"""What was true of an object only where it was; that another backup held a pod just then, too."""
_WORDS = {"labels", "annotations"}
_SERVICE = ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy")
_CLAIM = ("volumeName", "dataSource", "dataSourceRef")
_CONTROLLER_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def stripped(kind: Resource, content: Mapping[str, Any]) -> Object:
    """Return a copy that can be created anew, in the namespace that it names."""
    body: Object = copy.deepcopy({k: v for k, v in content.items() if k != "status"})
    metadata = {key: body["metadata"][key] for key in _METADATA if body["metadata"].get(key)}
    metadata.pop("finalizers", None)  # their controllers set them again, where they are there
    for part in _WORDS & metadata.keys():
        metadata[part] = _lasting(metadata[part])
    body["metadata"] = {key: value for key, value in metadata.items() if value}
    _take_out(kind, body.get("spec") or {})
    return body


def moved(kind: Resource, content: Object, source: str, target: str) -> Object:
    """Return the object for another namespace; who is bound by a role moves along."""
    content["metadata"]["namespace"] = target
    if kind.plural == "rolebindings":
        for subject in content.get("subjects") or ():
            if subject.get("namespace") == source:
                subject["namespace"] = target
    return content


def renamed(content: Object, claims: Mapping[str, str]) -> Object:
    """Return the object with the claims that its pods use called by other names. The claims that a
    StatefulSet makes by itself are named by the StatefulSet.
    """
    if claims:
        _rename(content.get("spec"), claims)
    return content


def _rename(found: object, claims: Mapping[str, str]) -> None:
    if isinstance(found, list):
        for each in found:
            _rename(each, claims)
    elif isinstance(found, dict):
        used = found.get("persistentVolumeClaim")
        if isinstance(used, dict) and used.get("claimName") in claims:
            used["claimName"] = claims[used["claimName"]]
        for each in found.values():
            _rename(each, claims)


def _lasting(words: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in words.items()
        if not key.startswith(_BOUND) and key not in _OTHERS
    }


def _take_out(kind: Resource, spec: Object) -> None:
    if kind == CLAIMS:
        _drop(spec, _CLAIM)
    elif kind.plural == "services" and spec.get("clusterIP") != "None":
        _drop(spec, _SERVICE)
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    elif kind.plural == "pods":
        _drop(spec, ("nodeName",))
    elif kind.plural == "jobs":
        _drop(spec, ("selector",))
        _drop(
            (spec.get("template") or {}).get("metadata", {}).get("labels") or {}, _CONTROLLER_LABELS
        )


def _drop(content: Object, names: tuple[str, ...]) -> None:
    for name in names:
        content.pop(name, None)
