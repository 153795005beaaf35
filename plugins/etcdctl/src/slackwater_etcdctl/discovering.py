"""Finds the etcd of a cluster for ``init``: where the API shows its Pods, as kubeadm runs them.

kubeadm's static Pods carry ``component: etcd`` and their address in an annotation (documented:
kubeadm implementation details); the certificates lie where kubeadm puts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterDenied

PODS = Resource("", "v1", "pods")
_ADDRESS = "kubeadm.kubernetes.io/etcd.advertise-client-urls"
_PKI = "file:/etc/kubernetes/pki/etcd"


def discover(cluster: Cluster) -> Mapping[str, object] | None:
    """Return settings for the etcd of a cluster, or None where the API shows none.

    Changes nothing. Raises as every call to the cluster, but for a missing right to list Pods.
    """
    path = PODS.path("kube-system")
    try:
        pods = list(cluster.list(path, label_selector="component=etcd,tier=control-plane"))
    except ClusterDenied:
        return None
    endpoints = sorted({address for pod in pods for address in _addresses(pod)})
    if not endpoints:
        return None
    return {
        "endpoints": endpoints,
        "tls": {
            "ca": f"{_PKI}/ca.crt",
            "cert": f"{_PKI}/healthcheck-client.crt",
            "key": f"{_PKI}/healthcheck-client.key",
        },
    }


def _addresses(pod: Mapping[str, Any]) -> Iterator[str]:
    said = (pod["metadata"].get("annotations") or {}).get(_ADDRESS, "")
    yield from (address for address in said.split(",") if address.startswith("https://"))
