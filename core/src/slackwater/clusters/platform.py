"""Tells by what the API shows whose Kubernetes a cluster is."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Platform(StrEnum):
    """Who makes or runs the control plane. On a managed one there is no etcd to reach."""

    EKS = "eks"
    GKE = "gke"
    AKS = "aks"
    OPENSHIFT = "openshift"
    K3S = "k3s"
    RKE2 = "rke2"
    KIND = "kind"
    UNKNOWN = "unknown"


# Each by signs that its maker puts there: in the version string, in labels of nodes, at the
# beginning of nodes' spec.providerID, or as the group of custom resources.
_IN_VERSION = {
    "-eks-": Platform.EKS,
    "-gke.": Platform.GKE,
    "+k3s": Platform.K3S,
    "+rke2": Platform.RKE2,
}
_LABEL_DOMAINS = {
    "eks.amazonaws.com": Platform.EKS,
    "cloud.google.com/gke-": Platform.GKE,
    "kubernetes.azure.com": Platform.AKS,
    "node.openshift.io": Platform.OPENSHIFT,
    "k3s.io": Platform.K3S,
}
_NODE_IDS = {"kind://": Platform.KIND, "k3s://": Platform.K3S}
_DEFINITIONS = {"clusterversions.config.openshift.io": Platform.OPENSHIFT}


def platform_of(
    version: str,
    node_labels: Collection[str],
    node_ids: Collection[str],
    definitions: Collection[str],
) -> Platform:
    """The platform, or ``UNKNOWN``.

    OpenShift goes first: it runs on clouds whose own signs its nodes may carry.
    """
    for name, platform in _DEFINITIONS.items():
        if name in definitions:
            return platform
    for sign, platform in _IN_VERSION.items():
        if sign in version:
            return platform
    for domain, platform in _LABEL_DOMAINS.items():
        if any(label.startswith(domain) for label in node_labels):
            return platform
    for scheme, platform in _NODE_IDS.items():
        if any(node.startswith(scheme) for node in node_ids):
            return platform
    return Platform.UNKNOWN
