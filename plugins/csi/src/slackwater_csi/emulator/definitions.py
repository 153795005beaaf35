"""The custom resources of external-snapshotter, as far as an API server has to know them.

Documented: groups, versions, scopes and the status subresource of snapshots, contents and groups;
classes have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slackwater_csi.resources import GROUP, GROUPS_GROUP

Object = dict[str, Any]

SNAPSHOTS = f"volumesnapshots.{GROUP}"
CONTENTS = f"volumesnapshotcontents.{GROUP}"
CLASSES = f"volumesnapshotclasses.{GROUP}"
GROUP_SNAPSHOTS = f"volumegroupsnapshots.{GROUPS_GROUP}"
GROUP_CONTENTS = f"volumegroupsnapshotcontents.{GROUPS_GROUP}"
GROUP_CLASSES = f"volumegroupsnapshotclasses.{GROUPS_GROUP}"

_APPROVAL = {"api-approved.kubernetes.io": "unapproved, an emulation"}
"""A real API server asks for it in groups of kubernetes.io."""
_KINDS = (
    ("VolumeSnapshot", "volumesnapshots", True),
    ("VolumeSnapshotContent", "volumesnapshotcontents", False),
    ("VolumeSnapshotClass", "volumesnapshotclasses", False),
)


def definitions() -> Iterator[Object]:
    """Yield the definitions for snapshots."""
    for kind, plural, namespaced in _KINDS:
        yield _definition(GROUP, kind, plural, ("v1",), namespaced=namespaced)


def group_definitions(versions: Sequence[str] = ("v1", "v1beta2")) -> Iterator[Object]:
    """Yield the definitions for groups, in these versions; the last is the one that is stored."""
    for kind, plural, namespaced in _KINDS:
        named = kind.replace("Volume", "VolumeGroup")
        words = plural.replace("volume", "volumegroup")
        yield _definition(GROUPS_GROUP, named, words, versions, namespaced=namespaced)


def _definition(
    group: str, kind: str, plural: str, versions: Sequence[str], *, namespaced: bool
) -> Object:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    status: Object = {} if kind.endswith("Class") else {"subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": _APPROVAL},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == versions[-1],
                    "schema": {"openAPIV3Schema": anything},
                    **status,
                }
                for version in versions
            ],
        },
    }
