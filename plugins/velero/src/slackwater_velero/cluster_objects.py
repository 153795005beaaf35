"""Cluster-scoped objects on their way back: what of a backup is restored, and what never is. Pure.

What belongs to a machine, an address or a volume of the cluster that it comes from would do harm
in another, and in the same one too once the machine is gone. Webhooks and API services lead to
programs that may not run yet: until they do, the API server refuses what it should ask them about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from slackwater_velero.voice import Voice

NO_NAMESPACE = "slackwater-no-namespace"
"""Named where cluster-scoped objects alone are wanted: with it, no namespace is chosen."""

TO_PROGRAMS: Mapping[str, str] = {
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": (
        "admissionregistration.k8s.io/MutatingWebhookConfiguration"
    ),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": (
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration"
    ),
    "apiservices.apiregistration.k8s.io": "apiregistration.k8s.io/APIService",
}
"""What leads to programs: the resource, and its kind as ``group/Kind``."""

_BOUND: Mapping[str, str] = {
    "namespaces": "/Namespace",
    "persistentvolumes": "/PersistentVolume",
    "nodes": "/Node",
    "csinodes.storage.k8s.io": "storage.k8s.io/CSINode",
    "volumeattachments.storage.k8s.io": "storage.k8s.io/VolumeAttachment",
    "volumesnapshotcontents.snapshot.storage.k8s.io": (
        "snapshot.storage.k8s.io/VolumeSnapshotContent"
    ),
    "volumegroupsnapshotcontents.groupsnapshot.storage.k8s.io": (
        "groupsnapshot.storage.k8s.io/VolumeGroupSnapshotContent"
    ),
    "resourceslices.resource.k8s.io": "resource.k8s.io/ResourceSlice",
    "certificatesigningrequests.certificates.k8s.io": (
        "certificates.k8s.io/CertificateSigningRequest"
    ),
    "ipaddresses.networking.k8s.io": "networking.k8s.io/IPAddress",
    "servicecidrs.networking.k8s.io": "networking.k8s.io/ServiceCIDR",
    "ciliumnodes.cilium.io": "cilium.io/CiliumNode",
    "ciliumidentities.cilium.io": "cilium.io/CiliumIdentity",
    "blockaffinities.crd.projectcalico.org": "crd.projectcalico.org/BlockAffinity",
    "ipamblocks.crd.projectcalico.org": "crd.projectcalico.org/IPAMBlock",
    "ipamhandles.crd.projectcalico.org": "crd.projectcalico.org/IPAMHandle",
}
"""What belongs to namespaces, volumes, machines and addresses."""

LEFT_OUT = (*_BOUND, *TO_PROGRAMS)
"""Resources, for ``excludedResources`` of a Restore. It is no matter which of them are served."""

NOT_BUILT_IN: Mapping[str, object] = {
    "matchExpressions": [
        {"key": "kubernetes.io/bootstrapping", "operator": "DoesNotExist"},
        {"key": "component", "operator": "NotIn", "values": ["velero"]},
    ]
}
"""A selector of a Restore: without the roles that every API server makes for itself, and without
Velero's own definitions, which have to fit the Velero of the target."""

_BUILT_IN_ROLES = frozenset(("cluster-admin", "admin", "edit", "view"))
_BUILT_IN = ("system:", "velero")
"""How the names of other roles begin that ``NOT_BUILT_IN`` may leave out."""
_LEFT_KINDS = frozenset((*_BOUND.values(), *TO_PROGRAMS.values()))


def is_restored(kind: str, name: str) -> bool:
    """Whether an object of a backup's list is to stand after the restore.

    ``kind`` is as Velero lists it, ``rbac.authorization.k8s.io/v1/ClusterRole``.
    """
    if without_version(kind) in _LEFT_KINDS:
        return False
    match kind.rpartition("/")[2]:
        case "ClusterRole" | "ClusterRoleBinding":
            return name not in _BUILT_IN_ROLES and not name.startswith(_BUILT_IN)
        case "CustomResourceDefinition":
            return not name.endswith(".velero.io")
    return True


def leading_to_programs(listed: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the webhooks and API services that a backup lists, by kind."""
    kinds = frozenset(TO_PROGRAMS.values())
    return {kind: names for kind, names in listed.items() if without_version(kind) in kinds}


def bring_back(backup: str, voice: Voice) -> str:
    """Return the command by which a person restores webhooks and API services of a backup."""
    spec = {
        "backupName": backup,
        "includeClusterResources": True,
        "includedNamespaces": [NO_NAMESPACE],
        "includedResources": [*TO_PROGRAMS],
    }
    restore = {
        "apiVersion": "velero.io/v1",
        "kind": "Restore",
        "metadata": {"generateName": "webhooks-", "namespace": voice.namespace},
        "spec": spec,
    }
    return f"kubectl create -f - <<'EOF'\n{yaml.safe_dump(restore, sort_keys=False)}EOF"


def without_version(kind: str) -> str:
    """Return ``group/Kind`` for ``group/version/Kind``; the core group is empty."""
    group_version, _, name = kind.rpartition("/")
    return f"{group_version.rpartition('/')[0]}/{name}"
