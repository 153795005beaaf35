"""Changes of storage classes on the way of a restore, as transforms of that one RestoreAction.

A transform whose ``test`` fails is passed over, so each changes only what has the old class
(https://docs.kasten.io/latest/usage/transforms/).
"""

from __future__ import annotations

from collections.abc import Mapping

_CLAIM = ("", "persistentvolumeclaims", "/spec/storageClassName")
_TEMPLATE = (
    "apps",
    "statefulsets",
    "/spec/volumeClaimTemplates/*/spec/storageClassName",
)


def storage_transforms(classes: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the transforms that give volumes another class; claims and templates of claims."""
    return [
        _transform(place, old, new)
        for old, new in sorted(classes.items())
        for place in (_CLAIM, _TEMPLATE)
    ]


def _transform(place: tuple[str, str, str], old: str, new: str) -> dict[str, object]:
    group, resource, path = place
    return {
        "subject": {"group": group, "resource": resource},
        "name": f"class {old} of {resource} becomes {new}",
        "json": [
            {"op": "test", "path": path, "value": old},
            {"op": "replace", "path": path, "value": new},
        ],
    }
