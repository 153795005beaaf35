"""Whose control plane it is, by what the API shows, and what that means for its etcd."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from slackwater.clusters import CUSTOM_RESOURCE_DEFINITIONS, NODES, Cluster, Platform
from slackwater.clusters.platform import platform_of
from slackwater.errors import ClusterDenied, ClusterError
from slackwater.model.finding import Finding
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.voice import Voice

_NODES_LOOKED_AT = 5
_OPENSHIFT = "clusterversions.config.openshift.io"

MANAGED: Mapping[Platform, str] = {
    Platform.EKS: "AWS runs etcd and gives no way to it; back up objects and volumes through the "
    "API: Velero, or AWS Backup for EKS",
    Platform.GKE: "Google runs etcd and gives no way to it; back up objects and volumes through "
    "the API: Velero, or Backup for GKE",
    Platform.AKS: "Microsoft runs etcd and gives no way to it; back up objects and volumes through "
    "the API: Velero, or Azure Backup for AKS",
}
"""Platforms whose etcd nobody but their maker reaches, and what to use there instead."""

_OWN_WAYS: Mapping[Platform, tuple[str, str, str]] = {
    Platform.K3S: (
        "token",
        (
            "k3s keeps its bootstrap certificates in etcd, encrypted with the server token: a "
            "snapshot is worthless without it"
        ),
        (
            "name /var/lib/rancher/k3s/server/token as a companion called token; k3s' own way is "
            "`k3s etcd-snapshot save`, restored with `k3s server --cluster-reset "
            "--cluster-reset-restore-path=…`"
        ),
    ),
    Platform.RKE2: (
        "token",
        (
            "RKE2 keeps its bootstrap certificates in etcd, encrypted with the server token: a "
            "snapshot is worthless without it"
        ),
        (
            "name /var/lib/rancher/rke2/server/token as a companion called token; RKE2's own way "
            "is `rke2 etcd-snapshot save`, restored with `rke2 server --cluster-reset "
            "--cluster-reset-restore-path=…`"
        ),
    ),
    Platform.OPENSHIFT: (
        "static-resources",
        "OpenShift restores etcd together with the static resources of its control plane",
        (
            "take them as a companion called static-resources; OpenShift's own way is "
            "`cluster-backup.sh DIRECTORY` on a control-plane node, restored with "
            "`cluster-restore.sh`"
        ),
    ),
}
"""The companion without which a snapshot is of no use there, why, and the platform's own way."""


def platform_here(cluster: Cluster) -> Platform:
    """Ask the API whose Kubernetes it is; unknown where it does not answer or does not let us."""
    try:
        version = str(cluster.get("/version").get("gitVersion", ""))
        nodes = _nodes(cluster)
        openshift = _is_openshift(cluster)
    except ClusterError:
        return Platform.UNKNOWN
    labels = {label for node in nodes for label in node["metadata"].get("labels") or {}}
    ids = {str((node.get("spec") or {}).get("providerID", "")) for node in nodes}
    return platform_of(version, labels, ids, {_OPENSHIFT} if openshift else ())


def advice(platform: Platform, settings: EtcdctlSettings, voice: Voice) -> Iterator[Finding]:
    """Yield what must be taken along beside the snapshot, and is not named yet."""
    names = {companion.name for companion in settings.companions}
    if platform in _OWN_WAYS:
        wanted, why, way_out = _OWN_WAYS[platform]
        if wanted not in names:
            yield voice.warning("companion-needed", wanted, why, way_out)
    elif not names:
        yield voice.warning(
            "companions-unnamed",
            voice.cluster,
            "only the snapshot is kept: certificates, keys of service accounts and the encryption "
            "configuration are not in etcd, and a control plane does not start without them",
            "name them under companions (kubeadm: /etc/kubernetes/pki), or keep them elsewhere",
        )


def _nodes(cluster: Cluster) -> list[dict[str, Any]]:
    try:
        return list(itertools.islice(cluster.list(NODES.path(), page=_NODES_LOOKED_AT), 5))
    except ClusterDenied:
        return []


def _is_openshift(cluster: Cluster) -> bool:
    try:
        return cluster.exists(CUSTOM_RESOURCE_DEFINITIONS.path(name=_OPENSHIFT))
    except ClusterDenied:
        return False
