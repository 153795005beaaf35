"""Changes on the way to the target, as resource modifiers of one Restore. Pure.

Velero's own maps for storage classes and images are one per installation and change every restore
of everybody, so modifiers are used for both. A rule matches exact values at exact paths
(``internal/resourcemodifiers``, 1.18): a path that is not there is no match. Images are therefore
mapped by their whole name, tag included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from slackwater.model.request import RestoreRequest

MODIFIERS_KEY = "modifiers.yaml"
"""The one key that the ConfigMap may have; its name does not matter."""

_TEMPLATES = 8
"""Volume claim templates of a StatefulSet that are looked at."""
_CONTAINERS = 8
"""Containers, and init containers, of a pod that are looked at."""

_POD_PATHS: Mapping[str, str] = {
    "pods": "/spec",
    "{deployments,statefulsets,daemonsets,replicasets}.apps": "/spec/template/spec",
    "jobs.batch": "/spec/template/spec",
    "cronjobs.batch": "/spec/jobTemplate/spec/template/spec",
}


def modifier_rules(request: RestoreRequest) -> str:
    """Return the rules for the request's mapping as YAML, or nothing where it needs none."""
    mapping = request.mapping
    rules = [
        *_storage_rules(mapping.storage_classes),
        *_image_rules(mapping.images),
    ]
    if not rules:
        return ""
    return yaml.safe_dump({"version": "v1", "resourceModifierRules": rules}, sort_keys=False)


def _storage_rules(classes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for old, new in sorted(classes.items()):
        for kind in ("persistentvolumeclaims", "persistentvolumes"):
            yield _replace(kind, "/spec/storageClassName", old, new)
        for number in range(_TEMPLATES):
            path = f"/spec/volumeClaimTemplates/{number}/spec/storageClassName"
            yield _replace("statefulsets.apps", path, old, new)


def _image_rules(images: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for old, new in sorted(images.items()):
        for kind, root in _POD_PATHS.items():
            for part in ("containers", "initContainers"):
                for number in range(_CONTAINERS):
                    yield _replace(kind, f"{root}/{part}/{number}/image", old, new)


def _replace(kind: str, path: str, old: str, new: str) -> dict[str, object]:
    return {
        "conditions": {"groupResource": kind, "matches": [{"path": path, "value": old}]},
        "patches": [{"operation": "replace", "path": path, "value": new}],
    }
